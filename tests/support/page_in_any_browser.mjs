// The page in Chromium and in Firefox alike: driven by what both drivers have (`evaluate`, `goto`, sizes).
import { launchBrowser } from "./browser.mjs";
import { launchFirefoxLikeChromium } from "./firefox.mjs";
import { PACE } from "./pace.mjs";

const LIMIT_MS = 20_000 * PACE;
const LOAD_LIMIT_MS = 30_000 * PACE;

export const BROWSERS = {
  chromium: () => launchBrowser(),
  firefox: () => launchFirefoxLikeChromium(),
};

/** A page of a context of its own, so that every person has a storage of their own. */
export async function openPage(browser, viewport) {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(LOAD_LIMIT_MS);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  return page;
}

/** Waits until `test(...args)`, run in the page, is true; asked anew at every frame the page draws, and by the clock. */
export async function until(page, what, test, ...args) {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await page.evaluate(test, ...args))) {
    if (Date.now() > deadline) throw new Error(`${what} within ${LIMIT_MS} ms; the page says ${await page.evaluate(() => document.body.innerText.slice(0, 300))}`);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  }
}

/** Presses what a CSS selector finds. */
export async function press(page, selector) {
  await until(page, selector, (wanted) => document.querySelector(wanted)?.checkVisibility() ?? false, selector);
  await page.evaluate((wanted) => document.querySelector(wanted).click(), selector);
}

/** In through the door, with devices as they are, or with camera and microphone off. */
export async function enter(page, link, name, { devices = true } = {}) {
  if (!devices) {
    await page.goto(new URL("/", link).href);
    await page.evaluate(() => sessionStorage.setItem("mayfly-page:devices", '{"audio":false,"video":false}'));
  }
  await page.goto(link);
  await until(page, "the door", () => Boolean(document.querySelector(".join")));
  await page.evaluate((typed) => (document.querySelector("#your-name").value = typed), name);
  await press(page, ".join");
  await until(page, "the room", () => Boolean(document.querySelector(".room .controls")));
}

/** Puts a drawn screen in the place of the one that a person would choose to share. */
export const drawScreen = (page) =>
  page.evaluate(() => {
    const sheet = Object.assign(document.createElement("canvas"), { width: 1280, height: 720 });
    const pen = sheet.getContext("2d");
    const draw = () => {
      pen.fillStyle = "#fbf7ee";
      pen.fillRect(0, 0, 1280, 720);
      pen.fillStyle = "#16211e";
      pen.font = "600 64px serif";
      pen.fillText("Saturday on the river", 90, 140);
    };
    draw();
    setInterval(draw, 500);
    navigator.mediaDevices.getDisplayMedia = async () => sheet.captureStream(2);
  });
