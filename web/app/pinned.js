/** The message that a host has pinned, above the others. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { brief } from "./message.js";
import { t } from "./words.js";

export class Pinned {
  /** @param {{show: (id: string) => void, unpin: () => void}} props */
  constructor({ show, unpin }) {
    this.text = h("span", { class: "pinned-text", dir: "auto" });
    this.open = h("button", { class: "pinned-open", type: "button", onclick: () => show(this.id) }, icon("pin", 16), h("span", { class: "visually-hidden" }, t("pinned.is")), this.text);
    this.unpin = h("button", { class: "icon-button quiet strip-close", type: "button", "aria-label": t("pinned.unpin"), title: t("pinned.unpin"), onclick: unpin }, icon("close", 15));
    this.element = h("div", { class: "pinned", hidden: true }, this.open, this.unpin);
  }

  draw({ room, messages, self }) {
    const message = room?.pinnedMessageId && messages.find(({ id }) => id === room.pinnedMessageId);
    this.id = message?.id;
    // One that newcomers do not have any more is not shown to them.
    this.element.hidden = !message || Boolean(message.deleting);
    this.text.textContent = message ? brief(message) : "";
    this.unpin.hidden = self?.role !== "host";
  }
}
