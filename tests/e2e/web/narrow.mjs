// On the narrowest phones every button of a room is whole and within reach.
import { main } from "../../support/browser.mjs";
import { check, goIn, newPerson, openLink } from "./pages.mjs";

const [url, shot] = process.argv.slice(2);
const WIDTHS = [320, 344, 360, 375, 390];
/** WCAG 2.2, success criterion 2.5.8: a target is at least 24 by 24 CSS pixels. */
const LEAST_PX = 24;

await main(async (browser) => {
  const room = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
  const page = await newPerson(browser, { viewport: { width: 390, height: 700 }, devices: false });
  await openLink(page, `${url}/r/${room.roomId}`);
  await goIn(page, "Ada");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 700 });
    const boxes = await page.evaluate(() =>
      [...document.querySelectorAll(".room-head button, .controls button")]
        .filter((button) => button.checkVisibility())
        .map((button) => ({ name: button.getAttribute("aria-label") ?? button.textContent, box: button.getBoundingClientRect() }))
        .map(({ name, box }) => ({ name, left: box.left, right: box.right, width: box.width, height: box.height })),
    );
    check(boxes.length >= 8, "all buttons");
    const cut = boxes.filter((b) => b.left < 0 || b.right > width || b.width < LEAST_PX || b.height < LEAST_PX);
    check(cut.length === 0, `every button whole at ${width} px, not ${JSON.stringify(cut)}`);
    if (shot) await page.screenshot({ path: `${shot}/${width}.png` });
  }
  return { widths: WIDTHS };
});
