// Background blur, as one who uses it and the other in the call see it. node blurred.mjs URL [PART,…]
import { launchBrowser } from "../../support/browser.mjs";
import { check, click, goIn, inside, LIMIT_MS, makeRoom, newPerson, seesMoving } from "./pages.mjs";

const [url, wanted] = process.argv.slice(2);

/** Whatever the worker measures, it says five pictures a second, and often. */
function measuredSlow() {
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...args) {
      super(...args);
      setInterval(() => this.dispatchEvent(new MessageEvent("message", { data: { perSecond: 5 } })), 300);
    }
  };
}

/** A camera that shows fine stripes and nobody: blurred, no stripe is left. It moves, so that pictures can be told apart. */
function stripes() {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    if (!wish.video) return stream;
    const [device] = stream.getVideoTracks();
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const pen = canvas.getContext("2d");
    let at = 0;
    const draw = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, 320, 180);
      pen.fillStyle = "#000";
      at += 2;
      for (let left = at % 16; left < 320; left += 16) pen.fillRect(left, 0, 8, 180);
    };
    draw();
    const timer = setInterval(draw, 100);
    const [track] = canvas.captureStream().getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => (clearInterval(timer), device.stop(), stop());
    track.getSettings = () => device.getSettings();
    return new MediaStream([track]);
  };
}

/**
 * How much neighbouring points at both sides of a video differ on average, of 255: stripes above 15, a blur of them below 8. Not
 * in the middle, where the model now and then takes them for somebody.
 */
function sharpness(selector) {
  const video = document.querySelector(selector);
  if (!video?.videoWidth) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, 160, 90);
  let [sum, points] = [0, 0];
  for (const left of [0, 144]) {
    const { data } = pen.getImageData(left, 0, 16, 90);
    for (let point = 4; point < data.length; point += 4) {
      if (point % 64 === 0) continue; // The first of a row.
      sum += Math.abs(data[point] - data[point - 4]);
      points += 1;
    }
  }
  return sum / points;
}

const OWN = ".tile.own video";
const OTHER = ".tile:not(.own) video";
const DOOR = ".preview video";

async function looks(page, selector, isBlurred) {
  await page.evaluate(`window.sharpness = ${sharpness}`);
  const isSo = ([of, blurred]) => {
    const value = window.sharpness(of);
    return value !== null && (blurred ? value < 8 : value > 15);
  };
  await page.waitForFunction(isSo, [selector, isBlurred], { polling: 100 }).catch(async (error) => {
    const value = await page.evaluate((of) => window.sharpness(of), selector);
    throw new Error(`${selector} should be ${isBlurred ? "blurred" : "sharp"}, and is ${value}`, { cause: error });
  });
}

/** The sharpest picture of the other from now on, until it is asked for. */
const watchOther = (page) =>
  page.evaluate((selector) => {
    window.sharpest = 0;
    const look = () => (window.sharpest = Math.max(window.sharpest, window.sharpness(selector) ?? 0));
    const timer = setInterval(look, 30);
    window.stopWatching = () => (clearInterval(timer), window.sharpest);
  }, OTHER);

async function setBlur(page, on) {
  await click(page, "Devices");
  await page.getByRole("switch", { name: "Background blur" }).setChecked(on);
  await page.keyboard.press("Escape");
}

async function two(browser, { prepare } = {}) {
  const [ada, ben] = [await newPerson(browser), await newPerson(browser, { devices: false })];
  await ada.addInitScript(stripes);
  if (prepare) await ada.addInitScript(prepare);
  ada.asked = [];
  ada.on("request", (request) => ada.asked.push(new URL(request.url()).pathname));
  await makeRoom(ada, url);
  return { ada, ben };
}

async function meet(ada, ben) {
  await goIn(ada, "Ada");
  await ben.goto(ada.url());
  await goIn(ben, "Ben");
  await seesMoving(ben, 1);
}

const PARTS = {
  async inCall(browser) {
    const { ada, ben } = await two(browser);
    await meet(ada, ben);
    await looks(ben, OTHER, false);
    check(!ada.asked.some((path) => /blur|tflite/.test(path)), "nothing of it is fetched before it is wished for");
    await setBlur(ada, true);
    await looks(ada, OWN, true);
    await looks(ben, OTHER, true);
    await seesMoving(ben, 1);
    // Off and on with the button, another camera, and a reload: not one sharp picture comes across.
    await watchOther(ben);
    await click(ada, "Camera");
    await ben.locator(".tile:not(.own):not(.with-video)").waitFor();
    await click(ada, "Camera");
    await looks(ben, OTHER, true);
    await click(ada, "Devices");
    await ada.getByRole("combobox", { name: "Camera" }).selectOption({ index: 1 });
    await ada.waitForFunction(() => document.querySelector(".tile.own video").srcObject?.getVideoTracks()[0]?.getSettings().deviceId === document.querySelector("#switch-video").value);
    await ada.keyboard.press("Escape");
    await looks(ada, OWN, true);
    await seesMoving(ben, 1);
    const sharpest = await ben.evaluate(() => window.stopWatching());
    check(sharpest < 8, `no picture of ${sharpest}`);
    await setBlur(ada, false);
    await looks(ada, OWN, false);
    await looks(ben, OTHER, false);
    check(ada.errors.length === 0 && ben.errors.length === 0, `no errors: ${ada.errors} ${ben.errors}`);
  },

  /** Chosen at the door: who is inside already never sees a sharp picture, neither then nor after a reload. */
  async fromTheDoor(browser) {
    const { ada, ben } = await two(browser);
    await ben.goto(ada.url());
    await goIn(ben, "Ben");
    await ben.evaluate(`window.sharpness = ${sharpness}`);
    await watchOther(ben);
    await looks(ada, DOOR, false);
    await ada.getByText("Choose devices").click();
    await ada.getByRole("switch", { name: "Background blur" }).check();
    await looks(ada, DOOR, true);
    await goIn(ada, "Ada");
    await looks(ada, OWN, true);
    await looks(ben, OTHER, true);
    await ada.reload();
    await inside(ada);
    await looks(ada, OWN, true);
    await seesMoving(ben, 1);
    const sharpest = await ben.evaluate(() => window.stopWatching());
    check(sharpest > 0 && sharpest < 8, `pictures, and none of ${sharpest}`);
    check(ada.workers().length === 1, "one worker");
    await ada.evaluate(() => (window.before = document.querySelector(".tile.own video").srcObject.getTracks()));
    const closed = new Promise((resolve) => ada.workers()[0].once("close", resolve));
    await click(ada, "Leave");
    await ada.getByRole("dialog").getByRole("button", { name: "Leave", exact: true }).click();
    await Promise.race([closed, ada.waitForTimeout(LIMIT_MS)]);
    check(ada.workers().length === 0, "no worker of whoever has left");
    check(await ada.evaluate(() => window.before.every(({ readyState }) => readyState === "ended")), "and nothing open");
    check(ada.errors.length === 0 && ben.errors.length === 0, `no errors: ${ada.errors} ${ben.errors}`);
  },

  /** Wished for while the room is still on its way: the camera of the door, open already, is not the one that is sent. */
  async atTheLast(browser) {
    const [ada, ben] = [await newPerson(browser), await newPerson(browser, { devices: false })];
    await ada.addInitScript(stripes);
    await makeRoom(ben, url);
    await goIn(ben, "Ben");
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    await ada.route(/\/room-view-/, async (route) => (await gate, route.continue()));
    await ada.goto(ben.url());
    await looks(ada, DOOR, false);
    await ada.getByText("Choose devices").click();
    await ada.getByLabel("Your name").fill("Ada");
    await click(ada, "Join");
    await ben.evaluate(`window.sharpness = ${sharpness}`);
    await watchOther(ben);
    await ada.getByRole("switch", { name: "Background blur" }).check();
    go();
    await inside(ada);
    await looks(ada, OWN, true);
    await looks(ben, OTHER, true);
    const sharpest = await ben.evaluate(() => window.stopWatching());
    check(sharpest > 0 && sharpest < 8, `pictures, and none of ${sharpest}`);
  },

  /** What does not load leaves the camera off, until the person decides to be seen without. */
  async broken(browser) {
    const { ada, ben } = await two(browser);
    await ada.route(/\.wasm$/, (route) => route.fulfill({ status: 404 }));
    await meet(ada, ben);
    await looks(ben, OTHER, false);
    await click(ada, "Devices");
    await ada.getByRole("switch", { name: "Background blur" }).check();
    await ada.getByRole("alert").filter({ hasText: "so the camera stays off" }).waitFor();
    await ben.locator(".tile:not(.own):not(.with-video)").waitFor();
    await ada.keyboard.press("Escape");
    await click(ada, "Camera");
    await ada.locator(".toast", { hasText: "switch blur off under" }).waitFor();
    check((await ben.locator(".tile:not(.own).with-video").count()) === 0, "no picture of whoever asked for blur");
    await setBlur(ada, false);
    await click(ada, "Camera");
    await looks(ben, OTHER, false);
  },

  /** Whoever leaves before it has come: the camera was never on. */
  async calledOff(browser) {
    const { ada } = await two(browser);
    await goIn(ada, "Ada");
    await looks(ada, OWN, false);
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    await ada.route(/\.wasm$/, async (route) => (await gate, route.continue()));
    await ada.evaluate(() => {
      window.opened = 0;
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (wish) => ((window.opened += wish.video ? 1 : 0), open(wish));
    });
    const asked = ada.waitForRequest(/\.wasm$/);
    await click(ada, "Devices");
    await ada.getByRole("switch", { name: "Background blur" }).check();
    await asked;
    await ada.keyboard.press("Escape");
    await click(ada, "Camera");
    const came = ada.waitForResponse(/\.wasm$/);
    go();
    await came;
    await ada.waitForTimeout(500);
    check((await ada.evaluate(() => window.opened)) === 0, "no camera that was called off");
    check((await ada.locator(".tile.own.with-video").count()) === 0, "no picture");
    await click(ada, "Camera");
    await looks(ada, OWN, true);
  },

  /** Too few pictures a second are told, and blur is off if one wants it. */
  async slow(browser) {
    const { ada, ben } = await two(browser, { prepare: measuredSlow });
    await meet(ada, ben);
    await setBlur(ada, true);
    await looks(ben, OTHER, true);
    await ada.locator(".toast.question", { hasText: "5 pictures a second" }).waitFor();
    await click(ada, "Switch it off");
    await looks(ben, OTHER, false);
    await click(ada, "Devices");
    check(!(await ada.getByRole("switch", { name: "Background blur" }).isChecked()), "the switch says so");
  },
};

const names = wanted ? wanted.split(",") : Object.keys(PARTS);
const browser = await launchBrowser({ camera: ["--use-fake-device-for-media-stream=device-count=2,fps=10"] });
try {
  for (const name of names) {
    try {
      await PARTS[name](browser);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    for (const context of browser.contexts()) await context.close();
  }
  console.log(JSON.stringify({ done: names }));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
