// Keys, the corner, pins and the share card, in Chromium and in Firefox alike. node keyed.mjs URL BROWSER
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { BROWSERS, drawScreen, enter, openPage, until } from "../../support/page_in_any_browser.mjs";

const [url, name] = process.argv.slice(2);
const SIZE = { width: 1200, height: 800 };
const MAX_STEPS = 60;

function check(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}
const is = (page, control, pressed) => until(page, `${control} ${pressed}`, ([selector, value]) => document.querySelector(selector).getAttribute("aria-pressed") === value, [`.controls .for-${control}`, String(pressed)]);
const boxOf = (page, selector) => page.evaluate((wanted) => document.querySelector(wanted).getBoundingClientRect().toJSON(), selector);

/** Press Tab until the focus is on what the selector finds, with a focus that can be seen. */
async function tabTo(page, selector, { back = false } = {}) {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (back) await page.keyboard.down("Shift");
    await page.keyboard.press("Tab");
    if (back) await page.keyboard.up("Shift");
    const [found, seen] = await page.evaluate((wanted) => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return [element.matches(wanted), style.outlineStyle !== "none" && style.outlineWidth !== "0px" && style.opacity === "1"];
    }, selector);
    if (!found) continue;
    check(seen, `a visible focus on ${selector}`);
    return;
  }
  throw new Error(`${selector} was not reached in ${MAX_STEPS} steps`);
}

async function keys(page) {
  await page.evaluate(() => document.activeElement.blur());
  await is(page, "mic", true);
  await page.keyboard.press("m");
  await is(page, "mic", false);
  await page.keyboard.down(" ");
  await is(page, "mic", true);
  await page.keyboard.up(" ");
  await is(page, "mic", false);
  await page.keyboard.press("h");
  await is(page, "hand", true);
  await page.keyboard.press("c");
  await is(page, "chat", false);
  await page.keyboard.press("?");
  await until(page, "the list of keys", () => Boolean(document.querySelector("dialog[open] .key-list")));
  await page.keyboard.press("h");
  await page.keyboard.press("Escape");
  await until(page, "no dialog", () => !document.querySelector("dialog[open]"));
  await is(page, "hand", true);
}

async function corner(page) {
  const stage = await boxOf(page, ".tiles");
  const small = await boxOf(page, ".tile.own");
  check(small.width < stage.width / 3, "oneself in a corner");
  await page.mouse.move(small.x + small.width / 2, small.y + small.height / 2);
  await page.mouse.down();
  await page.mouse.move(stage.x + 150, stage.y + 120, { steps: 4 });
  await page.mouse.up();
  await until(page, "the corner it was drawn to", () => document.querySelector(".tile.own").getBoundingClientRect().x < innerWidth / 3);
  await tabTo(page, ".tile.own .tile-move");
  await page.keyboard.press("Enter");
  await until(page, "the next corner", () => document.querySelector(".tile.own").getBoundingClientRect().x > innerWidth / 2);
  await tabTo(page, ".tile:not(.own) .tile-pin", { back: true });
  await page.keyboard.press("Enter");
  await until(page, "a pin", () => document.querySelector(".tile:not(.own) .tile-pin").getAttribute("aria-pressed") === "true");
  await page.keyboard.press("Enter");
}

async function card(page) {
  await drawScreen(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("s");
  await until(page, "the card", () => document.querySelector(".share-card")?.textContent.includes("You are sharing"));
  await tabTo(page, ".share-card button");
  await page.keyboard.press("Enter");
  await until(page, "no card", () => !document.querySelector(".share-card"));
}

const client = makeClient(io);
const browser = await BROWSERS[name]();
try {
  const { link, hostLink } = await client.createRoom({ server: url });
  const page = await openPage(browser, SIZE);
  await enter(page, hostLink, "Ada");
  const other = await client.joinRoom(link, { name: "Ben", storage: null });
  // As one with a browser would: it has a tile.
  await other.request("call-state", { state: "joined" });
  await until(page, "a tile for each", () => document.querySelectorAll(".tile").length === 2);
  await page.bringToFront();
  for (const part of [keys, corner, card]) await part(page);
  check(page.errors.length === 0, `no errors: ${page.errors}`);
  console.log(JSON.stringify({ done: ["keys", "corner", "card"] }));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
// Sockets of the client would keep the process for their reconnections.
setImmediate(() => process.exit());
