/** What opens above the room: leaving, devices, and what the encryption means. */

import { h } from "./dom.js";
import { reopenCamera } from "./camera.js";
import { blurSwitch, noiseSwitch } from "./device-switches.js";
import { deviceWords, saveDevices } from "./device-words.js";
import { errorWords } from "./error-words.js";
import { actionButton, openDialog, switchField } from "./parts.js";
import { prefs, setPrefs } from "./prefs.js";
import { icon } from "./icons.js";
import { openKeys } from "./keys.js";
import { fillSelect } from "./preview.js";
import { canChoose, chooseSpeaker, testSpeaker } from "./speakers.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

/** @param {{room: Room, toast: (words: string) => void, isSending: boolean, leave: () => Promise<void>}} props */
export function openLeave({ room, toast, isSending, leave }) {
  const isHost = room.getSnapshot().self?.role === "host";
  openDialog({
    title: t("leave.title"),
    class: "small",
    body: (close) => [
      isHost && h("p", {}, t("leave.host")),
      isSending && h("p", {}, t("leave.sending")),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", type: "button", onclick: close }, t("leave.stay")),
        isHost &&
          actionButton(
            t("leave.end"),
            async () => {
              try {
                await room.end();
              } catch (error) {
                toast(errorWords(error));
              }
              close();
            },
            { class: "button danger-quiet", busy: t("leave.ending") },
          ),
        actionButton(t("leave"), leave, { class: "button danger", busy: t("leave.leaving") }),
      ),
    ],
  });
}

/**
 * @param {{client: Client, room: Room, speakerChosen: () => void}} props called after a choice that is kept (prefs.js)
 */
export async function openDevices({ client, room, speakerChosen }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const field = (id, label, onchange) => h("div", { class: "field" }, h("label", { htmlFor: id }, label), h("select", { id, onchange }));
  const device = (slot, label) =>
    field(`switch-${slot}`, label, async ({ target }) => {
      problem.hidden = true;
      saveDevices({ [`${slot}Id`]: target.value });
      try {
        await room.call.switchDevice(slot, target.value);
        noise?.look();
      } catch (error) {
        problem.textContent = deviceWords(error, slot, { inside: true });
        problem.hidden = false;
      }
    });
  const fields = { audio: device("audio", t("microphone")), video: device("video", t("camera")) };
  const speaker = field("switch-speaker", t("speaker"), async ({ target }) => {
    problem.hidden = true;
    try {
      await chooseSpeaker(target.value);
      speakerChosen();
    } catch {
      problem.textContent = t("devices.speakerFailed");
      problem.hidden = false;
    }
  });
  const test = actionButton(t("devices.test"), testSpeaker, { class: "button small", busy: t("devices.testing"), before: icon("sound", 18) });
  const none = h("p", { class: "hint", hidden: true }, t("devices.none"));
  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  const noise = noiseSwitch({ track: () => room.call.getSnapshot().localStream?.getAudioTracks()[0], set: (on) => room.call.setNoiseSuppression(on), say });
  const blur = blurSwitch({ reopen: () => reopenCamera(room), inside: true, say });
  const pref = (name, label, hint) =>
    switchField({ name, label, hint, checked: prefs()[name], onchange: ({ target }) => setPrefs({ [name]: target.checked }) });
  openDialog({
    title: t("devices"),
    class: "small",
    body: (close) => [
      fields.audio,
      fields.video,
      speaker,
      h("div", {}, test),
      noise?.element,
      blur?.element,
      pref("sounds", t("devices.sounds"), t("devices.soundsMore")),
      none,
      problem,
      h("div", {}, h("button", { class: "link-button", type: "button", onclick: () => (close(), openKeys()) }, t("keys.title"))),
    ].filter(Boolean),
  });
  const { cameras, microphones, speakers } = await client.listDevices();
  const stream = room.call.getSnapshot().localStream;
  const chosen = { getSettings: () => ({ deviceId: prefs().speaker || "default" }) };
  for (const [element, devices, track] of [
    [fields.audio, microphones, stream?.getAudioTracks()[0]],
    [fields.video, cameras, stream?.getVideoTracks()[0]],
    [speaker, canChoose() ? speakers : [], chosen],
  ]) {
    fillSelect(element.querySelector("select"), devices, track);
    element.hidden = devices.length === 0;
  }
  none.hidden = cameras.length + microphones.length > 0;
}

export function openEncryption(encrypted) {
  const words = encrypted
    ? [t("encryption.key"), t("encryption.link"), t("encryption.page")]
    : [t("encryption.noKey"), t("encryption.noProof")];
  openDialog({ title: t(encrypted ? "encrypted" : "notEncrypted"), class: "small", body: words.map((text) => h("p", {}, text)) });
}
