// What is deleted, edited away, expired or seen is nowhere on anybody's page or in its session storage.
import { main } from "../../support/browser.mjs";
import { check, click, goIn, LIMIT_MS, makeRoom, newPerson, openChat, openLink, say, sees } from "./pages.mjs";
import { PACE } from "../../support/pace.mjs";
import { menuOf } from "./states.mjs";

const [url] = process.argv.slice(2);
const UNDO_MS = 5_000;
/** On the slowest machine, too, less than it would take by itself. */
const SOON_MS = Math.min(2_000 * PACE, UNDO_MS - 1_000);

/** Wherever a page could have kept it. */
const finds = (page, word) =>
  page.evaluate(
    (wanted) => ({
      page: document.documentElement.outerHTML.includes(wanted),
      typed: [...document.querySelectorAll("input, textarea")].some(({ value }) => value.includes(wanted)),
      session: JSON.stringify(Object.entries(sessionStorage)).includes(wanted),
      local: JSON.stringify(Object.entries(localStorage)).includes(wanted),
    }),
    word,
  );

async function isNowhere(page, word, limitMs = LIMIT_MS) {
  const until = Date.now() + limitMs;
  for (;;) {
    const found = await finds(page, word);
    if (!Object.values(found).some(Boolean)) return;
    if (Date.now() > until) throw new Error(`${word} is still there: ${JSON.stringify(found)}`);
    await page.waitForTimeout(50);
  }
}
const inSession = (page, word) => page.waitForFunction((wanted) => JSON.stringify(Object.entries(sessionStorage)).includes(wanted), word);

const message = (page, text) => page.locator(".message").filter({ hasText: text }).first();

async function remove(page, text) {
  await menuOf(page, text);
  await page.getByRole("dialog").getByRole("button", { name: /^Delete/ }).click();
}

async function undone({ ada, ben }) {
  await say(ada, "planted-first");
  await sees(ben, "planted-first");
  await inSession(ben, "planted-first");
  await remove(ada, "planted-first");
  await click(ada, "Undo");
  await ada.waitForTimeout(UNDO_MS + 500);
  check(await message(ben, "planted-first").isVisible(), "an undone deletion is none");
  const from = Date.now();
  await remove(ada, "planted-first");
  check(await message(ben, "planted-first").isVisible(), "nothing is sent at once");
  await isNowhere(ben, "planted-first");
  check(Date.now() - from >= UNDO_MS - 100, "five seconds");
  await isNowhere(ada, "planted-first");
}

/** The chat is closed, and a note has told of it. */
async function told({ ada, ben }) {
  await ben.getByRole("button", { name: /^Chat/ }).click();
  await say(ada, "planted-note");
  await ben.locator(".toast").filter({ hasText: "planted-note" }).waitFor();
  await say(ada, "stays");
  // At once, and so before it is acknowledged: it is the last one all the same.
  await ada.getByRole("textbox", { name: "Message" }).press("ArrowUp");
  await ada.waitForFunction(() => [...document.querySelectorAll("textarea")].some(({ value }) => value === "stays"));
  await ada.getByRole("textbox", { name: "Message" }).fill("is-other-now");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  const soon = ben.waitForTimeout(1_000);
  await remove(ada, "planted-note");
  await ada.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide"))); // Whoever goes has decided.
  await isNowhere(ben, "planted-note", SOON_MS);
  await soon;
  await ben.getByRole("button", { name: "Chat 1 unread" }).click();
  await sees(ben, "is-other-now");
}

/** Changed before it has arrived: it is said once, and of the words of before nothing is left. */
async function early({ ada, ben }) {
  await ben.context().setOffline(true);
  await ben.locator(".banner[data-state=offline]").waitFor();
  await say(ben, "planted-early");
  const field = ben.getByRole("textbox", { name: "Message" });
  await field.press("ArrowUp");
  check((await field.inputValue()) === "planted-early", "the words to change");
  await field.fill("better-early");
  await field.press("Enter");
  await field.press("ArrowUp");
  check((await field.inputValue()) === "better-early", "the words of the change, to be changed once more");
  await field.press("Escape");
  await say(ben, "said behind");
  await ben.context().setOffline(false);
  await sees(ada, "said behind");
  await message(ada, "better-early").getByText("edited").waitFor();
  check((await ada.locator(".message").filter({ hasText: "better-early" }).count()) === 1, "one message");
  for (const page of [ada, ben]) await isNowhere(page, "planted-early");
}

/** Away meanwhile: told on return. */
async function onReturn({ ada, ben }) {
  for (const word of ["planted-away", "planted-edited"]) {
    await say(ada, word);
    await sees(ben, word);
    await inSession(ben, word);
  }
  // An answer to it holds nothing of it.
  await message(ben, "planted-away").press("r");
  await say(ben, "an answer");
  await message(ben, "planted-away").press("r"); // And one that is being written.
  await ben.context().setOffline(true);
  await ben.locator(".banner[data-state=offline]").waitFor();
  await message(ada, "planted-edited").press("e");
  await ada.getByRole("textbox", { name: "Message" }).fill("harmless");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await remove(ada, "planted-away");
  await isNowhere(ada, "planted-away", UNDO_MS + LIMIT_MS);
  await ben.context().setOffline(false);
  await isNowhere(ben, "planted-away", 20_000);
  await isNowhere(ben, "planted-edited");
  await message(ben, "an answer").getByText("A message that is gone").waitFor();
}

/** Of a message that one is about to do something with: nothing of it is left in the menu, the field, or above it. */
async function inHand({ ada, ben }) {
  for (const word of ["planted-menu", "planted-quoted", "planted-answered"]) {
    await say(ada, word);
    await sees(ben, word);
  }
  await menuOf(ben, "planted-quoted");
  await ben.getByRole("dialog").getByRole("button", { name: /^Quote/ }).click();
  const field = ben.getByRole("textbox", { name: "Message" });
  await field.pressSequentially("my own words");
  await message(ben, "planted-answered").press("r");
  await ben.locator(".strip").filter({ hasText: "planted-answered" }).waitFor();
  await message(ada, "planted-answered").press("e");
  await ada.getByRole("textbox", { name: "Message" }).fill("answered and changed");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await ben.locator(".strip").filter({ hasText: "answered and changed" }).waitFor();
  await isNowhere(ben, "planted-answered");
  await menuOf(ben, "planted-menu");
  for (const word of ["planted-menu", "planted-quoted"]) await remove(ada, word);
  await ben.getByRole("dialog").waitFor({ state: "hidden" });
  for (const word of ["planted-menu", "planted-quoted"]) await isNowhere(ben, word);
  check((await field.inputValue()) === "my own words", "what one wrote oneself stays");
  await field.fill("");
  await field.press("Escape");
}

/** Reloaded while it was taken away: what the session kept is gone, too. */
async function overReload({ ada, ben }) {
  await say(ada, "planted-reload");
  await sees(ben, "planted-reload");
  await inSession(ben, "planted-reload");
  const address = ben.url();
  await ben.goto(`${url}/docs-of-nothing`).catch(() => {});
  await remove(ada, "planted-reload");
  await isNowhere(ada, "planted-reload", UNDO_MS + LIMIT_MS);
  await ben.goto(address);
  await openChat(ben);
  await sees(ben, "harmless");
  await isNowhere(ben, "planted-reload");
}

async function once({ ada, ben, cyd }) {
  await click(ada, "Add to the chat");
  await ada.getByRole("switch", { name: "Seen once" }).check();
  await ada.keyboard.press("Escape");
  await say(ada, "planted-once");
  await ben.getByRole("button", { name: "View once" }).click();
  await ben.getByRole("dialog").getByText("planted-once").waitFor();
  await cyd.getByRole("button", { name: "View once" }).click();
  await cyd.getByRole("dialog").getByText("planted-once").waitFor();
  await isNowhere(ada, "planted-once");
  for (const page of [ben, cyd]) await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await isNowhere(ben, "planted-once");
}

/** On screen for somebody who looks at it, while another one has yet to. */
async function onceTakenBack({ ada, ben, cyd }) {
  await click(ada, "Add to the chat");
  await ada.getByRole("switch", { name: "Seen once" }).check();
  await ada.keyboard.press("Escape");
  await say(ada, "planted-once-more");
  await cyd.getByRole("button", { name: "View once" }).waitFor();
  await ben.getByRole("button", { name: "View once" }).click();
  await ben.getByRole("dialog").getByText("planted-once-more").waitFor();
  await remove(ada, "planted-once-more");
  await isNowhere(ben, "planted-once-more");
}

/** A rule of the room's, seen by its timer. */
async function expired({ ada, ben }) {
  await click(ada, "People");
  await ada.getByLabel("New messages last").selectOption("30");
  await ada.getByRole("button", { name: /^Chat/ }).click();
  await ada.getByText("messages disappear after 30 seconds").waitFor();
  await say(ada, "planted-timer");
  await sees(ben, "planted-timer");
  for (const page of [ada, ben]) await message(page, "planted-timer").locator(".timer").filter({ hasText: /^0:(30|2\d)$/ }).waitFor();
  await message(ben, "planted-timer").press("r"); // An answer that is being written shows what it answers.
  // By one's own clock, also where nobody can be reached.
  await ben.context().setOffline(true);
  await Promise.all([isNowhere(ada, "planted-timer", 35_000), isNowhere(ben, "planted-timer", 35_000)]);
  await ben.context().setOffline(false);
  // Who is killed between two polls of coming back is missed only a ping later.
  await ben.locator(".banner").waitFor({ state: "hidden" });
  await say(ada, "all are here");
  await sees(ben, "all are here");
}

await main(async (browser) => {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url, { capacity: "4" });
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, { errors: false });
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await openChat(ben);
  const cyd = await newPerson(browser);
  await openLink(cyd, link);
  await goIn(cyd, "Cyd");
  await openChat(cyd);
  const done = [];
  for (const part of [undone, told, early, onReturn, inHand, overReload, once, onceTakenBack, expired]) {
    await part({ ada, ben, cyd });
    done.push(part.name);
  }
  return { done, errors: ada.errors };
});
