/** The bar of buttons below the stage. */

import { deviceWords, saveDevices } from "./device-words.js";
import { h, toggleAttribute } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

const SETTERS = { audio: "setAudio", video: "setVideo", screen: "setScreen" };

export class Controls {
  #room;
  #advise;
  #talking = false;

  /**
   * @param {{client: Client, room: Room, openPanel: (name: string) => void, advise: (text: string) => void,
   *   leave: () => void}} props `advise` shows what to do where a device did not open
   */
  constructor({ client, room, openPanel, advise, leave }) {
    this.#room = room;
    this.#advise = advise;
    const { call } = room;
    const state = () => call.getSnapshot();
    this.mic = toggle(t("mic"), "mic", "micOff", () => this.#device("audio", !state().wanted.audio));
    this.level = h("span", { class: "mic-level", "aria-hidden": "true" });
    this.mic.button.append(this.level);
    this.camera = toggle(t("camera"), "camera", "cameraOff", () => this.#device("video", !state().wanted.video));
    this.screen = client.canShareScreen() && toggle(t("controls.screen"), "screen", "screen", () => this.#device("screen", !state().wanted.screen), t("controls.screenShort"));
    this.hand = toggle(t("controls.hand"), "hand", "hand", () => room.updateMedia({ handRaised: !room.getSnapshot().self?.media?.handRaised }), t("controls.handShort"));
    this.chat = toggle(t("chat"), "chat", "chat", () => openPanel("chat"));
    this.people = toggle(t("people"), "people", "people", () => openPanel("people"));
    this.badge = h("span", { class: "badge", hidden: true });
    this.knockBadge = h("span", { class: "badge", hidden: true });
    this.chat.button.append(" ", this.badge);
    this.people.button.append(" ", this.knockBadge);
    this.leave = h("button", { class: "control leave", type: "button", "aria-label": t("leave"), title: t("leave"), onclick: leave }, icon("leave", 22), h("span", { class: "control-label" }, t("leave")));
    const of = (...controls) => controls.filter(Boolean).map((control) => control.button);
    this.element = h(
      "nav",
      { class: "controls", "aria-label": t("controls.label") },
      h("div", { class: "control-group" }, of(this.mic, this.camera, this.screen, this.hand)),
      h("div", { class: "control-group" }, of(this.chat, this.people), this.leave),
    );
  }

  /** As a press of the button of that name. @param {"mic" | "camera" | "screen" | "hand" | "chat"} name */
  press(name) {
    this[name]?.button?.click();
  }

  /** How loud one is, from 0 to 1. */
  showLevel(loud) {
    this.level.style.transform = `scaleX(${loud.toFixed(2)})`;
  }

  /** The microphone on for as long as a key is held; it is left as it was where it was on. */
  talk(on) {
    const { call } = this.#room;
    if (on === call.getSnapshot().wanted.audio || (!on && !this.#talking)) return;
    this.#talking = on;
    call.setAudio(on);
  }

  draw({ self, knocks }, call, { panel, unread }) {
    // What a press turns around is what was wished for last, also while a device is still opening.
    const { audio, video, screen } = call.wanted;
    this.mic.set(audio, { title: t(audio ? "controls.micOff" : "controls.micOn", { key: "M" }) });
    this.camera.set(video, { title: t(video ? "controls.cameraOff" : "controls.cameraOn", { key: "V" }) });
    this.screen?.set?.(screen, { title: t(screen ? "controls.screenOff" : "controls.screenOn", { key: "S" }) });
    const raised = Boolean(self?.media?.handRaised);
    this.hand.set(raised, { title: t(raised ? "controls.handOff" : "controls.handOn", { key: "H" }) });
    this.chat.set(panel === "chat", { name: unread ? t("controls.chatUnread", { count: unread }) : t("chat"), title: t("controls.chatTitle", { key: "C" }) });
    this.people.set(panel === "people", { name: knocks.length ? t("controls.peopleWaiting", { count: knocks.length }) : t("people"), title: t("people") });
    drawBadge(this.badge, unread);
    drawBadge(this.knockBadge, knocks.length);
  }

  async #device(slot, on) {
    const { call } = this.#room;
    if (slot !== "screen") saveDevices({ [slot]: on });
    await call[SETTERS[slot]](on);
    const error = call.getSnapshot().errors[slot];
    // A press that changes nothing must say why.
    if (on && error && !call.getSnapshot()[slot]) this.#advise(deviceWords(error, slot, { inside: true }));
  }
}

function drawBadge(badge, count) {
  badge.hidden = !count;
  badge.textContent = count > 99 ? "99+" : String(count);
}

/** @param {string} [short] what is written on it, where the whole name is too long for that */
function toggle(label, on, off, onclick, short = label) {
  const button = h("button", { class: `control for-${on}`, type: "button", onclick });
  const mark = h("span", { class: "control-icon" });
  button.append(mark, h("span", { class: "control-label", "aria-hidden": "true" }, short));
  let shown;
  return {
    button,
    set(pressed, { name = label, title }) {
      if (shown !== pressed) mark.replaceChildren(icon(pressed ? on : off, 22));
      shown = pressed;
      toggleAttribute(button, "aria-pressed", String(pressed));
      // The name stays what is written on the button; `aria-pressed` says the state, the title what a press does.
      toggleAttribute(button, "aria-label", name);
      toggleAttribute(button, "title", title);
    },
  };
}
