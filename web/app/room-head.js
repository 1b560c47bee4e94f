/** The bar above a room: time left, whether it is locked and encrypted, inviting, devices, colours. */

import { h, setText } from "./dom.js";
import { remaining } from "./format.js";
import { glyph, icon } from "./icons.js";
import { themeButton } from "./theme.js";
import { t } from "./words.js";

const SOON_MS = 5 * 60_000;

export class RoomHead {
  /** @param {{onEncryption: () => void, onInvite: () => void, onDevices: () => void}} props */
  constructor({ onEncryption, onInvite, onDevices }) {
    this.timeText = h("span", {});
    this.time = h("p", { class: "time-left", title: t("room.timeTitle") }, icon("clock", 16), this.timeText);
    this.lockMark = h("span", { class: "mark", hidden: true }, icon("lock", 16), t("room.locked"));
    this.invite = h("button", { class: "button small", type: "button", onclick: onInvite }, icon("share", 18), h("span", {}, t("room.invite")));
    this.secure = h("button", { class: "mark-button", type: "button", onclick: onEncryption });
    this.element = h(
      "header",
      { class: "room-head" },
      h("h1", { class: "room-title" }, glyph(26), h("span", {}, "Mayfly"), h("span", { class: "visually-hidden" }, ` ${t("room.name")}`)),
      this.time,
      this.lockMark,
      this.secure,
      h("span", { class: "spacer" }),
      this.invite,
      h("button", { class: "icon-button quiet", type: "button", "aria-label": t("devices"), title: t("devices"), onclick: onDevices }, icon("devices")),
      themeButton(),
    );
  }

  draw({ room, encrypted }, mayInvite) {
    this.lockMark.hidden = room.status !== "locked";
    this.invite.hidden = !mayInvite;
    this.#drawSecure(encrypted);
  }

  tick(leftMs) {
    setText(this.timeText, t("room.timeLeft", { time: remaining(leftMs) }));
    this.time.classList.toggle("soon", leftMs < SOON_MS);
  }

  #drawSecure(encrypted) {
    if (this.secure.dataset.state === String(encrypted)) return;
    this.secure.dataset.state = String(encrypted);
    this.secure.classList.toggle("caution", !encrypted);
    const words = t(encrypted ? "encrypted" : "notEncrypted");
    this.secure.replaceChildren(icon(encrypted ? "shield" : "shieldOff", 16), h("span", {}, words));
    this.secure.setAttribute("aria-label", t("room.whatItMeans", { what: words }));
  }
}
