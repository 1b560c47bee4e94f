// Make a room, go in, talk, mute, remove somebody and leave: with the keyboard alone.
import { main } from "../../support/browser.mjs";
import { check, goIn, inside, linkOn, newPerson, openLink, sees } from "./pages.mjs";

const [url] = process.argv.slice(2);
const MAX_STEPS = 60;

/** Press Tab until the focus is on the control of this name; it must be visibly focused. */
async function tabTo(page, name) {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
      const style = getComputedStyle(element);
      const marked = element.matches("input[type=radio]") ? getComputedStyle(element.nextElementSibling) : style;
      return { label: label.trim(), outlined: marked.outlineStyle !== "none" && marked.outlineWidth !== "0px" };
    });
    if (name instanceof RegExp ? name.test(focused.label) : focused.label === name) {
      check(focused.outlined, `a visible focus on ${name}`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`${name} was not reached in ${MAX_STEPS} steps`);
}

await main(async (browser) => {
  const page = await newPerson(browser);
  await page.goto(url);
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  await tabTo(page, "4");
  await page.keyboard.press("ArrowRight");
  check(await page.locator("input[name=capacity][value='8']").isChecked(), "eight seats, chosen with an arrow key");
  await tabTo(page, "Lobby");
  await page.keyboard.press("Space");
  check(await page.getByRole("switch", { name: "Lobby" }).isChecked(), "the lobby switched on");
  await page.keyboard.press("Space");
  await tabTo(page, "Make a room");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your room is ready" }).waitFor();
  const link = await linkOn(page);
  await tabTo(page, "Your name");
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await inside(page);

  const ben = await newPerson(browser, { devices: false });
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await tabTo(page, "Message");
  await page.keyboard.type("typed without a mouse");
  await page.keyboard.press("Enter");
  await sees(ben, "typed without a mouse");
  check(await page.getByRole("textbox", { name: "Message" }).evaluate((field) => field === document.activeElement), "the focus kept");

  await tabTo(page, "Mic");
  await page.keyboard.press("Space");
  await page.locator("[aria-label=Mic][aria-pressed=false]").waitFor();

  await tabTo(page, "People");
  await page.keyboard.press("Enter");
  await tabTo(page, "Actions for Ben");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Ben" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  check(await page.evaluate(() => document.activeElement.getAttribute("aria-label") === "Actions for Ben"), "the focus back where it was");
  await page.keyboard.press("Enter");
  await tabTo(page, /^RemoveThey/);
  await page.keyboard.press("Enter");
  await ben.getByRole("heading", { name: "You were removed" }).waitFor();

  await tabTo(page, "Leave");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "End for all");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "This room is over" }).waitFor();
  return { errors: page.errors };
});
