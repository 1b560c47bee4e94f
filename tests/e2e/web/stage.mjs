// Who and what has the stage: two people, pins, shares, whoever speaks, many people, the whole screen, a window of its own.
// node stage.mjs URL
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { main } from "../../support/browser.mjs";
import { drawScreen } from "../../support/page_in_any_browser.mjs";
import { check, click, drawn, goIn, makeRoom, newPerson, openLink, seesMoving } from "./pages.mjs";

const [url] = process.argv.slice(2);
const GUESTS = 30;
const SMALL = { width: 640, height: 480 };

const isOnTop = (element) => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
};

const boxOf = (page, selector) => page.locator(selector).boundingBox();

/** A voice that the test turns on and off. */
function voice() {
  const context = new AudioContext();
  const gain = new GainNode(context, { gain: 0 });
  const out = context.createMediaStreamDestination();
  const tone = new OscillatorNode(context, { frequency: 300 });
  tone.connect(gain).connect(out);
  tone.start();
  window.speak = async (on) => (await context.resume(), (gain.gain.value = on ? 0.8 : 0));
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => (wish.audio ? out.stream.clone() : real(wish));
}

async function meet(browser, names, { prepare, viewport = { width: 1200, height: 800 } } = {}) {
  const ada = await newPerson(browser, { viewport });
  if (prepare) await ada.addInitScript(prepare);
  const link = await makeRoom(ada, url, { capacity: "16" });
  await goIn(ada, "Ada");
  const others = [];
  for (const name of names) {
    const page = await newPerson(browser, { viewport: SMALL });
    if (prepare) await page.addInitScript(prepare);
    await openLink(page, link);
    await goIn(page, name);
    others.push(page);
  }
  await seesMoving(ada, names.length);
  return { ada, others, link };
}

/** How much of each shown picture lies outside of what is seen of it. */
const lostOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".tile.with-video video")].filter((video) => video.checkVisibility()).map((video) => {
      const { width, height } = video.getBoundingClientRect();
      const fit = getComputedStyle(video).objectFit;
      const scale = fit === "cover" ? Math.max(width / video.videoWidth, height / video.videoHeight) : Math.min(width / video.videoWidth, height / video.videoHeight);
      return 1 - (Math.min(width, video.videoWidth * scale) * Math.min(height, video.videoHeight * scale)) / (video.videoWidth * video.videoHeight * scale * scale);
    }),
  );

const PARTS = {
  async twoPeople(browser) {
    const { ada, others: [ben] } = await meet(browser, ["Ben"]);
    const own = ".tile.own";
    const stage = await boxOf(ada, ".tiles");
    const [large, small] = [await boxOf(ada, ".tile:not(.own)"), await boxOf(ada, own)];
    check(large.width === stage.width && large.height === stage.height, "the other as large as the stage");
    check(small.width < stage.width / 3 && small.x > stage.x + stage.width / 2 && small.y > stage.y + stage.height / 2, "oneself in the corner below");
    check((await lostOf(ada)).every((lost) => lost < 0.01), `nothing of a picture lost, not ${await lostOf(ada)}`);
    check(await ada.locator(".tile:not(.own) .tile-pin").evaluate(isOnTop), "its pin can be pressed, and lies under no other button");
    // With the pointer into another corner, and from there by key into the next.
    await ada.mouse.move(small.x + small.width / 2, small.y + 20);
    await ada.mouse.down();
    await ada.mouse.move(stage.x + 200, stage.y + 150, { steps: 5 });
    await ada.mouse.up();
    const dragged = await boxOf(ada, own);
    check(dragged.x < stage.x + 40 && dragged.y < stage.y + stage.height / 2, "in the corner it was drawn to");
    check((await boxOf(ada, ".tile:not(.own)")).width === stage.width, "a drag is no press");
    await ada.locator(own).getByRole("button", { name: "Into the next corner" }).press("Enter");
    check((await boxOf(ada, own)).x > stage.x + stage.width / 2, "in the next corner");
    // A press changes places, another one changes them back.
    await ada.locator(own).click({ position: { x: 60, y: 60 } });
    check((await boxOf(ada, own)).width === stage.width && (await boxOf(ada, ".tile:not(.own)")).width < stage.width / 3, "places changed");
    check((await ada.locator(".tile.own .tile-pin").getAttribute("aria-pressed")) === "true", "a pin that says so");
    await ada.locator(".tile.own .tile-pin").press("Enter");
    check((await boxOf(ada, ".tile:not(.own)")).width === stage.width, "places changed back");
    for (const [width, height] of [[390, 844], [844, 390]]) {
      await ada.setViewportSize({ width, height });
      await drawn(ada);
      if (width < 900) await ada.locator(".room").evaluate((room) => room.dataset.panel !== "none" && document.querySelector(`.for-${room.dataset.panel}`).click());
      await drawn(ada);
      const [whole, corner] = [await boxOf(ada, ".tiles"), await boxOf(ada, own)];
      check(corner.width * corner.height < (whole.width * whole.height) / 5, `a small picture at ${width} by ${height}`);
      check((await lostOf(ada)).every((lost) => lost < 0.01), `nothing lost at ${width} by ${height}`);
    }
    // Who has the stage by a pin and is left alone has it anyway.
    await ada.locator(".tile.own .tile-pin").press("Enter");
    await click(ben, "Leave");
    await ada.locator(".alone").waitFor();
    check((await ada.locator(".tile-pin[aria-pressed=true]").count()) === 0, "no pin where nobody else is");
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },

  async shares(browser) {
    const { ada, others: [ben, cleo] } = await meet(browser, ["Ben", "Cleo"]);
    for (const page of [ada, ben, cleo]) await drawScreen(page);
    const shown = () => ada.locator(".tile.screen:not(.own)").evaluateAll((tiles) => tiles.filter((tile) => tile.checkVisibility()).map((tile) => tile.textContent));
    await click(ben, "Share screen");
    await ada.locator(".tile.screen.main").waitFor();
    check(!(await ada.locator(".share-tabs").isVisible()), "no tabs for a single share");
    await click(cleo, "Share screen");
    const tabs = ada.getByRole("group", { name: "Shared screens" });
    await tabs.getByRole("button", { name: "Cleo: screen", pressed: true }).waitFor();
    check((await shown()).length === 1 && (await shown())[0].includes("Cleo"), "the newest share alone");
    await tabs.getByRole("button", { name: "Ben: screen" }).click();
    check((await shown())[0].includes("Ben"), "the one that was chosen");
    await ada.locator(".tile:not(.own, .screen)").first().click();
    check((await shown()).length === 0, "a face in the place of the shares");
    await tabs.getByRole("button", { name: "Ben: screen" }).click();
    check((await shown())[0].includes("Ben"), "back to the share");
    await click(ada, "Share screen");
    const card = ada.locator(".share-card");
    await card.getByText("You are sharing").waitFor();
    check((await card.locator("video").count()) === 0, "no hall of mirrors");
    await ben.locator(".tile.screen.main", { hasText: "Ada" }).waitFor();
    await card.getByRole("button", { name: "Stop sharing" }).click();
    await card.waitFor({ state: "detached" });
    await click(ben, "Share screen");
    await click(cleo, "Share screen");
    await ada.waitForFunction(() => document.querySelectorAll(".tile.screen").length === 0);
    check(!(await tabs.isVisible()), "no tabs without shares");
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },

  async speaking(browser) {
    const { ada, others: [ben, cleo] } = await meet(browser, ["Ben", "Cleo", "Dmitri"], { prepare: voice });
    check((await ada.locator(".tile.main").count()) === 0, "no one on the stage in silence");
    const stageOf = (name) => ada.locator(".tile.main", { hasText: name }).waitFor();
    await ben.evaluate(() => window.speak(true));
    await stageOf("Ben");
    await ben.evaluate(() => window.speak(false));
    await cleo.evaluate(() => window.speak(true));
    await stageOf("Cleo");
    // Who wants all of the same size has them so; a pin holds against every voice.
    await click(ada, "All of the same size");
    await ada.locator(".tile.main").waitFor({ state: "detached" });
    await ada.locator(".tile", { hasText: "Dmitri" }).click();
    await stageOf("Dmitri");
    await click(ada, "All of the same size");
    check((await ada.locator(".tile.main").textContent()).includes("Dmitri"), "the pinned one still");
    await ada.locator(".tile", { hasText: "Dmitri" }).click({ position: { x: 30, y: 100 } });
    await stageOf("Cleo");
  },

  async manyPeople(browser) {
    const ada = await newPerson(browser, { viewport: { width: 700, height: 520 }, devices: false });
    const client = makeClient(io);
    const { link, hostLink } = await client.createRoom({ server: url, capacity: 50 });
    await openLink(ada, hostLink);
    await goIn(ada, "Ada");
    const rooms = [];
    for (let at = 0; at < GUESTS; at += 1) {
      const room = await client.joinRoom(link, { name: `Guest ${at}`, storage: null });
      await room.request("call-state", { state: "joined" });
      rooms.push(room);
    }
    await ada.waitForFunction((count) => document.querySelectorAll(".tile").length === count, GUESTS + 1);
    await ada.locator(".tile").nth(3).click();
    const stuck = await boxOf(ada, ".tile.main");
    check(stuck.width * stuck.height > 0.4 * (await boxOf(ada, ".tiles")).width * (await boxOf(ada, ".tiles")).height, "most of the stage");
    const last = ada.locator(".tile").last();
    const visible = () => last.evaluate((tile) => {
      const [box, stage] = [tile.getBoundingClientRect(), document.querySelector(".tiles").getBoundingClientRect()];
      return box.right <= stage.right + 1 && box.bottom <= stage.bottom + 1;
    });
    check(!(await visible()), "more people than fit");
    await ada.locator(".tiles").evaluate((tiles) => tiles.scrollTo(tiles.scrollWidth, tiles.scrollHeight));
    await drawn(ada);
    check(await visible(), "the last one, after scrolling");
    check(JSON.stringify(await boxOf(ada, ".tile.main")) === JSON.stringify(stuck), "what has the stage stays");
    for (const room of rooms) await room.leave();
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },

  async views(browser) {
    const { ada } = await meet(browser, ["Ben"]);
    await click(ada, "Full screen");
    await ada.waitForFunction(() => document.fullscreenElement && document.querySelector(".for-expand").ariaPressed === "true");
    await click(ada, "Full screen");
    await ada.waitForFunction(() => !document.fullscreenElement);
    const hasWindow = await ada.evaluate(() => "documentPictureInPicture" in window);
    if (!hasWindow) return;
    await click(ada, "Picture in picture");
    await ada.waitForFunction(() => window.documentPictureInPicture.window?.document.querySelector("video")?.videoWidth > 0);
    const inside = (action) => ada.evaluate((selector) => window.documentPictureInPicture.window.document.querySelector(selector).click(), action);
    await inside(".for-mic");
    await ada.locator(".controls [aria-label=Mic][aria-pressed=false]").waitFor();
    await ada.waitForFunction(() => window.documentPictureInPicture.window.document.querySelector(".for-mic").ariaPressed === "false");
    await click(ada, "Picture in picture");
    await ada.waitForFunction(() => !window.documentPictureInPicture.window);
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },
};

await main(async (browser) => {
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      await part(browser);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    for (const context of browser.contexts()) await context.close();
  }
  return { done: Object.keys(PARTS) };
});
// Sockets of the client would keep the process for their reconnections.
setImmediate(() => process.exit());
