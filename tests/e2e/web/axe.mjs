// axe-core on the states of the page, at phone and desktop size, light and dark: node axe.mjs URL STATE,…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { main } from "../../support/browser.mjs";
import { FEW_FRAMES } from "./pages.mjs";
import { SIZES, STATES } from "./states.mjs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const [url, wanted] = process.argv.slice(2);

await main(async (browser) => {
  const violations = [];
  let checked = 0;
  for (const name of wanted ? wanted.split(",") : Object.keys(STATES)) {
    const page = await STATES[name](browser, url, { viewport: SIZES.desktop, reducedMotion: "reduce" });
    // The page's own policy would refuse a script from outside; the test's comes by the debugging protocol.
    await page.evaluate(source);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
        checked += 1;
        for (const { id, nodes } of result.violations) {
          violations.push(`${name} ${size} ${colorScheme}: ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
        }
      }
    }
    for (const context of browser.contexts()) await context.close();
  }
  return { checked, violations };
}, FEW_FRAMES);
