/** The bar of buttons below the stage. */

import { h, toggleAttribute } from "./dom.js";
import { icon } from "./icons.js";
import { saveDevices } from "./preview.js";

export class Controls {
  #room;

  constructor({ client, room, openPanel, leave }) {
    this.#room = room;
    const { call } = room;
    const state = () => call.getSnapshot();
    this.mic = toggle("Mic", "mic", "micOff", () => this.#device("audio", !state().audio));
    this.camera = toggle("Camera", "camera", "cameraOff", () => this.#device("video", !state().video));
    this.screen = client.canShareScreen() && toggle("Share screen", "screen", "screen", () => call.setScreen(!state().screen));
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
    this.mic.set(call.audio, { title: call.audio ? "Turn the microphone off" : "Turn the microphone on" });
    this.camera.set(call.video, { title: call.video ? "Turn the camera off" : "Turn the camera on" });
    this.screen?.set?.(call.screen, { title: call.screen ? "Stop sharing the screen" : "Share the screen" });
    const raised = Boolean(self?.media?.handRaised);
    this.hand.set(raised, { title: raised ? "Lower your hand" : "Raise your hand" });
    this.chat.set(panel === "chat", { name: unread ? `Chat ${unread} unread` : "Chat", title: "Chat" });
    this.people.set(panel === "people", { name: knocks.length ? `People ${knocks.length} waiting` : "People", title: "People" });
    drawBadge(this.badge, unread);
    drawBadge(this.knockBadge, knocks.length);
  }

  async #device(slot, on) {
    saveDevices({ [slot]: on });
    await (slot === "audio" ? this.#room.call.setAudio(on) : this.#room.call.setVideo(on));
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
