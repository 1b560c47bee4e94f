// axe-core on the states of the page, at phone and desktop size, light and dark: node axe.mjs URL STATE,… [every]
// Without `every` each size in one of the two colour schemes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { main } from "../../support/browser.mjs";
import { drawn } from "./pages.mjs";
import { SIZES, STATES } from "./states.mjs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const [url, wanted, looks] = process.argv.slice(2);
const SCHEMES = looks === "every" ? { phone: ["light", "dark"], desktop: ["light", "dark"] } : { phone: ["light"], desktop: ["dark"] };

/** Back where the base of the last state has led: every dialog closed, the looks of before. */
async function goBack(page) {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize(SIZES.desktop);
  for (let open = await page.locator("dialog[open]").count(); open > 0; open -= 1) await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
}

await main(async (browser) => {
  const violations = [];
  let checked = 0;
  let [page, base] = [];
  for (const name of wanted ? wanted.split(",") : Object.keys(STATES)) {
    const state = STATES[name];
    if (base && base === state.base) {
      await goBack(page);
      await state.open(page);
    } else {
      for (const context of browser.contexts()) await context.close();
      page = await state(browser, url, { viewport: SIZES.desktop, reducedMotion: "reduce" });
      // The page's own policy would refuse a script from outside; the test's comes by the debugging protocol.
      await page.evaluate(source);
    }
    base = state.base;
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await drawn(page);
      for (const colorScheme of SCHEMES[size]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
        checked += 1;
        for (const { id, nodes } of result.violations) {
          violations.push(`${name} ${size} ${colorScheme}: ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
        }
      }
    }
  }
  return { checked, violations };
});
