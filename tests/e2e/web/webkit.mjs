// Chat between a real WebKit, which cannot call, and a Chromium in its call: node webkit.mjs URL
import { BROWSERS, enter, openPage, until } from "../../support/page_in_any_browser.mjs";
import { launchWebKit } from "../../support/webkit.mjs";

const [url] = process.argv.slice(2);

/** Types into the chat and sends, as the page's own events have it. */
const say = (page, text) =>
  page.evaluate((typed) => {
    if (!document.querySelector(".composer textarea")?.checkVisibility()) document.querySelector(".for-chat").click();
    const field = document.querySelector(".composer textarea");
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  }, text);

const sees = (page, text) =>
  until(page, `the message ${text}`, (wanted) => [...document.querySelectorAll(".message-text")].some((element) => element.textContent.includes(wanted)), text);

const textOf = (page, selector) => page.evaluate((wanted) => document.querySelector(wanted)?.textContent ?? "", selector);

const chromium = await BROWSERS.chromium();
const ada = await launchWebKit();
try {
  const ben = await openPage(chromium, { width: 1000, height: 700 });
  await ben.goto(url);
  await until(ben, "the landing page", () => Boolean(document.querySelector(".maker")));
  // A room with a key: what is said is sealed in one browser and opened in the other.
  const link = await ben.evaluate(async () => (await (await import("/client/browser.js")).createRoom({ site: location.origin })).link);
  await enter(ben, link, "Ben");
  await enter(ada, link, "Ada");
  await say(ada, "Hello from WebKit");
  await sees(ben, "Hello from WebKit");
  await say(ben, "Hello from Chromium");
  await sees(ada, "Hello from Chromium");
  const seen = { encrypted: (await textOf(ada, ".mark-button")).trim(), canCall: await ada.evaluate(() => Boolean(window.RTCPeerConnection)) };
  await until(ada, "why there is no picture", () => document.querySelector(".tile:not(.own) .tile-state")?.textContent.includes("cannot call"));
  await until(ben, "that Ada chats only", () => [...document.querySelectorAll(".person-detail")].some((element) => element.textContent.includes("Chat only: this browser cannot call")));
  seen.tiles = await ben.evaluate(() => document.querySelectorAll(".tile:not(.own)").length);

  await ada.evaluate(() => location.reload());
  await until(ada, "the room after a reload", () => Boolean(document.querySelector(".room .controls")));
  await sees(ada, "Hello from Chromium");
  await say(ben, "Still there?");
  await sees(ada, "Still there?");
  seen.people = await ben.evaluate(() => document.querySelectorAll(".people-list .person").length);
  seen.errors = ben.errors;
  console.log(JSON.stringify(seen));
} finally {
  await ada.close();
  await chromium.close();
}
