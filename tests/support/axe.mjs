// axe-core, overflow and target sizes of whatever a page shows, in any browser: seven sizes, two themes, two directions.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const SEVEN_SIZES = [[1920, 1080], [1280, 800], [900, 700], [768, 1024], [390, 844], [360, 740], [740, 360]];
/** axe takes seconds in a large page: it looks at one size of each kind, the boxes at all. */
const AXE_AT = new Set(["1280x800", "390x844"]);

/** @param {string} state named in what is returned @returns {Promise<string[]>} what is wrong, in words */
export async function faultsOf(page, state) {
  const found = [];
  await page.evaluate(source);
  await page.bringToFront();
  for (const [width, height] of SEVEN_SIZES) {
    await page.setViewportSize({ width, height });
    for (const [theme, dir] of [["light", "ltr"], ["dark", "ltr"], ["light", "rtl"]]) {
      const at = `${state} ${width}x${height} ${theme} ${dir}`;
      await page.evaluate(setLook, theme, dir).catch(() => page.evaluate(`(${setLook})(${JSON.stringify(theme)}, ${JSON.stringify(dir)})`));
      found.push(...(await page.evaluate(boxes)).map((words) => `${at}: ${words}`));
      if (!AXE_AT.has(`${width}x${height}`) || dir === "rtl") continue;
      const violations = await page.evaluate(`window.axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then((result) => result.violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.target + " " + node.failureSummary).join(" | ")))`);
      found.push(...violations.map((words) => `${at}: ${words}`));
    }
  }
  await page.evaluate(`(${setLook})("light", "ltr")`);
  await page.setViewportSize({ width: 1280, height: 800 });
  return found;
}

function setLook(theme, dir) {
  document.documentElement.dataset.theme = theme;
  document.documentElement.dir = dir;
  // What fades from one colour to the other has neither: it is done at once.
  document.body.getBoundingClientRect();
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
}

/** Nothing is wider than the window, no text is cut, everything to press is large enough and inside. */
function boxes() {
  const problems = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) problems.push(`the document is ${root.scrollWidth} px wide`);
  const scope = document.querySelector("dialog[open]") ?? document.querySelector(".weak:not([hidden])") ?? document;
  for (const element of scope.querySelectorAll("button, a.button, a.quality-check, input, select, textarea")) {
    if (!element.checkVisibility()) continue;
    const { left, right, width, height } = element.getBoundingClientRect();
    const name = element.getAttribute("aria-label") ?? element.textContent.trim();
    if (left < -0.6 || right > innerWidth + 0.6) problems.push(`${name} leaves the window sideways`);
    if (Math.min(width, height) < 24) problems.push(`${name} is ${Math.round(width)}×${Math.round(height)}`);
  }
  return problems;
}
