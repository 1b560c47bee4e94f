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
    this.mic = toggle("Microphone", "mic", "micOff", () => this.#device("audio", !state().audio));
    this.camera = toggle("Camera", "camera", "cameraOff", () => this.#device("video", !state().video));
    this.screen = client.canShareScreen() && toggle("Share screen", "screen", "screen", () => call.setScreen(!state().screen));
    this.hand = toggle("Raise hand", "hand", "hand", () =>
      room.updateMedia({ handRaised: !room.getSnapshot().self?.media?.handRaised }),
    );
    this.chat = toggle("Chat", "chat", "chat", () => openPanel("chat"));
    this.people = toggle("People", "people", "people", () => openPanel("people"));
    this.badge = h("span", { class: "badge", hidden: true });
    this.knockBadge = h("span", { class: "badge", hidden: true });
    this.chat.button.append(this.badge);
    this.people.button.append(this.knockBadge);
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
    this.mic.set(call.audio, call.audio ? "Mute" : "Unmute");
    this.camera.set(call.video, call.video ? "Turn camera off" : "Turn camera on");
    this.screen?.set?.(call.screen, call.screen ? "Stop sharing" : "Share screen");
    this.hand.set(Boolean(self?.media?.handRaised), self?.media?.handRaised ? "Lower hand" : "Raise hand");
    this.chat.set(panel === "chat", unread ? `Chat, ${unread} unread` : "Chat");
    this.people.set(panel === "people", knocks.length ? `People, ${knocks.length} waiting` : "People");
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
  const button = h("button", { class: `control ${on}`, type: "button", onclick });
  const mark = h("span", { class: "control-icon" });
  button.append(mark, h("span", { class: "control-label", "aria-hidden": "true" }, SHORT[label] ?? label));
  let shown;
  return {
    button,
    set(pressed, title) {
      if (shown !== pressed) mark.replaceChildren(icon(pressed ? on : off, 22));
      shown = pressed;
      toggleAttribute(button, "aria-pressed", String(pressed));
      toggleAttribute(button, "aria-label", title);
      toggleAttribute(button, "title", title);
    },
  };
}

const SHORT = { Microphone: "Mic", "Share screen": "Share", "Raise hand": "Hand" };
