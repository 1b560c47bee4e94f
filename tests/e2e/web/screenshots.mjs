// Screenshots of every state at phone and desktop size, light and dark: node screenshots.mjs URL FOLDER [STATE,…]
import { mkdir } from "node:fs/promises";
import { main } from "../../support/browser.mjs";
import { LOOKS } from "./scenes.mjs";
import { SIZES, STATES } from "./states.mjs";

const [url, folder, wanted] = process.argv.slice(2);
const names = wanted ? wanted.split(",") : Object.keys(STATES);
await mkdir(folder, { recursive: true });

await main(async (browser) => {
  const problems = [];
  for (const name of names) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      try {
        const page = await STATES[name](browser, url, { viewport, colorScheme: "light", look: LOOKS.Ada });
        await page.evaluate(() => document.fonts.ready);
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          await page.waitForTimeout(350); // Transitions come to rest.
          await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
        }
        if (page.errors.length) problems.push([name, size, page.errors]);
      } catch (error) {
        problems.push([name, size, error.message]);
      }
      for (const context of browser.contexts()) await context.close();
    }
  }
  return problems;
});
