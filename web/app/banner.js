/** One line above the stage for what concerns everything: no connection, or little time left. */

import { announce, h, setText } from "./dom.js";
import { remaining } from "./format.js";
import { icon } from "./icons.js";

const LAST_MINUTE_MS = 60_000;

export class Banner {
  #state = null;

  constructor() {
    this.text = h("span", {});
    this.mark = h("span", { class: "banner-mark" });
    this.element = h("section", { class: "banner", "aria-label": "Notice", hidden: true }, this.mark, this.text);
  }

  draw({ status }) {
    this.offline = status === "reconnecting" || status === "connecting";
    this.#show();
  }

  tick(leftMs) {
    this.leftMs = leftMs;
    this.#show();
  }

  #show() {
    const soon = this.leftMs < LAST_MINUTE_MS;
    const state = this.offline ? "offline" : soon ? "ending" : null;
    if (soon && !this.offline) setText(this.text, `This room ends in ${remaining(this.leftMs)}. Then everything in it is erased.`);
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.element.hidden = state === null;
    this.element.dataset.state = state ?? "";
    if (state === "offline") {
      setText(this.text, "Connection lost. Coming back by itself; what you write is kept and sent then.");
      this.mark.replaceChildren(h("span", { class: "spinner" }));
      announce("Connection lost. Reconnecting.");
    } else if (state === "ending") {
      this.mark.replaceChildren(icon("clock", 18));
      announce("This room ends in less than a minute.");
    }
    if (before === "offline") announce("Connected again.");
  }
}
