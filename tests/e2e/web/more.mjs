// Captions for whoever asks and nobody else, and a recording of which everybody is told. node more.mjs URL
import { readFile } from "node:fs/promises";
import { main } from "../../support/browser.mjs";
import { boxProblems } from "./measure.mjs";
import { check, click, drawn, goIn, inside, LIMIT_MS, makeRoom, newPerson, openLink, seesMoving } from "./pages.mjs";

const [url, wanted] = process.argv.slice(2);
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };
const CLIP_MS = 2_500;

/** A browser that writes down what the test says: no engine hears anything where there is no network. */
function scribe() {
  window.scribes = [];
  window.SpeechRecognition = class {
    static available = async () => "available";
    start(track) {
      this.track = track;
      window.scribes.push(this);
    }
    abort() {
      window.scribes = window.scribes.filter((one) => one !== this);
    }
  };
  window.dictate = (text, isFinal = true) => {
    const results = [Object.assign([{ transcript: text }], { isFinal })];
    for (const one of window.scribes) one.onresult({ resultIndex: 0, results });
  };
}

/** What goes over the wire of the page, as it is sent. */
function listened() {
  const { send } = WebSocket.prototype;
  window.sent = [];
  WebSocket.prototype.send = function (data) {
    window.sent.push(typeof data === "string" ? data : "");
    return send.call(this, data);
  };
}

async function meet(browser, names) {
  const ada = await newPerson(browser, { viewport: DESKTOP, acceptDownloads: true });
  const link = await makeRoom(ada, url, { capacity: "4" });
  await goIn(ada, "Ada");
  const others = [];
  for (const name of names) {
    const page = await newPerson(browser, { viewport: DESKTOP });
    await page.addInitScript(scribe);
    await page.addInitScript(listened);
    await openLink(page, link);
    await goIn(page, name);
    others.push(page);
  }
  await seesMoving(ada, names.length);
  return { ada, others, link };
}

async function turn(page, name, on) {
  await click(page, "Captions and recording");
  const dialog = page.getByRole("dialog", { name: "Captions and recording" });
  await dialog.getByRole("switch", { name, exact: true }).setChecked(on);
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
}

const caption = (page, text) => page.locator(".caption").filter({ hasText: text });

async function fits(page, what) {
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    await drawn(page);
    const problems = await page.evaluate(boxProblems, { ...size, leastTile: 0 });
    check(problems.length === 0, `${what} fits ${size.width} px, not ${problems}`);
  }
}

const PARTS = {
  async captions(browser) {
    const { ada, others: [ben, cleo] } = await meet(browser, ["Ben", "Cleo"]);
    await turn(ada, "Captions", true);
    for (const page of [ben, cleo]) await page.getByRole("group", { name: /Ada would like to read what you say/ }).waitFor();
    await fits(ben, "the question");
    check((await ben.evaluate(() => window.scribes.length)) === 0, "nothing written down unasked");
    await click(ben, "Write it down");
    await click(cleo, "No");
    await ada.getByText("There are no captions of Cleo").first().waitFor();
    await ben.waitForFunction(() => window.scribes.length === 1 && window.scribes[0].track?.kind === "audio" && window.scribes[0].processLocally);
    await ben.evaluate(() => window.dictate("a half sentence", false));
    await caption(ada, "a half sentence").waitFor();
    await ben.evaluate(() => window.dictate("a half sentence that is whole now"));
    await caption(ada, "whole now").waitFor();
    check((await ada.locator(".caption").count()) === 1, "one row for each who speaks");
    await fits(ada, "captions");
    check((await cleo.locator(".caption").count()) === 0, "nothing for whoever has not asked");
    check(!(await ben.evaluate(() => window.sent.some((data) => data.includes("half sentence")))), "in a sealed room nothing goes out in clear");
    await ada.locator(".caption").waitFor({ state: "detached", timeout: LIMIT_MS });
    // The microphone off: nothing is heard.
    await click(ben, "Mic");
    await ben.waitForFunction(() => window.scribes.length === 0);
    await click(ben, "Mic");
    await ben.waitForFunction(() => window.scribes.length === 1);
    // Loaded anew, the speaker does not know who reads, and asks.
    await ben.reload();
    await inside(ben);
    await click(ben, "Write it down");
    await ben.waitForFunction(() => window.scribes.length === 1);
    await turn(ada, "Captions", false);
    await ben.waitForFunction(() => window.scribes.length === 0);
    return { errors: [...ada.errors, ...ben.errors, ...cleo.errors] };
  },

  async recording(browser) {
    const { ada, others: [ben], link } = await meet(browser, ["Ben"]);
    await turn(ada, "Recording", true);
    await ben.locator(".banner", { hasText: "Ada is recording" }).waitFor();
    await ada.locator(".banner", { hasText: "You are recording" }).waitFor();
    await fits(ada, "one's own recording");
    await fits(ben, "somebody's recording");
    // Whoever comes later sees it, too.
    const dan = await newPerson(browser, { viewport: DESKTOP });
    await openLink(dan, link);
    await goIn(dan, "Dan");
    await dan.locator(".banner", { hasText: "Ada is recording" }).waitFor();
    await ada.waitForTimeout(CLIP_MS); // of film
    const [download] = await Promise.all([ada.waitForEvent("download"), click(ada, "Stop recording")]);
    for (const page of [ada, ben, dan]) await page.locator(".banner").waitFor({ state: "hidden" });
    check(/^mayfly-[\d-]+\.webm$/.test(download.suggestedFilename()), `a name, not ${download.suggestedFilename()}`);
    const film = await readFile(await download.path());
    const seen = await ada.evaluate(watched, film.toString("base64"));
    check(seen.width === 1280 && seen.height === 720, `${JSON.stringify(seen)} is the film`);
    check(seen.moves && seen.loud > 0, `picture and sound, not ${JSON.stringify(seen)}`);
    // Leaving ends and saves it; the mark goes with the seat.
    await turn(ada, "Recording", true);
    await ben.locator(".banner", { hasText: "Ada is recording" }).waitFor();
    // A page loaded anew records no more, and says so.
    await ada.reload();
    await inside(ada);
    await ben.locator(".banner").waitFor({ state: "hidden" });
    return { errors: [...ada.errors, ...ben.errors, ...dan.errors] };
  },
};

/** Plays a film: its size, whether the picture changes, and how loud it gets. */
async function watched(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const blob = new Blob([bytes], { type: "video/webm" });
  const video = Object.assign(document.createElement("video"), { src: URL.createObjectURL(blob), muted: true });
  const audio = await new AudioContext().decodeAudioData(await blob.arrayBuffer()).catch(() => null);
  const loud = audio ? audio.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0) : -1;
  await video.play();
  const canvas = new OffscreenCanvas(64, 36).getContext("2d");
  const pictures = new Set();
  while (!video.ended && pictures.size < 3) {
    canvas.drawImage(video, 0, 0, 64, 36);
    pictures.add(canvas.getImageData(0, 0, 64, 36).data.join());
    await new Promise((done) => setTimeout(done, 100));
  }
  return { width: video.videoWidth, height: video.videoHeight, moves: pictures.size > 1, loud };
}

await main(async (browser) => {
  const errors = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted && wanted !== name) continue;
    errors.push(...(await part(browser)).errors);
    for (const context of browser.contexts()) await context.close();
  }
  // A file that the page makes is saved, and not gone to.
  return { errors: errors.filter((error) => !/blob:.*net::ERR_ABORTED/.test(error)) };
});
