/** Camera, microphone and speaker on the check page: each opened by its own press, and heard or seen by whoever is there. */

import { h } from "../dom.js";
import { actionButton } from "../parts.js";
import { deviceWords } from "../device-words.js";
import { t } from "../words.js";

/** @typedef {typeof import("../../../client/browser.js")} Client */

const LISTEN_MS = 4_000;
const HEARD = 0.25;
const TONE_MS = 1_200;
const TONE_HZ = [523.25, 659.25];

/** @param {{client: Client, scope: import("../scope.js").Scope, set: (id: string, state: string, words: string) => void}} parts */
export function deviceChecks({ client, scope, set }) {
  return { microphone: microphone(client, scope, set), camera: camera(client, scope, set), speaker: speaker(scope, set) };
}

function microphone(client, scope, set) {
  const fill = h("span", { class: "level-fill" });
  const meter = h("div", { class: "level check-level", "aria-hidden": "true", hidden: true }, fill);
  const run = async () => {
    let track;
    try {
      track = await client.openMicrophone();
    } catch (error) {
      return set("microphone", "bad", deviceWords(error, "audio"));
    }
    const close = scope.add(() => track.stop());
    meter.hidden = false;
    set("microphone", "open", t("check.saySomething"));
    let loudest = 0;
    const stop = client.watchLevel(track, (level) => {
      loudest = Math.max(loudest, level);
      fill.style.transform = `scaleX(${level})`;
    });
    await new Promise((resolve) => scope.after(LISTEN_MS, resolve));
    stop();
    close();
    meter.hidden = true;
    if (loudest >= HEARD) set("microphone", "good", t("check.hears"));
    else set("microphone", "unsure", t("check.hearsNothing"));
  };
  return [actionButton(t("check.try"), run, { class: "button small", busy: t("check.listening"), "aria-label": t("check.tryMicrophone") }), meter];
}

function camera(client, scope, set) {
  const video = h("video", { class: "check-video mirrored", muted: true, autoplay: true, playsInline: true, hidden: true, "aria-label": t("check.yourCamera") });
  const run = async () => {
    let track;
    try {
      track = await client.openCamera();
    } catch (error) {
      return set("camera", "bad", deviceWords(error, "video"));
    }
    const close = scope.add(() => track.stop());
    video.srcObject = new MediaStream([track]);
    video.hidden = false;
    const shows = await new Promise((resolve) => {
      video.addEventListener("resize", () => video.videoWidth > 2 && resolve(true));
      scope.after(LISTEN_MS, () => resolve(video.videoWidth > 2));
    });
    if (shows) set("camera", "good", t("check.picture", { width: video.videoWidth, height: video.videoHeight }));
    else set("camera", "bad", t("check.noPicture"));
    // For as long as it takes to look at it.
    scope.after(LISTEN_MS, () => {
      close();
      video.srcObject = null;
      video.hidden = true;
    });
  };
  return [actionButton(t("check.try"), run, { class: "button small", busy: t("check.opening"), "aria-label": t("check.tryCamera") }), video];
}

function speaker(scope, set) {
  const answer = (state, words) => () => {
    question.hidden = true;
    set("speaker", state, words);
    play.focus();
  };
  const question = h(
    "span",
    { class: "check-answer", role: "group", "aria-label": t("check.didYouHear"), hidden: true },
    h("button", { class: "button small", type: "button", onclick: answer("good", t("check.heard")) }, t("check.heardIt")),
    h("button", { class: "button small", type: "button", onclick: answer("bad", t("check.notHeard")) }, t("check.heardNot")),
  );
  const play = actionButton(
    t("check.play"),
    async () => {
      try {
        await tone(scope);
      } catch {
        return set("speaker", "bad", t("check.noSound"));
      }
      set("speaker", "open", t("check.twoTones"));
      question.hidden = false;
    },
    { class: "button small", busy: t("check.playing") },
  );
  return [play, question];
}

async function tone(scope) {
  const context = new AudioContext();
  scope.add(() => context.close().catch(() => {}));
  const volume = context.createGain();
  volume.gain.value = 0.2;
  volume.connect(context.destination);
  TONE_HZ.forEach((frequency, at) => {
    const source = context.createOscillator();
    source.frequency.value = frequency;
    source.connect(volume);
    source.start(context.currentTime + (at * TONE_MS) / 2_000);
    source.stop(context.currentTime + ((at + 1) * TONE_MS) / 2_000);
  });
  await new Promise((resolve) => scope.after(TONE_MS, resolve));
}
