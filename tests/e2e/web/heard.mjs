// What is heard in a room, and who knocks: card, title, notification. node heard.mjs URL
import { main } from "../../support/browser.mjs";
import { check, click, goIn, inside, makeRoom, newPerson, openLink, say, sees } from "./pages.mjs";

const [url] = process.argv.slice(2);
/** The first notes of the sounds, as sounds.js has them. */
const FIRST_NOTE = { came: 523.25, left: 659.25, knock: 220, hand: 698.46, message: 880 };

/** Keeps the pitch of every note that begins in a context that runs. */
function keepNotes() {
  window.notes = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...args) {
    if (this.context.state === "running") window.notes.push(this.frequency.value);
    return start.apply(this, args);
  };
}

async function hears(page, name) {
  await page.waitForFunction((note) => window.notes.some((heard) => Math.abs(heard - note) < 0.1), FIRST_NOTE[name]).catch((error) => {
    throw new Error(`${name}: ${error.message}`);
  });
  await page.evaluate(() => (window.notes.length = 0));
}

async function person(browser, link, name, options = {}) {
  const page = await newPerson(browser, { viewport: { width: 1000, height: 700 }, devices: false, ...options });
  await page.addInitScript(keepNotes);
  if (link) {
    await openLink(page, link);
    await goIn(page, name);
  }
  return page;
}

/** As of a tab that lies behind another. */
const setHidden = (page, hidden) =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, "visibilityState", { value: isHidden ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

const PARTS = {
  async sounds(browser) {
    const ada = await person(browser);
    const link = await makeRoom(ada, url);
    await goIn(ada, "Ada");
    const ben = await person(browser, link, "Ben");
    await hears(ada, "came");
    await click(ben, "Raise hand");
    await hears(ada, "hand");
    await say(ben, "seen as it comes");
    await sees(ada, "seen as it comes");
    check((await ada.evaluate(() => window.notes.length)) === 0, "no sound of what is read as it comes");
    await setHidden(ada, true);
    await say(ben, "while she looks elsewhere");
    await hears(ada, "message");
    await setHidden(ada, false);
    check((await ben.evaluate(() => window.notes.length)) === 0, "no sound of one's own doing");
    await click(ben, "Leave");
    await hears(ada, "left");
    await click(ben, "Undo");
    await inside(ben);
    await click(ada, "Devices");
    await ada.getByRole("switch", { name: "Sounds" }).uncheck();
    await ada.keyboard.press("Escape");
    await ben.waitForFunction(() => document.querySelector(".for-hand").ariaPressed === "true");
    await click(ben, "Leave");
    await ada.locator(".toast", { hasText: "Ben left" }).last().waitFor();
    check((await ada.evaluate(() => window.notes.length)) === 0, "silence once it is switched off");
    check(JSON.parse(await ada.evaluate(() => localStorage.getItem("mayfly-page:prefs"))).sounds === false, "the choice kept");
  },

  async knocks(browser) {
    const ada = await person(browser, null, "", { permissions: ["notifications"] });
    await ada.addInitScript(() => {
      window.notified = [];
      window.Notification = new Proxy(Notification, {
        construct(Real, args) {
          const shown = Reflect.construct(Real, args);
          const entry = { words: args[0], closed: false };
          const close = shown.close.bind(shown);
          shown.close = () => ((entry.closed = true), close());
          window.notified.push(entry);
          return shown;
        },
      });
    });
    const link = await makeRoom(ada, url, { lobby: true });
    await goIn(ada, "Ada");
    await setHidden(ada, true);
    const ben = await person(browser);
    await openLink(ben, link);
    await ben.getByLabel("Your name").fill("Ben");
    await click(ben, "Join");
    await hears(ada, "knock");
    const card = ada.locator(".knock-card");
    await card.getByText("Ben is knocking").waitFor();
    check((await ada.title()).startsWith("Ben is knocking · "), `the knock in the title, not ${await ada.title()}`);
    check(JSON.stringify(await ada.evaluate(() => window.notified)) === '[{"words":"Ben is knocking","closed":false}]', "a notification");
    await setHidden(ada, false);
    await ada.waitForTimeout(7_000); // Longer than a note is there.
    check(await card.isVisible(), "a card that stays");
    // Where the list of people has it, the stage need not.
    await click(ada, "People 1 waiting");
    check(!(await card.isVisible()), "one place for one knock");
    await click(ada, "People 1 waiting");
    await card.getByRole("button", { name: "Decline Ben" }).click();
    await ben.getByRole("heading", { name: "You were not let in" }).waitFor();
    await card.waitFor({ state: "detached" });
    check((await ada.title()).startsWith("In the room"), "the title as before");
    check((await ada.evaluate(() => window.notified))[0].closed, "the notification closed");
    await click(ben, "Try again");
    await click(ben, "Join");
    await card.getByRole("button", { name: "Let in Ben" }).click();
    await inside(ben);
    check((await ada.evaluate(() => window.notified.length)) === 1, "no notification where she looks");
  },

  async asking(browser) {
    const ada = await person(browser);
    await ada.addInitScript(() => {
      window.asked = 0;
      Object.defineProperty(Notification, "permission", { get: () => (window.asked ? "granted" : "default") });
      Notification.requestPermission = async () => ((window.asked += 1), "granted");
    });
    const link = await makeRoom(ada, url, { lobby: true });
    await goIn(ada, "Ada");
    const ben = await person(browser);
    await openLink(ben, link);
    await ben.getByLabel("Your name").fill("Ben");
    await click(ben, "Join");
    await ada.locator(".knock-card").waitFor();
    check((await ada.evaluate(() => window.asked)) === 0, "no question before a press");
    await click(ada, "Notify me when this tab is hidden");
    await ada.waitForFunction(() => window.asked === 1 && !document.querySelector(".knock-card .link-button"));
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
}, { whole: true }); // Notifications are drawn by the windows around a page.
