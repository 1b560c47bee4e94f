// A tab behind another one, whose pictures are blurred: they go on for the other. node behind.mjs URL chromium|firefox
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { FLAGS } from "../../support/browser.mjs";
import { launchFirefox } from "../../support/firefox.mjs";
import { enter, until } from "../../support/page_in_any_browser.mjs";

const [url, name] = process.argv.slice(2);
const WATCHED_MS = 10_000;
/** These would have a tab that nobody sees run as one that is seen. */
const AS_IF_SEEN = /background|occluded/;

const LAUNCH = {
  firefox: () => launchFirefox(),
  chromium: () =>
    puppeteer.launch({
      executablePath: [process.env.CHROMIUM, "/usr/bin/chromium"].find((path) => path && existsSync(path)),
      args: [...FLAGS.filter((flag) => !AS_IF_SEEN.test(flag)), "--use-fake-device-for-media-stream=fps=10"],
      ignoreDefaultArgs: ["--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"],
    }),
};

function check(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

/** Keeps the page's connections, of which it has one. */
function keepConnections() {
  window.connections = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      window.connections.push(this);
    }
  };
}

/** Pictures that have come by now. Firefox does not count those of a video. */
const pictures = (page) =>
  page.evaluate(async () => {
    const [report] = await Promise.all(window.connections.map((connection) => connection.getStats()));
    return [...(report?.values() ?? [])].find(({ type, kind }) => type === "inbound-rtp" && kind === "video")?.framesDecoded ?? 0;
  });

async function watched(page, ms) {
  const before = await pictures(page);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ((await pictures(page)) - before) / (ms / 1_000);
}

const browser = await LAUNCH[name]();
try {
  const { roomId } = await (await fetch(new URL("/api/rooms", url), { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"capacity": 2}' })).json();
  const link = `${url}/r/${roomId}`;
  const ada = await (await browser.createBrowserContext()).newPage();
  await ada.goto(url);
  await ada.evaluate(() => localStorage.setItem("mayfly-page:prefs", '{"blur":true}'));
  await enter(ada, link, "Ada");
  // The library's own track, or a canvas's: neither is the camera's, which has the camera's name.
  await until(ada, "a blurred picture", () => {
    const track = document.querySelector(".tile.own video")?.srcObject?.getVideoTracks()[0];
    return Boolean(track && Object.hasOwn(track, "getSettings"));
  });
  const ben = await (await browser.createBrowserContext()).newPage();
  await ben.evaluateOnNewDocument(keepConnections);
  await enter(ben, link, "Ben", { devices: false });
  await until(ben, "a picture", () => document.querySelector(".tile:not(.own) video")?.videoWidth > 0);
  await ada.evaluate(() => {
    window.drawn = 0;
    const count = () => ((window.drawn += 1), requestAnimationFrame(count));
    count();
  });
  const other = await ada.browserContext().newPage();
  await other.bringToFront();
  await until(ada, "to be hidden", () => document.visibilityState === "hidden");
  const drawn = await ada.evaluate(() => window.drawn);
  const perSecond = await watched(ben, WATCHED_MS);
  const drawnMeanwhile = ((await ada.evaluate(() => window.drawn)) - drawn) / (WATCHED_MS / 1_000);
  check(perSecond > 5, `more than ${perSecond} pictures a second`);
  check(drawnMeanwhile < 3, `a page that draws nothing, and not ${drawnMeanwhile} times a second`);
  console.log(JSON.stringify({ perSecond, drawnMeanwhile }));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
