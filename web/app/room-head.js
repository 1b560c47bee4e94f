/** The bar above a room: time left, whether it is locked and encrypted, inviting, devices, colours. */

import { h, setText } from "./dom.js";
import { remaining } from "./format.js";
import { glyph, icon } from "./icons.js";
import { themeButton } from "./theme.js";

const SOON_MS = 5 * 60_000;

export class RoomHead {
  /** @param {{onEncryption: () => void, onInvite: () => void, onDevices: () => void}} props */
  constructor({ onEncryption, onInvite, onDevices }) {
    this.timeText = h("span", {});
    this.time = h("p", { class: "time-left", title: "Time until this room is erased" }, icon("clock", 16), this.timeText);
    this.lockMark = h("span", { class: "mark", hidden: true }, icon("lock", 16), "Locked");
    this.invite = h("button", { class: "button small", type: "button", onclick: onInvite }, icon("share", 18), h("span", {}, "Invite"));
    this.secure = h("button", { class: "mark-button", type: "button", onclick: onEncryption });
    this.element = h(
      "header",
      { class: "room-head" },
      h("h1", { class: "room-title" }, glyph(26), h("span", {}, "Mayfly"), h("span", { class: "visually-hidden" }, " room")),
      this.time,
      this.lockMark,
      this.secure,
      h("span", { class: "spacer" }),
      this.invite,
      h("button", { class: "icon-button quiet", type: "button", "aria-label": "Devices", title: "Devices", onclick: onDevices }, icon("devices")),
      themeButton(),
    );
  }

  draw({ room, encrypted }, mayInvite) {
    this.lockMark.hidden = room.status !== "locked";
    this.invite.hidden = !mayInvite;
    this.#drawSecure(encrypted);
  }

  tick(leftMs) {
    setText(this.timeText, `${remaining(leftMs)} left`);
    this.time.classList.toggle("soon", leftMs < SOON_MS);
  }

  #drawSecure(encrypted) {
    if (this.secure.dataset.state === String(encrypted)) return;
    this.secure.dataset.state = String(encrypted);
    this.secure.classList.toggle("caution", !encrypted);
    const words = encrypted ? "End-to-end encrypted" : "Not end-to-end encrypted";
    this.secure.replaceChildren(icon(encrypted ? "shield" : "shieldOff", 16), h("span", {}, words));
    this.secure.setAttribute("aria-label", `${words}: what this means`);
  }
}
