// Where everything is: five sizes, from an empty room to eight people with two shares, in one browser.
// node boxes.mjs URL BROWSER [FOLDER for screenshots]
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { BROWSERS, drawScreen, enter, openPage, press, until } from "../../support/page_in_any_browser.mjs";
import { boxProblems } from "./measure.mjs";
import { drawn } from "./pages.mjs";

const [url, name, folder] = process.argv.slice(2);
const SIZES = [[1920, 1080], [1280, 800], [900, 700], [360, 740], [740, 360]];
/** A phone with its keyboard open, upright and on its side: everything stays inside there as well. */
const WITH_KEYBOARD = [[360, 420], [740, 180]];
const MESSAGES = 60;
/** Firefox has no fake camera of a few frames a second, and two of thirty leave it no time to lay out. */
const DEVICES = { devices: name !== "firefox" };
const LONG_NAME = "Maximiliane-Wilhelmine Gräfin von und zu Oberunterr";
const LONG_WORD = `https://example.org/${"a-very-long-path/".repeat(20)}`;

const client = makeClient(io);
const storage = () => ({ getItem: () => null, setItem() {}, removeItem() {} });
const closing = [];
const failures = [];
const tookS = {};
let measured = 0;

async function member(link, called) {
  const room = await client.joinRoom(link, { name: called, storage: storage() });
  // As one with a browser would: it has a tile.
  await room.request("call-state", { state: "joined" });
  closing.push(() => room.close());
  return room;
}

async function look(page, state, sizes = SIZES, { leastTile = 64 } = {}) {
  // A page that is not in front draws no frames in Firefox.
  await page.bringToFront();
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    // The stage is laid out once its new size is observed: a frame later.
    await drawn(page);
    const problems = await page.evaluate(boxProblems, { width, height, leastTile, mayScroll: height < 200 });
    if (problems.length) failures.push(`${state} at ${width}×${height}: ${problems.join("; ")}`);
    measured += 1;
    if (folder) await page.screenshot({ path: `${folder}/${name}-${state}-${width}x${height}.png` });
  }
}

/** A state that cannot be reached is a failure as well; the others are looked at all the same. */
async function step(what, action) {
  const began = Date.now();
  try {
    await action();
  } catch (error) {
    failures.push(`${what}: ${error.message}`);
  }
  tookS[what] = Math.round((Date.now() - began) / 1000);
}

const panelIs = (page, wanted) =>
  page.evaluate((panel) => {
    const now = document.querySelector(".room").dataset.panel;
    const button = panel === "none" ? (now === "none" ? null : now) : now === panel ? null : panel;
    if (button) document.querySelector(`.for-${button}`).click();
  }, wanted);

async function outside(browser, link) {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.goto(url);
  await until(page, "the landing page", () => Boolean(document.querySelector(".maker")));
  await look(page, "landing");
  await page.goto(link);
  await until(page, "the door", () => Boolean(document.querySelector(".join")));
  await look(page, "door", [...SIZES, ...WITH_KEYBOARD]);
  await page.context().close();
}

async function alone(page) {
  await panelIs(page, "none");
  await look(page, "alone", [...SIZES, ...WITH_KEYBOARD], { leastTile: 0 });
  for (const [opener, state] of [[".for-leave, .leave", "leave"], [".room-head .button.small", "invite"]]) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await press(page, opener);
    await look(page, `dialog-${state}`, [...SIZES, [740, 180]], { leastTile: 0 });
    await page.evaluate(() => document.querySelector("dialog[open]").close());
  }
}

async function talk(page, others) {
  await panelIs(page, "chat");
  for (let at = 0; at < MESSAGES; at += 1) {
    const text = at % 20 === 5 ? LONG_WORD : `Line ${at + 1}: shall we meet at the landing stage?`;
    await others[at % others.length].sendMessage(text);
  }
  await until(page, "sixty messages", (count) => document.querySelectorAll(".message").length === count, MESSAGES);
  await look(page, "messages", [...SIZES, ...WITH_KEYBOARD]);
  await staysAtTheEnd(page, others[0]);
}

/** New lines are seen as they come; whoever has scrolled up is left there. */
async function staysAtTheEnd(page, other) {
  await other.sendMessage("the newest line");
  await until(page, "the end of the list", () => {
    const list = document.querySelector(".messages");
    return list.textContent.includes("the newest line") && list.scrollHeight - list.scrollTop - list.clientHeight < 4;
  });
  await page.evaluate(() => (document.querySelector(".messages").scrollTop = 0));
  await until(page, "the scrolling to be noticed", () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))));
  await other.sendMessage("a line below");
  await until(page, "one more line", () => document.querySelector(".messages").textContent.includes("a line below"));
  if (await page.evaluate(() => document.querySelector(".messages").scrollTop > 4)) failures.push("reading further up was interrupted");
  await press(page, ".for-chat");
  await press(page, ".for-chat");
  await staysInTheFrameOfALine(page, other);
}

/** Whoever scrolls up in the very frame in which a line comes is left there as well, when the next one comes. */
async function staysInTheFrameOfALine(page, other) {
  await page.evaluate(() => {
    const list = document.querySelector(".messages");
    const rows = list.querySelector(".message-rows");
    new MutationObserver((_, observer) => {
      observer.disconnect();
      list.scrollTop = 0;
    }).observe(rows, { childList: true });
  });
  for (const text of ["in this very frame", "and one more"]) {
    await other.sendMessage(text);
    await until(page, text, (line) => document.querySelector(".messages").textContent.includes(line), text);
    await drawn(page);
  }
  if (await page.evaluate(() => document.querySelector(".messages").scrollTop > 4)) failures.push("scrolling up in the frame of a line was undone");
  await press(page, ".for-chat");
  await press(page, ".for-chat");
}

async function shares(page, second, count) {
  await press(second, ".for-screen");
  await until(page, "a shared screen", () => document.querySelectorAll(".tile.screen").length === 1);
  await everyPanel(page, `${count}-people-one-share`);
  await press(page, ".for-screen");
  await until(page, "two shared screens", () => document.querySelectorAll(".tile.screen").length === 2);
  await everyPanel(page, `${count}-people-two-shares`);
  for (const who of [page, second]) await press(who, ".for-screen");
  await until(page, "no shared screen", () => document.querySelectorAll(".tile.screen").length === 0);
}

async function everyPanel(page, state) {
  for (const panel of ["none", "chat", "people"]) {
    await panelIs(page, panel);
    await look(page, panel === "none" ? state : `${state}-${panel}`);
  }
}

const browser = await BROWSERS[name]();
try {
  const { link, hostLink } = await client.createRoom({ server: url, capacity: 16 });
  await step("outside", () => outside(browser, link));
  const page = await openPage(browser, { width: 1280, height: 800 });
  await enter(page, hostLink, "Ada", DEVICES);
  await drawScreen(page);
  await step("alone", () => alone(page));
  const second = await openPage(browser, { width: 500, height: 400 });
  await enter(second, link, LONG_NAME, DEVICES);
  await drawScreen(second);
  await step("two people", async () => {
    await until(page, "the other's picture", () => Boolean(document.querySelector('.tile:not(.own)[data-state="connected"]')));
    await everyPanel(page, "two-people");
  });
  await step("two people's shares", () => shares(page, second, 2));
  const others = [await member(link, "Cleo"), await member(link, "x".repeat(48))];
  await step("talk", () => talk(page, others));
  for (let at = 5; at <= 8; at += 1) await member(link, `Guest ${at}`);
  await step("eight people", async () => {
    await until(page, "eight tiles", () => document.querySelectorAll(".tile:not(.screen)").length === 8);
    await everyPanel(page, "eight-people");
  });
  await step("eight people's shares", () => shares(page, second, 8));
  // Firefox tells of a font that a page no longer waited for (NS_BINDING_ABORTED).
  const abandoned = (error) => error.includes("downloadable font") && error.includes("status=2152398850");
  for (const { errors } of [page, second]) failures.push(...errors.filter((error) => !abandoned(error)));
} finally {
  closing.forEach((close) => close());
  await browser.close();
}
if (failures.length) {
  console.error(failures.join("\n"));
  process.exitCode = 1;
}
console.log(JSON.stringify({ measured, tookS }));
// Sockets of the client would keep the process for their reconnections.
setImmediate(() => process.exit());
