// What a person is told of their own devices, and what they choose of them. node own-devices.mjs URL
import { launchBrowser } from "../../support/browser.mjs";
import { check, click, goIn, inside, makeRoom, newPerson, seesMoving } from "./pages.mjs";

const [url] = process.argv.slice(2);

/** A microphone that the test speaks into. */
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

async function alone(browser, { prepare, ...options } = {}) {
  const ada = await newPerson(browser, options);
  if (prepare) await ada.addInitScript(prepare);
  await makeRoom(ada, url);
  await goIn(ada, "Ada");
  return ada;
}

const mic = (page) => page.locator(".controls").getByRole("button", { name: "Mic", exact: true });
const advice = (page) => page.locator(".toast", { hasText: "You are muted." });

const PARTS = {
  async muted(browser) {
    const ada = await alone(browser, { prepare: voice });
    await ada.evaluate(() => window.speak(true));
    await ada.waitForFunction(() => Number(document.querySelector(".mic-level").style.transform.slice(7, -1)) > 0.5);
    check((await advice(ada).count()) === 0, "no advice while one is heard");
    await mic(ada).click();
    await advice(ada).waitFor();
    check((await ada.locator(".mic-level").evaluate((level) => level.style.transform)) === "scaleX(0)", "no level of a microphone that is off");
    await mic(ada).click();
    await ada.waitForFunction(() => Number(document.querySelector(".mic-level").style.transform.slice(7, -1)) > 0.5);
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },

  async speaker(browser) {
    const ada = await alone(browser);
    const ben = await newPerson(browser, { devices: false });
    await ben.goto(ada.url());
    await goIn(ben, "Ben");
    await ada.locator(".tile:not(.own)").waitFor();
    await click(ada, "Devices");
    const select = ada.getByRole("combobox", { name: "Speaker" });
    await select.waitFor();
    const chosen = await select.locator("option").last().getAttribute("value");
    check(chosen !== "default", "more than one speaker to choose from");
    await select.selectOption(chosen);
    await ada.waitForFunction((id) => document.querySelector(".tile:not(.own) video").sinkId === id, chosen);
    await ada.evaluate(() => {
      window.heard = [];
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        return play.call(this).then((done) => (window.heard.push(this.sinkId), done));
      };
    });
    await click(ada, "Test the sound");
    await ada.waitForFunction((id) => window.heard.includes(id), chosen);
    await ada.reload();
    await inside(ada);
    await ada.waitForFunction((id) => document.querySelector(".tile:not(.own) video")?.sinkId === id, chosen);
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },

  async noise(browser) {
    const ada = await newPerson(browser);
    await makeRoom(ada, url);
    const set = async (on) => {
      const field = ada.getByRole("switch", { name: "Noise suppression" });
      await field.setChecked(on);
      check((await ada.locator(".problem:visible").count()) === 0, "nothing to complain of");
    };
    // Off while one looks at oneself: what is handed over to the call is without it.
    await ada.getByText("Choose devices").click();
    check(await ada.getByRole("switch", { name: "Noise suppression" }).isChecked(), "it is on at first");
    await set(false);
    await goIn(ada, "Ada");
    const says = (on) => ada.waitForFunction((wanted) => document.querySelector(".tile.own video")?.srcObject?.getAudioTracks()[0]?.getSettings().noiseSuppression === wanted, on);
    await says(false);
    const ben = await newPerson(browser);
    await ben.goto(ada.url());
    await goIn(ben, "Ben");
    await seesMoving(ben, 1);
    // Another track in the place of the one before: the same connection, which goes on to bring sound.
    const heard = () => ben.evaluate(() => document.querySelector(".tile:not(.own) video").srcObject.getAudioTracks().map(({ id, readyState, muted }) => [id, readyState, muted].join()).join(";"));
    const before = await heard();
    await click(ada, "Devices");
    await set(true);
    await says(true);
    check((await heard()) === before && before.endsWith("live,false"), `the other's track goes on: ${before}`);
    await set(false);
    await says(false);
    await ada.reload();
    await inside(ada);
    await says(false);
    await click(ada, "Devices");
    check(!(await ada.getByRole("switch", { name: "Noise suppression" }).isChecked()), "it is remembered");
    check(ada.errors.length === 0 && ben.errors.length === 0, `no errors: ${ada.errors}${ben.errors}`);
  },

  async flip(browser) {
    const ada = await alone(browser, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    const camera = () => ada.evaluate(() => document.querySelector(".tile.own video").srcObject?.getVideoTracks()[0]?.getSettings().deviceId);
    await ada.locator(".tile.own.with-video").waitFor();
    const first = await camera();
    await click(ada, "Use the other camera");
    await ada.waitForFunction((id) => {
      const now = document.querySelector(".tile.own video").srcObject?.getVideoTracks()[0]?.getSettings().deviceId;
      return now && now !== id;
    }, first);
    await click(ada, "Use the other camera");
    await ada.waitForFunction((id) => document.querySelector(".tile.own video").srcObject?.getVideoTracks()[0]?.getSettings().deviceId === id, first);
    await ada.setViewportSize({ width: 1200, height: 800 });
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },
};

const browser = await launchBrowser({ whole: true, camera: ["--use-fake-device-for-media-stream=device-count=2,fps=10"] });
try {
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      await part(browser);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    for (const context of browser.contexts()) await context.close();
  }
  console.log(JSON.stringify({ done: Object.keys(PARTS) }));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
