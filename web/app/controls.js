/** The bar of buttons below the stage. */

import { deviceWords, saveDevices } from "./device-words.js";
import { h, toggleAttribute } from "./dom.js";
import { icon } from "./icons.js";

const SETTERS = { audio: "setAudio", video: "setVideo", screen: "setScreen" };

export class Controls {
  #room;
  #advise;

  /**
   * @param {{client: any, room: any, openPanel: (name: string) => void, advise: (text: string) => void,
   *   leave: () => void}} props `advise` shows what to do where a device did not open
   */
  constructor({ client, room, openPanel, advise, leave }) {
    this.#room = room;
    this.#advise = advise;
    const { call } = room;
    const state = () => call.getSnapshot();
    this.mic = toggle("Mic", "mic", "micOff", () => this.#device("audio", !state().wanted.audio));
    this.camera = toggle("Camera", "camera", "cameraOff", () => this.#device("video", !state().wanted.video));
    this.screen = client.canShareScreen() && toggle("Share screen", "screen", "screen", () => this.#device("screen", !state().wanted.screen));
    this.hand = toggle("Raise hand", "hand", "hand", () =>
      room.updateMedia({ handRaised: !room.getSnapshot().self?.media?.handRaised }),
    );
    this.chat = toggle("Chat", "chat", "chat", () => openPanel("chat"));
    this.people = toggle("People", "people", "people", () => openPanel("people"));
    this.badge = h("span", { class: "badge", hidden: true });
    this.knockBadge = h("span", { class: "badge", hidden: true });
    this.chat.button.append(" ", this.badge);
    this.people.button.append(" ", this.knockBadge);
    this.leave = h("button", { class: "control leave", type: "button", "aria-label": "Leave", title: "Leave", onclick: leave }, icon("leave", 22), h("span", { class: "control-label" }, "Leave"));
    const of = (...controls) => controls.filter(Boolean).map((control) => control.button);
    this.element = h(
      "nav",
      { class: "controls", "aria-label": "Call controls" },
      h("div", { class: "control-group" }, of(this.mic, this.camera, this.screen, this.hand)),
      h("div", { class: "control-group" }, of(this.chat, this.people), this.leave),
    );
  }

  draw({ self, knocks }, call, { panel, unread }) {
    // What a press turns around is what was wished for last, also while a device is still opening.
    const { audio, video, screen } = call.wanted;
    this.mic.set(audio, { title: audio ? "Turn the microphone off" : "Turn the microphone on" });
    this.camera.set(video, { title: video ? "Turn the camera off" : "Turn the camera on" });
    this.screen?.set?.(screen, { title: screen ? "Stop sharing the screen" : "Share the screen" });
    const raised = Boolean(self?.media?.handRaised);
    this.hand.set(raised, { title: raised ? "Lower your hand" : "Raise your hand" });
    this.chat.set(panel === "chat", { name: unread ? `Chat ${unread} unread` : "Chat", title: "Chat" });
    this.people.set(panel === "people", { name: knocks.length ? `People ${knocks.length} waiting` : "People", title: "People" });
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

function toggle(label, on, off, onclick) {
  const button = h("button", { class: `control for-${on}`, type: "button", onclick });
  const mark = h("span", { class: "control-icon" });
  button.append(mark, h("span", { class: "control-label", "aria-hidden": "true" }, SHORT[label] ?? label));
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

const SHORT = { "Share screen": "Share", "Raise hand": "Hand" };
