// A real Chromium for tests, by playwright-core, with a fake camera and microphone.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { smallCamera } from "./camera.mjs";
import { PACE } from "./pace.mjs";

const START_LIMIT_MS = 30_000 * PACE;
const WHOLE = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** The same engine without the windows around it: half the work where nobody looks. */
const SHELL = ["/usr/bin/chromium-headless-shell"];

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  // A camera and microphone without hardware, and without a question to the user.
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  // Without it there are no candidates on 127.0.0.1, where all tests run.
  "--allow-loopback-in-peer-connection",
  // Pages in the background keep their timers and their media.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/**
 * A running browser; `options` are those of playwright's `launch`, `args` are added to the flags. `whole`: with its windows
 * and menus, which installing and extensions need. `camera`: how the pictures of its camera are made; ours are small.
 */
export function launchBrowser({ args = [], whole = false, camera = smallCamera(), ...options } = {}) {
  const paths = [process.env.CHROMIUM, ...(whole ? [] : SHELL), ...WHOLE];
  const executablePath = paths.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found");
  return chromium.launch({ executablePath, args: [...FLAGS, ...camera, ...args], timeout: START_LIMIT_MS, ...options });
}

const READERS = { video: "video_capture.mojom.VideoCaptureService", audio: "audio.mojom.AudioService" };

/** The camera ("video") or microphone ("audio") of all pages is gone: the process of this browser's that reads it is killed. */
export async function loseDevice(browser, kind) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const reader = processInfo.find(({ type }) => type === READERS[kind]);
  if (!reader) throw new Error(`no ${kind} is being read`);
  process.kill(reader.id, "SIGKILL");
}

/** Everything that went wrong in a page from now on: uncaught errors, console errors, failed requests. */
export function watchErrors(page) {
  const errors = [];
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && errors.push(`console: ${message.text()}`));
  page.on("requestfailed", (request) => errors.push(`request: ${request.url()} ${request.failure()?.errorText}`));
  return errors;
}

/** Run `body(browser)` and print what it returns as one line of JSON; the exit status says whether it threw. */
export async function main(body, options) {
  const browser = await launchBrowser(options);
  try {
    console.log(JSON.stringify((await body(browser)) ?? null));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
