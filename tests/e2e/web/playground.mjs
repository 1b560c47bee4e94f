// The playground, by keyboard: node playground.mjs URL EXPECTED, what each example prints. And a script that reaches for more.
import { faultsOf } from "../../support/axe.mjs";
import { launchBrowser } from "../../support/browser.mjs";
import { openPage, until } from "../../support/page_in_any_browser.mjs";

const [url, expected] = process.argv.slice(2);
const REACHING = `
const tried = async (what, reach) => print(what, await Promise.resolve().then(reach).then(() => "reached", () => "refused"));
await tried("the page around", () => parent.document.title);
await tried("the window", () => { top.location.href = "https://other.example/"; });
await tried("the other frame", () => parent.frames[1].document.title);
await tried("storage", () => localStorage.length);
await tried("another host", () => fetch("https://other.example/api/rooms"));
await tried("another part of this one", () => fetch("/web/icon.svg"));
await tried("a way around it", () => fetch("/api/../health"));
await tried("a request of its own", () => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("GET", "/api/rooms");
  Object.assign(request, { onload: resolve, onerror: reject });
  request.send();
}));
await tried("a picture", () => new Promise((resolve, reject) => Object.assign(new Image(), { onload: resolve, onerror: reject, src: "/web/icon.svg" })));
await tried("a connection elsewhere", () => new Promise((resolve, reject) => Object.assign(new WebSocket("wss://other.example/socket.io/"), { onopen: resolve, onclose: reject })));
await tried("the API", () => fetch("/api/rooms/a-room-that-is-none"));
throw new TypeError("and it fails");
`;

const printed = (page) =>
  page.evaluate(() => ["ada", "ben"].map((name) => [...document.querySelectorAll(`#${name}-lines > p`)].map((line) => line.textContent)));

async function tabTo(page, id) {
  for (let step = 0; step < 20; step += 1) {
    if (await page.evaluate((wanted) => document.activeElement.id === wanted, id)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${id}`);
}

const both = (page, what, lines) =>
  until(page, what, (wanted) => ["ada", "ben"].every((name, number) => document.querySelectorAll(`#${name}-lines > p`).length >= wanted[number]), lines);

const browser = await launchBrowser();
try {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.goto(`${url}/playground`);
  await until(page, "the examples", () => document.querySelectorAll("#example option").length > 0);
  const names = await page.evaluate(() => [...document.querySelectorAll("#example option")].map(({ value }) => value));
  const examples = {};
  for (const [step, name] of names.entries()) {
    await page.evaluate(() => document.activeElement.blur());
    await tabTo(page, "example");
    if (step > 0) await page.keyboard.press("ArrowDown");
    await until(page, `${name} is chosen`, (wanted) => document.querySelector("#example").value === wanted, name);
    await tabTo(page, "run");
    await page.keyboard.press("Enter");
    const wanted = JSON.parse(expected)[name];
    await both(page, `${name} has run`, wanted.map(({ length }) => length));
    examples[name] = await printed(page);
  }
  const faults = await faultsOf(page, "run");
  const errors = [...page.errors];

  await tabTo(page, "ada-script");
  await page.evaluate((code) => {
    document.querySelector("#ada-script").value = code;
    document.querySelector("#ben-script").value = "oops(";
  }, REACHING);
  await page.keyboard.press("Control+Enter");
  await both(page, "what it reaches for", [12, 1]);
  const [reached, broken] = await printed(page);
  await page.evaluate(() => document.querySelector("#stop").click());
  const left = await page.evaluate(() => document.querySelectorAll("iframe").length);
  console.log(JSON.stringify({ examples, faults, reached, broken, left, errors }));
} finally {
  await browser.close();
}
