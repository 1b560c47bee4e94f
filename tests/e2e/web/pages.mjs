// What a person does on the page, for tests: every step waits for what a person would see, within a bound.
import { watchErrors } from "../../support/browser.mjs";
import { drawnCamera } from "./scenes.mjs";
import { PACE } from "../../support/pace.mjs";

export const LIMIT_MS = 15_000 * PACE;

/** A page in a browser context of its own, as another person on another device would have it. */
export async function newPerson(browser, { errors = true, devices = true, look, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  page.clicks = 0;
  page.errors = errors ? watchErrors(page) : [];
  if (look) await page.addInitScript(drawnCamera, look);
  if (!devices) await page.addInitScript(withoutDevices);
  return page;
}

/** As on a computer that has neither camera nor microphone. */
export function withoutDevices() {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
  navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
}

/** One click of a person, counted. */
export async function click(page, name, { role = "button", exact = true } = {}) {
  page.clicks += 1;
  await page.getByRole(role, { name, exact }).click();
}

/** Make a room on the landing page; returns the link to send. The page is left at the door of the new room. */
export async function makeRoom(page, url, { capacity, lifetime, oneTime = false, lobby = false } = {}) {
  await page.goto(`${url}/`);
  if (capacity) await page.locator(`input[name=capacity][value="${capacity}"]`).check();
  if (lifetime) await page.locator(`input[name=lifetime][value="${lifetime}"]`).check();
  if (oneTime) await page.getByRole("switch", { name: "One-time links" }).check();
  if (lobby) await page.getByRole("switch", { name: "Lobby" }).check();
  await click(page, "Make a room");
  await page.getByRole("heading", { name: "Your room is ready" }).waitFor();
  return linkOn(page);
}

export async function linkOn(page) {
  const field = page.getByRole("textbox", { name: "Link to this room" });
  await page.waitForFunction((input) => input.value !== "", await field.elementHandle());
  return field.inputValue();
}

/** Go in through the door that the page shows. */
export async function goIn(page, name) {
  if (name !== undefined) await page.getByLabel("Your name").fill(name);
  await click(page, "Join");
  await inside(page);
}

export async function inside(page) {
  await page.locator(".room .controls").waitFor();
}

export async function openLink(page, link) {
  await page.goto(link);
  await page.getByRole("button", { name: "Join", exact: true }).waitFor();
}

export async function openChat(page) {
  if (!(await page.getByRole("textbox", { name: "Message" }).isVisible())) {
    await page.getByRole("button", { name: /^Chat/ }).click();
  }
}

export async function say(page, text) {
  await openChat(page);
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
}

/** The texts of the messages on screen, in order. */
export const texts = (page) => page.locator(".message-text").allTextContents();

export async function sees(page, text, limitMs = LIMIT_MS) {
  await openChat(page);
  await page.locator(".message-text").filter({ hasText: text }).first().waitFor({ timeout: limitMs });
}

/** Waits until so many pictures of others are there, no more and no fewer, and each has moved on since the call. */
export async function seesMoving(page, count, limitMs = LIMIT_MS) {
  await page.evaluate(() => (window.framesSeen = new WeakMap()));
  await page.waitForFunction(
    (wanted) => {
      const tiles = [...document.querySelectorAll(".tile:not(.own):not(.screen)")];
      const moving = tiles.filter((tile) => {
        const video = tile.querySelector("video");
        if (!tile.classList.contains("with-video") || !video.srcObject) return false;
        const frames = video.getVideoPlaybackQuality().totalVideoFrames;
        if (!window.framesSeen.has(video.srcObject)) window.framesSeen.set(video.srcObject, frames);
        return frames > window.framesSeen.get(video.srcObject) + 5;
      });
      return tiles.length === wanted && moving.length === wanted;
    },
    count,
    { timeout: limitMs, polling: 100 },
  );
}

/** What the page makes of its size is there. */
export const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));

/** The participant ids of the others' tiles. */
export const othersOn = (page) =>
  page.locator(".tile:not(.own):not(.screen)").evaluateAll((tiles) => tiles.map((tile) => tile.dataset.participant));
export const selfOn = (page) => page.locator(".tile.own:not(.screen)").getAttribute("data-participant");

export function check(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}
