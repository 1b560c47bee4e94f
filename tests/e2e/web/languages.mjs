// The page in a long language and in one from right to left: nothing cut, nothing on each other, nothing left in English.
// node languages.mjs URL LANGUAGE [FOLDER for screenshots]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { LANGUAGES } from "../../../web/app/language.js";
import english from "../../../web/words/en.js";
import { launchBrowser, watchErrors } from "../../support/browser.mjs";
import { press, until } from "../../support/page_in_any_browser.mjs";
import { boxProblems } from "./measure.mjs";
import { drawn } from "./pages.mjs";

const [url, code, folder] = process.argv.slice(2);
const { default: words } = await import(`../../../web/words/${code}.js`);
const SIZES = [[360, 740], [1280, 800]];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** By axe as well; it has seen all others in English. */
const JUDGED = new Set(["landing", "lost", "door", "chat", "people"]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const client = makeClient(io);
const failures = [];
let looked = 0;

/** What would be English only by having been left so. */
const ENGLISH = Object.entries(english)
  .filter(([key, said]) => typeof said === "string" && !said.includes("{") && /[a-z] [a-z]/i.test(said) && words[key] !== said)
  .map(([, said]) => said.trim());

/** Runs in the page: texts that leave their place, and those that nobody translated. */
function textProblems(phrases) {
  const problems = [];
  const left = new Set(phrases);
  const clips = (element, axis) => ["hidden", "clip"].includes(getComputedStyle(element)[axis]);
  const cut = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left: from, right: to } = range.getBoundingClientRect();
    for (let place = node.parentElement; place && place !== document.body; place = place.parentElement) {
      const box = place.getBoundingClientRect();
      const isButton = place.matches("button, .segment");
      if ((isButton || clips(place, "overflowX")) && (from < box.left - 1 || to > box.right + 1)) return true;
      if (["auto", "scroll"].includes(getComputedStyle(place).overflowX)) return false;
    }
    return false;
  };
  for (const element of document.querySelectorAll("#app *, dialog[open] *")) {
    if (!element.checkVisibility() || element.clientWidth === 1) continue;
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const said = [...own.map((node) => node.data.trim()), ...["aria-label", "title", "placeholder"].map((name) => element.getAttribute(name) ?? "")];
    for (const text of said) if (left.has(text)) problems.push(`English: ${text}`);
    if (!element.closest(".name, bdi, .visually-hidden")) for (const node of own) if (cut(node)) problems.push(`cut: ${node.data}`);
  }
  return problems;
}

async function look(page, state, { leastTile = 0, sizes = SIZES } = {}) {
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    await drawn(page);
    const found = [...(await page.evaluate(boxProblems, { width, height, leastTile })), ...(await page.evaluate(textProblems, ENGLISH))];
    if (found.length) failures.push(`${state} at ${width}×${height}: ${found.join("; ")}`);
    if (folder) await page.screenshot({ path: `${folder}/${code}-${state}-${width}.png` });
    looked += 1;
  }
  if (!JUDGED.has(state)) return;
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
  failures.push(...violations.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ target }) => target).join(" | ")}`));
}

async function dialog(page, opener, state) {
  await press(page, opener);
  await until(page, state, () => Boolean(document.querySelector("dialog[open]")));
  // On a phone they have the least room.
  await look(page, state, { sizes: SIZES.slice(0, 1) });
  await page.evaluate(() => document.querySelectorAll("dialog[open]").forEach((open) => open.close()));
}

async function outside(page, link) {
  const places = [["/", "landing", ".maker"], ["/nowhere", "lost", ".lost"], ["/check", "check", ".check"], ["/r/nosuchroom", "notice", ".notice"], [link, "door", ".join"]];
  for (const [address, state, sign] of places) {
    await page.goto(new URL(address, url).href);
    await until(page, state, (wanted) => Boolean(document.querySelector(wanted)), sign);
    await until(page, "the language", (tag) => document.documentElement.lang === tag, LANGUAGES[code].tag);
    await look(page, state);
  }
}

/** Chosen on the page, it is there at once and after a reload, also against what the browser asks for; and it alone is fetched. */
async function choose(page) {
  const spoken = () => page.evaluate(() => ({ dir: document.documentElement.dir, heading: document.querySelector("h1").textContent }));
  const addresses = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
  const OF_WORDS = /^\/(?:web\/words|assets)\/([a-z]{2})[-.][^/]*js$/;
  const fetched = async () => (await addresses()).map((path) => path.match(OF_WORDS)?.[1]).filter((found) => found && found !== "en");
  const other = code === "ar" ? "de" : "ar";
  await page.goto(url);
  for (const [wanted, act] of [[code, null], [other, "choose"], [other, "reload"], ["en", "choose"], ["en", "reload"], [code, "choose"]]) {
    if (act === "choose") await page.locator(".language select").selectOption(wanted);
    if (act === "reload") await page.reload();
    const { tag, dir } = LANGUAGES[wanted];
    const isThere = (lang) => document.documentElement.lang === lang && Boolean(document.querySelector(".maker"));
    await until(page, `the page in ${wanted}`, isThere, tag);
    const said = await spoken();
    const { "landing.headline": first, "landing.headlineEnd": second } = wanted === "en" ? english : (await import(`../../../web/words/${wanted}.js`)).default;
    if (said.dir !== dir || said.heading !== first + second) failures.push(`${wanted} says, ${said.dir}: ${said.heading}`);
    if (act === "choose") {
      await until(page, "the list to have the focus again", () => document.activeElement.matches(".language select"));
    } else if (`${await fetched()}` !== (wanted === "en" ? "" : wanted)) failures.push(`for ${wanted} were fetched ${await fetched()}`);
  }
}

async function alone(page) {
  await page.evaluate(() => document.querySelector(".join").click());
  await until(page, "the room", () => Boolean(document.querySelector(".room .controls")));
  await page.evaluate(() => document.querySelector(".room").dataset.panel === "chat" && document.querySelector(".for-chat").click());
  await look(page, "alone");
  await dialog(page, ".room-head .button.small", "invite");
  await dialog(page, ".room-head .icon-button", "devices");
  await dialog(page, ".room-head .mark-button", "encryption");
  await dialog(page, ".leave", "leave");
}

async function together(page, link) {
  const storage = { getItem: () => null, setItem() {}, removeItem() {} };
  const ben = await client.joinRoom(link, { name: "Ben", storage });
  await ben.request("call-state", { state: "joined" });
  await ben.sendMessage("Shall we meet at the landing stage?");
  await ben.createPoll({ question: "Which boat?", options: ["The green one", "The one with a roof"] });
  await press(page, ".for-chat");
  await until(page, "message and poll", () => document.querySelectorAll(".message, .poll").length === 2);
  await look(page, "chat", { leastTile: 64 });
  for (const [tool, state] of [["button:nth-of-type(1)", "add"], ["button:nth-of-type(3)", "emoji"]]) await dialog(page, `.composer ${tool}`, state);
  await page.evaluate(() => document.querySelector(".message .message-bar button:last-child").click());
  await look(page, "menu", { sizes: SIZES.slice(0, 1) });
  await page.evaluate(() => document.querySelector("dialog[open]").close());
  await press(page, ".for-people");
  await look(page, "people", { leastTile: 64 });
  await dialog(page, ".person:last-child .icon-button", "person");
  await ben.leave();
}

const browser = await launchBrowser();
try {
  // Its browser's language alone says which one it is.
  const context = await browser.newContext({ locale: LANGUAGES[code].tag, reducedMotion: "reduce", viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const errors = watchErrors(page);
  const { link, hostLink } = await client.createRoom({ server: url, capacity: 8 });
  await choose(page);
  await outside(page, hostLink);
  await alone(page);
  await together(page, link);
  if ((await page.evaluate(() => document.documentElement.dir)) !== LANGUAGES[code].dir) failures.push("the direction is another");
  // Addresses that lead nowhere are answered with 404; and a door that is left does not wait for the room behind it.
  failures.push(...errors.filter((error) => !error.includes("404") && !error.includes("ERR_ABORTED")));
} finally {
  await browser.close();
}
if (failures.length) {
  console.error(failures.join("\n"));
  process.exitCode = 1;
}
console.log(JSON.stringify({ looked }));
setImmediate(() => process.exit());
