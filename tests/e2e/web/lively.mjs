// What people do with messages on the page: by keyboard, pointer and finger, in an encrypted room.
import { main } from "../../support/browser.mjs";
import { check, click, goIn, makeRoom, newPerson, openChat, openLink, say, sees } from "./pages.mjs";
import { askAPoll, menuOf, react } from "./states.mjs";

const [url] = process.argv.slice(2);

async function two(browser, more = {}) {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url, { capacity: "4" });
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, more);
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await openChat(ben);
  return { ada, ben, link };
}

const message = (page, text) => page.locator(".message").filter({ hasText: text }).first();
const field = (page) => page.getByRole("textbox", { name: "Message" });

async function links({ ada, ben }) {
  await say(ada, "see https://example.org/a?b=1#c. Not https://bank.example@evil.example/ nor javascript:alert(1)");
  await sees(ben, "see https");
  const anchors = message(ben, "see https").locator("a");
  check((await anchors.count()) === 1, "one link");
  const { href, rel, target, text } = await anchors.evaluate((a) => ({ href: a.href, rel: a.rel, target: a.target, text: a.textContent }));
  check(href === "https://example.org/a?b=1#c" && text === href, "the address as it is written");
  check(target === "_blank" && rel.includes("noopener") && rel.includes("noreferrer"), "a page that learns nothing");
}

async function answersAndEdits({ ada, ben }) {
  await say(ada, "Shall we go?");
  await sees(ben, "Shall we go?");
  await message(ben, "Shall we go?").press("r");
  await ben.getByText("Replying to Ada").waitFor();
  await field(ben).press("Escape");
  check((await ben.getByText("Replying to Ada").count()) === 0, "Escape calls the reply off");
  await message(ben, "Shall we go?").press("r");
  await say(ben, "Yes, at five");
  await message(ada, "Yes, at five").locator(".quote").getByText("Shall we go?").waitFor();
  // The words in the quote are those of the message, also when it is changed.
  await field(ada).press("ArrowUp");
  await field(ada).fill("Shall we go now?");
  await field(ada).press("Enter");
  await message(ben, "Yes, at five").locator(".quote").getByText("Shall we go now?").waitFor();
  await message(ben, "Shall we go now?").getByText("edited").waitFor();
  check((await ben.getByText("Shall we go?", { exact: true }).count()) === 0, "nothing of before");
  await message(ben, "Yes, at five").locator(".quote").click();
  check(await ben.evaluate(() => document.activeElement.classList.contains("pointed-at") || document.activeElement.matches(".message")), "led to it");
}

async function copies({ ben }) {
  await ben.context().grantPermissions(["clipboard-read", "clipboard-write"]); // a window grants it at a press; there is none
  await message(ben, "Shall we go now?").press("c");
  await ben.getByText("Copied", { exact: true }).first().waitFor();
  await field(ben).press("ControlOrMeta+v");
  check((await field(ben).inputValue()) === "Shall we go now?", "what was copied is what is pasted");
  await field(ben).fill("");
  await menuOf(ben, "Shall we go now?");
  await ben.getByRole("dialog").getByRole("button", { name: "Quote" }).click();
  check((await field(ben).inputValue()) === "> Shall we go now?\n", "quoted in the field");
  await field(ben).fill("");
}

async function reactions({ ada, ben }) {
  await react(ben, "Shall we go now?", "thumbs up yes");
  const chip = message(ada, "Shall we go now?").getByRole("button", { name: /Ben/ });
  await chip.click();
  await message(ben, "Shall we go now?").getByRole("button", { name: /2 people: Ben and Ada|2 people: You and Ada|2 people: Ada and You/ }).waitFor();
  await chip.click();
  await message(ben, "Shall we go now?").getByRole("button", { name: /1 person/ }).waitFor();
  // Any other, by a word.
  await menuOf(ada, "Yes, at five");
  await ada.getByRole("button", { name: "More emoji" }).click();
  await ada.getByRole("textbox", { name: "Find an emoji" }).fill("rocket");
  await ada.getByRole("textbox", { name: "Find an emoji" }).press("Enter");
  await message(ben, "Yes, at five").locator('.chip[data-emoji="🚀"]').waitFor();
  // With a mouse the buttons come to the message.
  await message(ada, "Yes, at five").hover();
  await message(ada, "Yes, at five").getByRole("button", { name: "React", exact: true }).click();
  await ada.getByRole("dialog").getByRole("button", { name: "fire" }).click();
  await message(ben, "Yes, at five").locator('.chip[data-emoji="🔥"]').waitFor();
}

async function whatIsNew({ ada, ben }) {
  for (let line = 0; line < 25; line += 1) await say(ada, `line ${line}`);
  await sees(ben, "line 24");
  await ada.locator(".message-foot").filter({ hasText: "Seen by Ben" }).waitFor();
  await ben.locator(".messages").evaluate((list) => list.scrollTo(0, 0));
  await ben.getByRole("button", { name: "Latest" }).waitFor();
  for (const text of ["one more", "two more", "three more"]) await say(ada, text);
  await ben.getByRole("button", { name: "3 new" }).waitFor();
  await ben.locator(".new-mark + .message").filter({ hasText: "one more" }).waitFor({ state: "attached" });
  check((await ada.locator(".message-foot").filter({ hasText: "Seen by" }).count()) === 0, "not seen yet");
  await ben.getByRole("button", { name: "3 new" }).click();
  await ben.getByText("three more").waitFor();
  await ada.locator(".message-foot").filter({ hasText: "Seen by Ben" }).waitFor();
  await ben.getByRole("button", { name: /^Chat/ }).click();
  await say(ada, "while it was closed");
  await ben.getByRole("button", { name: "Chat 1 unread" }).click();
  await ben.locator(".new-mark + .message").filter({ hasText: "while it was closed" }).waitFor();
}

async function searching({ ben }) {
  await click(ben, "Search");
  const search = ben.getByRole("textbox", { name: "Search in what is here" });
  await search.fill("more");
  await ben.getByRole("status").getByText("3 of 3").waitFor();
  await search.press("Enter");
  await ben.getByRole("status").getByText("2 of 3").waitFor();
  await search.press("Escape");
  check((await ben.locator(".found").count()) === 0, "nothing is marked any more");
}

async function polls({ ada, ben }) {
  await askAPoll(ada, "Which day?", ["Monday", "Tuesday"]);
  await ben.getByRole("radio", { name: /Tuesday/ }).check();
  await ada.locator(".poll-option").filter({ hasText: "Tuesday" }).locator(".poll-count").getByText("1").waitFor();
  await click(ben, "Take back");
  await ada.getByText("0 have voted").waitFor();
  await click(ada, "Close");
  await ben.getByText("0 have voted · closed").waitFor();
  check(await ben.getByRole("radio", { name: /Monday/ }).isDisabled(), "nobody votes any more");
  await click(ada, "Delete");
  await ben.getByRole("group", { name: "Which day?" }).waitFor({ state: "detached" });
}

async function aside({ ada, ben }) {
  await click(ben, "Add to the chat");
  await ben.getByRole("dialog").getByRole("button", { name: "party celebrate" }).click();
  await ada.locator(".float").filter({ hasText: "Ben" }).waitFor({ state: "attached" });
  await click(ben, "People");
  await click(ben, "Change your name");
  await ben.getByRole("textbox", { name: "Your name" }).fill("Benedict");
  await click(ben, "Change");
  await click(ada, "People");
  await ada.locator(".person").filter({ hasText: "Benedict" }).waitFor();
}

/** A phone: the menu opens under a finger that rests, and not under one that scrolls. */
async function finger(browser, link) {
  const cleo = await newPerson(browser, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await openLink(cleo, link);
  await goIn(cleo, "Cleo");
  await openChat(cleo);
  await sees(cleo, "three more");
  const rest = async (move) => {
    const box = await message(cleo, "three more").locator(".bubble").boundingBox();
    const at = { x: box.x + 10, y: box.y + 10 };
    const session = await cleo.context().newCDPSession(cleo);
    const touch = (type, ...touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
    // One right behind the other: a finger that rests until a busy page has heard of it is not one that scrolls.
    await Promise.all([touch("touchStart", at), ...(move ? [touch("touchMove", { x: at.x, y: at.y - 60 })] : [])]);
    // The menu opens by a timer, and a busy page hears of the finger's end before that.
    if (move) await cleo.waitForTimeout(700);
    else await cleo.getByRole("dialog").waitFor();
    await touch("touchEnd");
  };
  await rest(true);
  check((await cleo.getByRole("dialog").count()) === 0, "scrolling opens nothing");
  await rest(false);
  await cleo.getByRole("dialog").getByRole("button", { name: "red heart love" }).click();
  await message(cleo, "three more").locator('.chip[data-emoji="❤️"]').waitFor();
  const overflow = await cleo.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(overflow <= 0, "nothing is wider than the phone");
}

await main(async (browser) => {
  const people = await two(browser);
  const done = [];
  for (const part of [links, answersAndEdits, copies, reactions, whatIsNew, searching, polls, aside]) {
    await part(people);
    done.push(part.name);
  }
  await finger(browser, people.link);
  return { done: [...done, "finger"], errors: [...people.ada.errors, ...people.ben.errors] };
});
