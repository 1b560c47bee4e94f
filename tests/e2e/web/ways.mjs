// What the others' pages show when a call ends in one way or another: docs/calls.md, as people see it. node ways.mjs URL GRACE_MS
import { loseDevice, main } from "../../support/browser.mjs";
import { check, click, goIn, inside, makeRoom, newPerson, openLink, seesMoving } from "./pages.mjs";
import { PACE } from "../../support/pace.mjs";

const [url, graceMs] = process.argv.slice(2);
const AT_ONCE_MS = 2_000 * PACE;
/** For a busy machine, on top of the grace period. */
const MARGIN_MS = 4_000 * PACE;

const tile = (page, name) => page.locator(".tile:not(.own)", { hasText: name });
const gone = (page, name, timeout = AT_ONCE_MS) => tile(page, name).waitFor({ state: "detached", timeout });
const isAway = (page, name) =>
  page.locator(".tile[data-state=away]", { hasText: name }).getByText("Reconnecting …").waitFor({ timeout: AT_ONCE_MS });

async function comesIn(browser, link, name, prepare) {
  const page = await newPerson(browser, { viewport: { width: 700, height: 600 }, errors: false });
  if (prepare) await page.addInitScript(prepare);
  await openLink(page, link);
  await goIn(page, name);
  return page;
}

const WAYS = {
  async leaving(ada, browser, link) {
    const ben = await comesIn(browser, link, "Ben");
    await seesMoving(ada, 1);
    await click(ben, "Leave");
    await gone(ada, "Ben");
    await ada.locator(".person", { hasText: "Ben" }).getByText("Left a moment ago").waitFor({ timeout: AT_ONCE_MS });
    await ada.locator(".person", { hasText: "Ben" }).waitFor({ state: "detached", timeout: Number(graceMs) + MARGIN_MS });
  },

  /** Another client of ours, that hangs up and stays: in the list of people, without a tile. */
  async hangUp(ada, browser, link) {
    const ben = await newPerson(browser, { errors: false });
    await ben.goto(`${url}/health`);
    await ben.evaluate(async (at) => {
      const { joinRoom } = await import("/client/browser.js");
      window.room = await joinRoom(at, { name: "Ben" });
      await window.room.call.start();
    }, link);
    await seesMoving(ada, 1);
    await ben.evaluate(() => window.room.call.stop());
    await gone(ada, "Ben");
    await ada.locator(".person", { hasText: "Ben" }).waitFor();
    await ben.evaluate(() => window.room.call.start());
    await seesMoving(ada, 1);
    await ben.evaluate(() => window.room.leave());
    await gone(ada, "Ben");
  },

  async reload(ada, browser, link) {
    const ben = await comesIn(browser, link, "Ben");
    await seesMoving(ada, 1);
    // What takes the new page a while to load shows what there is in between.
    await ben.route(/\/(client|assets)\//, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue().catch(() => {});
    });
    const reloaded = ben.reload();
    await isAway(ada, "Ben");
    await reloaded;
    await inside(ben);
    await seesMoving(ada, 1);
    check((await ada.locator(".person", { hasText: "Ben" }).count()) === 1, "one Ben");
    await ben.context().close();
    await gone(ada, "Ben", Number(graceMs) + MARGIN_MS);
  },

  async closedTab(ada, browser, link) {
    const ben = await comesIn(browser, link, "Ben");
    await seesMoving(ada, 1);
    await ben.context().close();
    const closed = Date.now();
    await isAway(ada, "Ben");
    await gone(ada, "Ben", Number(graceMs) + MARGIN_MS);
    check(Date.now() - closed > graceMs / 2, "a seat that is kept for a while");
  },

  async withoutWebRtc(ada, browser, link) {
    const ben = await comesIn(browser, link, "Ben", () => delete window.RTCPeerConnection);
    await ada.locator(".person", { hasText: "Ben" }).getByText("Chat only: this browser cannot call").waitFor({ timeout: AT_ONCE_MS });
    check((await tile(ada, "Ben").count()) === 0, "no tile of somebody who cannot call");
    check((await ben.locator(".tile:not(.own)", { hasText: "Ada" }).count()) === 1, "a tile of somebody who can");
    await ben.locator(".tile[data-state=unable]", { hasText: "Ada" }).getByText("this browser cannot call").waitFor({ timeout: AT_ONCE_MS });
    await ben.context().close();
    await ada.locator(".person", { hasText: "Ben" }).waitFor({ state: "detached" });
  },

  async lostDevice(ada) {
    const told = (words) => ada.locator(".toast", { hasText: words }).waitFor({ timeout: AT_ONCE_MS * 2 });
    await loseDevice(ada.context().browser(), "video");
    await told("Camera lost: another one is used now.");
    await loseDevice(ada.context().browser(), "audio");
    await told("Microphone lost: another one is used now.");
    await ada.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError"));
    });
    await loseDevice(ada.context().browser(), "video");
    await told("Camera lost. It is off now.");
    const camera = ada.locator(".controls").getByRole("button", { name: "Camera", exact: true });
    check((await camera.getAttribute("aria-pressed")) === "false", "a button that is off");
  },
};

await main(async (browser) => {
  const ada = await newPerson(browser, { errors: false });
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  await click(ada, "People");
  for (const [name, way] of Object.entries(WAYS)) {
    try {
      await way(ada, browser, link);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
  }
  return { ways: Object.keys(WAYS) };
});
