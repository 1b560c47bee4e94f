// Keys, leaving and taking it back, the guard of a tab in a call, the screen that stays on. node hands.mjs URL GRACE_MS
import { main } from "../../support/browser.mjs";
import { PACE } from "../../support/pace.mjs";
import { check, click, goIn, inside, makeRoom, newPerson, openLink, seesMoving } from "./pages.mjs";

const [url, graceMs] = process.argv.slice(2);

const control = (page, name) => page.locator(".controls").getByRole("button", { name, exact: true });
const is = (page, name, pressed) => control(page, name).and(page.locator(`[aria-pressed=${pressed}]`)).waitFor();

async function two(browser) {
  const ada = await newPerson(browser, { viewport: { width: 1100, height: 700 } });
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, { viewport: { width: 1100, height: 700 } });
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await seesMoving(ada, 1);
  return { ada, ben, link };
}

const focusOnStage = (page) => page.evaluate(() => document.activeElement.blur());

const PARTS = {
  async keys(browser) {
    const { ben, ada } = await two(browser);
    check(await ben.evaluate(() => document.activeElement.matches(".room-title")), "the focus on the room's title");
    await is(ben, "Mic", true);
    await ben.keyboard.press("m");
    await is(ben, "Mic", false);
    await ben.keyboard.press("v");
    await is(ben, "Camera", false);
    await ben.keyboard.press("v");
    await is(ben, "Camera", true);
    await ben.keyboard.press("h");
    await is(ben, "Raise hand", true);
    await ada.locator(".tile:not(.own) .tile-hand:not([hidden])").waitFor();
    await ben.keyboard.press("c"); // The chat was open.
    await is(ben, "Chat", false);
    await ben.keyboard.press("c");
    await is(ben, "Chat", true);
    // While typing, letters are letters, and so they are with a modifier.
    await ben.locator("#message").fill("");
    await ben.locator("#message").pressSequentially("have m v s h c ?");
    check((await ben.locator("#message").inputValue()) === "have m v s h c ?", "what was typed");
    await is(ben, "Raise hand", true);
    await focusOnStage(ben);
    await ben.keyboard.press("Control+h");
    await is(ben, "Raise hand", true);
    await ben.keyboard.press("?");
    const list = ben.getByRole("dialog", { name: "Keys" });
    await list.waitFor();
    await ben.keyboard.press("h"); // Under a dialog nothing is pressed.
    await is(ben, "Raise hand", true);
    await list.getByRole("switch", { name: "Use these keys" }).uncheck();
    await ben.keyboard.press("Escape");
    await ben.keyboard.press("h");
    await is(ben, "Raise hand", true);
    await ben.reload();
    await inside(ben);
    await is(ben, "Raise hand", true);
    await ben.keyboard.press("h");
    await is(ben, "Raise hand", true);
    // With another script on the keyboard, the key counts that lies there.
    await ben.evaluate(() => localStorage.removeItem("mayfly-page:prefs"));
    await ben.reload();
    await inside(ben);
    await ben.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "р", code: "KeyH", bubbles: true })));
    await is(ben, "Raise hand", false);
  },

  async talking(browser) {
    const { ben, ada } = await two(browser);
    await control(ben, "Mic").click(); // The pointer leaves the focus there.
    await is(ben, "Mic", false);
    const muted = (on) => ada.waitForFunction((hidden) => document.querySelector(".tile:not(.own) [aria-label='Microphone off']").hidden === hidden, !on);
    await muted(true);
    await ben.keyboard.down("Space");
    await is(ben, "Mic", true);
    await muted(false);
    await ben.keyboard.up("Space");
    await is(ben, "Mic", false);
    await muted(true);
    // Who lets go elsewhere is silent as well.
    await ben.keyboard.down("Space");
    await is(ben, "Mic", true);
    await ben.evaluate(() => dispatchEvent(new Event("blur")));
    await is(ben, "Mic", false);
    await ben.keyboard.up("Space");
    // A button that the keyboard has reached is pressed by it.
    await control(ben, "Camera").focus();
    await ben.keyboard.press("Tab");
    await ben.keyboard.press("Shift+Tab");
    await ben.keyboard.press("Space");
    await is(ben, "Camera", false);
    await is(ben, "Mic", false);
  },

  async undone(browser) {
    const { ada, ben, link } = await two(browser);
    const seat = await ben.locator(".tile.own").getAttribute("data-participant");
    await click(ben, "Leave");
    await ben.getByRole("heading", { name: "You have left" }).waitFor();
    await ben.getByText(/Your seat is kept for \d+ s/).waitFor();
    await ada.locator(".tile:not(.own)").waitFor({ state: "detached" });
    check((await ben.evaluate(() => window.opened?.length ?? 0)) === 0, "no device open");
    await click(ben, "Undo");
    await inside(ben);
    await seesMoving(ada, 1);
    check((await ben.locator(".tile.own").getAttribute("data-participant")) === seat, "the seat of before");
    await ada.locator(".toast", { hasText: "Ben is back" }).waitFor();
    // Again, and back by the link: there is a door, and the seat behind it, even of a full room.
    await click(ben, "Leave");
    await ben.getByRole("heading", { name: "You have left" }).waitFor();
    await ben.goto(link);
    await ben.reload();
    await goIn(ben);
    check((await ben.locator(".tile.own").getAttribute("data-participant")) === seat, "the seat of before, by the door");
    // The time is up: the seat is free, and the offer is another.
    await click(ben, "Leave");
    await ben.getByRole("button", { name: "Go back in" }).waitFor({ timeout: Number(graceMs) + 8_000 * PACE });
    check((await ben.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("mayfly:")).length)) === 0, "nothing of the room kept");
    check((await ada.locator(".toast", { hasText: "Ben left" }).count()) <= 1, "his leaving told once");
  },

  async guarded(browser) {
    const watch = () => {
      window.locks = 0;
      navigator.wakeLock.request = async () => {
        window.locks += 1;
        return { released: false, release: async () => void (window.locks -= 1) };
      };
    };
    const ada = await newPerson(browser);
    await ada.addInitScript(watch);
    const link = await makeRoom(ada, url);
    await goIn(ada, "Ada");
    const guards = () => ada.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
    check(!(await guards()), "nothing to guard alone");
    check((await ada.evaluate(() => window.locks)) === 0, "no lock alone");
    const ben = await newPerson(browser, { viewport: { width: 700, height: 600 } });
    await openLink(ben, link);
    await goIn(ben, "Ben");
    await seesMoving(ada, 1);
    check(await guards(), "a question before the tab closes");
    check((await ada.evaluate(() => window.locks)) === 1, "the screen kept on");
    await click(ben, "Leave");
    await ada.locator(".tile:not(.own)").waitFor({ state: "detached" });
    check(!(await guards()), "no question after the call");
    await ada.waitForFunction(() => window.locks === 0);
  },
};

await main(async (browser) => {
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      await part(browser);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    for (const context of browser.contexts()) await context.close();
  }
  return { done: Object.keys(PARTS) };
});
