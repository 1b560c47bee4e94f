/** Camera and microphone before anybody sees or hears them: picture, level, choice of devices. */

import { blurSwitch, noiseSwitch } from "./device-switches.js";
import { deviceWords, savedDevices, saveDevices } from "./device-words.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { PreviewDevices } from "./preview-devices.js";
import { sentences, t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

const SLOTS = ["audio", "video"];

export class Preview {
  #client;
  #scope;
  #devices;
  #shown = {};
  #stopLevel = () => {};

  /** @param {{client: Client, scope: import("./scope.js").Scope}} props at the scope's end all that was not taken is closed */
  constructor({ client, scope }) {
    this.#client = client;
    this.#scope = scope;
    this.#devices = new PreviewDevices({ client, changed: () => this.#draw() });
    this.video = h("video", { class: "mirrored", muted: true, autoplay: true, playsInline: true, "aria-hidden": "true", hidden: true });
    this.words = h("p", { class: "preview-words", role: "status" });
    this.level = h("span", { class: "level-fill" });
    this.buttons = {
      audio: this.#toggle("audio", "mic", "micOff", t("microphone")),
      video: this.#toggle("video", "camera", "cameraOff", t("camera")),
    };
    this.selects = { audio: this.#select("audio", t("microphone")), video: this.#select("video", t("camera")) };
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.switches = this.#makeSwitches();
    this.choice = h(
      "details",
      { class: "device-choice", hidden: true },
      h("summary", {}, icon("devices", 18), t("preview.choose")),
      h("div", { class: "device-selects" }, this.selects.audio.parentElement, this.selects.video.parentElement),
      h("div", { class: "device-switches" }, this.switches.audio?.element, this.switches.video?.element, this.problem),
    );
    this.element = h(
      "section",
      { class: "preview", "aria-label": t("preview.label") },
      h(
        "div",
        { class: "preview-tile" },
        this.video,
        this.words,
        h("div", { class: "level", "aria-hidden": "true" }, this.level),
        h("div", { class: "preview-buttons" }, this.buttons.audio, this.buttons.video),
      ),
      this.choice,
    );
    scope.add(() => this.close());
  }

  async open() {
    const saved = savedDevices();
    await Promise.all(SLOTS.map((slot) => this.#devices.want(slot, saved[slot], saved[`${slot}Id`])));
    await this.#listDevices();
  }

  /** Hands the open devices over; see `PreviewDevices.take`. */
  take() {
    const taken = this.#devices.take();
    this.#rest();
    return taken;
  }

  close() {
    this.#devices.close();
    this.#rest();
  }

  #rest() {
    this.#stopLevel();
    this.#stopLevel = () => {};
    this.video.srcObject = null;
    this.#shown = {};
  }

  #draw() {
    const { audio, video } = { audio: this.#devices.of("audio"), video: this.#devices.of("video") };
    this.#show(audio.track, video.track);
    for (const slot of SLOTS) {
      const { button, on, off } = this.buttons[slot].parts;
      const isOn = Boolean(this.#devices.of(slot).track);
      button.setAttribute("aria-pressed", String(isOn));
      button.replaceChildren(icon(isOn ? on : off));
      button.classList.toggle("off", !isOn);
    }
    setText(this.words, this.#describe(audio, video));
    this.switches.audio?.look();
  }

  #show(audio, video) {
    if (video !== this.#shown.video) {
      this.video.srcObject = video ? new MediaStream([video]) : null;
      this.video.hidden = !video;
    }
    if (audio !== this.#shown.audio) {
      this.#stopLevel();
      this.level.style.transform = "scaleX(0)";
      const { level } = this;
      this.#stopLevel = this.#client.watchLevel(audio, (loud) => (level.style.transform = `scaleX(${loud})`));
    }
    this.#shown = { audio, video };
  }

  #describe(audio, video) {
    if (video.opening || audio.opening) return t(`preview.starting${video.opening && audio.opening ? "Both" : video.opening ? "Camera" : "Microphone"}`);
    const missing = (state) => state.error?.code === "DEVICE_MISSING";
    if (missing(audio) && missing(video)) return t("preview.none");
    const problems = [video.error && deviceWords(video.error, "video"), audio.error && deviceWords(audio.error, "audio")].filter(Boolean);
    return sentences(problems) || (video.track ? "" : t("preview.off"));
  }

  #toggle(slot, on, off, label) {
    const button = h("button", {
      class: "round off",
      type: "button",
      "aria-pressed": "false",
      "aria-label": label,
      title: label,
      onclick: async () => {
        const { track, opening } = this.#devices.of(slot);
        const wanted = !track && !opening;
        saveDevices({ [slot]: wanted });
        await this.#devices.want(slot, wanted, savedDevices()[`${slot}Id`]);
        await this.#listDevices();
      },
    });
    button.append(icon(off));
    button.parts = { button, on, off };
    return button;
  }

  #select(slot, label) {
    const id = `device-${slot}`;
    const select = h("select", {
      id,
      onchange: () => {
        saveDevices({ [`${slot}Id`]: select.value });
        this.#devices.want(slot, true, select.value);
      },
    });
    h("div", { class: "field device-field", hidden: true }, h("label", { htmlFor: id }, label), select);
    return select;
  }

  #makeSwitches() {
    const say = (problem) => {
      setText(this.problem, problem);
      this.problem.hidden = !problem;
    };
    const track = () => this.#devices.of("audio").track;
    return {
      audio: noiseSwitch({ track, set: (on) => this.#devices.suppressNoise(on), say }),
      video: blurSwitch({ reopen: () => this.#devices.reopenCamera(), say }),
    };
  }

  async #listDevices() {
    const { cameras, microphones } = await this.#client.listDevices();
    if (this.#scope.ended) return;
    fillSelect(this.selects.audio, microphones, this.#devices.of("audio").track);
    fillSelect(this.selects.video, cameras, this.#devices.of("video").track);
    const { audio, video } = this.switches;
    if (audio) audio.element.hidden = !microphones.length;
    if (video) video.element.hidden = !cameras.length;
    const hasSwitches = [audio, video].some((each) => each && !each.element.hidden);
    this.choice.hidden = microphones.length < 2 && cameras.length < 2 && !hasSwitches;
  }
}

/** One option for each device; the field is shown where there is a choice. */
export function fillSelect(select, devices, track) {
  const current = track?.getSettings().deviceId;
  select.replaceChildren(
    ...devices.map((device, at) => h("option", { value: device.deviceId, selected: device.deviceId === current }, device.label || t("deviceNumber", { number: at + 1 }))),
  );
  select.parentElement.hidden = devices.length < 2;
}
