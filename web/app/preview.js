/** Camera and microphone before anybody sees or hears them: picture, level, choice of devices. */

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

const KEY = "mayfly-page:devices";

/** What was chosen in this tab; a reload enters the room the same way. */
export function savedDevices() {
  try {
    return { audio: true, video: true, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { audio: true, video: true };
  }
}

export function saveDevices(patch) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...savedDevices(), ...patch }));
  } catch {
    // It then lasts as long as the page.
  }
}

const WORDS = {
  DEVICE_BLOCKED: (what) => `${what} is blocked. Allow it beside the address bar, or go in without.`,
  DEVICE_MISSING: (what) => `No ${what.toLowerCase()} found. You can go in without.`,
  DEVICE_BUSY: (what) => `${what} is used by another program.`,
  INSECURE_CONTEXT: (what) => `${what} needs a page served over HTTPS.`,
};

export const deviceWords = (error, what) => (WORDS[error?.code] ?? (() => `${what} could not be started.`))(what);

export class Preview {
  #client;
  #tracks = {};
  #stopLevel = () => {};
  #wanted;

  constructor(client) {
    this.#client = client;
    this.#wanted = savedDevices();
    this.video = h("video", { class: "mirrored", muted: true, autoplay: true, playsInline: true, "aria-hidden": "true" });
    this.words = h("p", { class: "preview-words", role: "status" });
    this.level = h("span", { class: "level-fill" });
    this.buttons = {
      audio: this.#toggle("audio", "mic", "micOff", "Microphone"),
      video: this.#toggle("video", "camera", "cameraOff", "Camera"),
    };
    this.selects = { audio: this.#select("audio", "Microphone"), video: this.#select("video", "Camera") };
    this.choice = h(
      "details",
      { class: "device-choice", hidden: true },
      h("summary", {}, icon("devices", 18), "Choose devices"),
      h("div", { class: "device-selects" }, this.selects.audio.parentElement, this.selects.video.parentElement),
    );
    this.element = h(
      "section",
      { class: "preview", "aria-label": "Camera and microphone" },
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
  }

  async open() {
    this.#describe("Starting camera and microphone …");
    await Promise.all([this.#set("audio", this.#wanted.audio), this.#set("video", this.#wanted.video)]);
    await this.#listDevices();
  }

  /**
   * Hands the open devices over; the preview no longer closes them. `true` stands for one that is still being opened: who
   * is quick to press "Join" goes in with the camera all the same.
   */
  take() {
    const of = (slot) => this.#tracks[slot] ?? this.#opening.has(slot);
    const taken = { audio: of("audio"), video: of("video") };
    this.#tracks = {};
    this.closed = true;
    this.#stopLevel();
    this.video.srcObject = null;
    return taken;
  }

  close() {
    for (const track of Object.values(this.take())) if (typeof track === "object") track.stop();
  }

  async #set(slot, on, deviceId = this.#wanted[`${slot}Id`]) {
    this.#tracks[slot]?.stop();
    this.#tracks[slot] = undefined;
    this.#errors[slot] = undefined;
    if (on) {
      this.#opening.add(slot);
      try {
        this.#tracks[slot] = await this.#open(slot, deviceId);
      } catch (error) {
        this.#errors[slot] = error;
      }
      this.#opening.delete(slot);
    }
    if (this.closed) return this.#tracks[slot]?.stop();
    this.#draw();
  }

  #errors = {};
  #opening = new Set();

  async #open(slot, deviceId) {
    const open = slot === "audio" ? this.#client.openMicrophone : this.#client.openCamera;
    try {
      return await open({ deviceId });
    } catch (error) {
      // The device chosen last time may be gone; any other will do.
      if (!deviceId || error.code !== "DEVICE_MISSING") throw error;
      return open();
    }
  }

  #draw() {
    const { audio, video } = this.#tracks;
    this.video.srcObject = video ? new MediaStream([video]) : null;
    this.video.hidden = !video;
    this.#stopLevel();
    this.level.style.transform = "scaleX(0)";
    this.#stopLevel = this.#client.watchLevel(audio, (level) => (this.level.style.transform = `scaleX(${level})`));
    for (const slot of ["audio", "video"]) {
      const { button, on, off } = this.buttons[slot].parts;
      button.setAttribute("aria-pressed", String(Boolean(this.#tracks[slot])));
      button.replaceChildren(icon(this.#tracks[slot] ? on : off));
      button.classList.toggle("off", !this.#tracks[slot]);
    }
    const problems = ["video", "audio"].filter((slot) => this.#errors[slot]);
    const names = { audio: "Microphone", video: "Camera" };
    const both = problems.length === 2 && this.#errors.audio.code === this.#errors.video.code;
    if (both && this.#errors.audio.code === "DEVICE_MISSING") this.#describe("No camera or microphone found. You can still chat, watch and listen.");
    else if (problems.length) this.#describe(problems.map((slot) => deviceWords(this.#errors[slot], names[slot])).join(" "));
    else this.#describe(video ? "" : "Your camera is off");
  }

  #describe(text) {
    setText(this.words, text);
  }

  #toggle(slot, on, off, label) {
    const button = h("button", {
      class: "round",
      type: "button",
      "aria-pressed": "false",
      "aria-label": label,
      title: label,
      onclick: async () => {
        const wanted = !this.#tracks[slot];
        this.#wanted[slot] = wanted;
        saveDevices({ [slot]: wanted });
        await this.#set(slot, wanted);
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
        this.#wanted[`${slot}Id`] = select.value;
        saveDevices({ [`${slot}Id`]: select.value });
        this.#set(slot, true, select.value);
      },
    });
    h("div", { class: "field device-field", hidden: true }, h("label", { htmlFor: id }, label), select);
    return select;
  }

  async #listDevices() {
    const { cameras, microphones } = await this.#client.listDevices();
    fillSelect(this.selects.audio, microphones, this.#tracks.audio);
    fillSelect(this.selects.video, cameras, this.#tracks.video);
    this.choice.hidden = microphones.length < 2 && cameras.length < 2;
  }
}

/** One option for each device; the field is shown where there is a choice. */
export function fillSelect(select, devices, track) {
  const current = track?.getSettings().deviceId;
  select.replaceChildren(
    ...devices.map((device, at) => h("option", { value: device.deviceId, selected: device.deviceId === current }, device.label || `Device ${at + 1}`)),
  );
  select.parentElement.hidden = devices.length < 2;
}
