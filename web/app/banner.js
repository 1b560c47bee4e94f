/** One line above the stage for what concerns everything: no connection, little time left, or that somebody records. */

import { announce, h, setText } from "./dom.js";
import { listNames, remaining } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const LAST_MINUTE_MS = 60_000;

export class Banner {
  #state = null;
  #recorders = "";

  /** @param {{stop: () => void}} props ends one's own recording */
  constructor({ stop }) {
    this.text = h("span", {});
    this.mark = h("span", { class: "banner-mark" });
    this.stop = h("button", { class: "button small", type: "button", hidden: true, onclick: stop }, t("recording.stop"));
    this.element = h("section", { class: "banner", "aria-label": t("banner.label"), hidden: true }, this.mark, this.text, this.stop);
  }

  /** @param {{status: string}} snapshot @param {{own: boolean, others: string[]}} recording whether one records, and who else */
  draw({ status }, { own, others }) {
    this.offline = status === "reconnecting" || status === "connecting";
    const count = Number(own) + others.length;
    this.#recorders = own && count === 1 ? t("recording.own") : count ? t("recording.by", { count, names: listNames(own ? [t("you"), ...others] : others) }) : "";
    this.stop.hidden = !own;
    this.#show();
  }

  tick(leftMs) {
    this.leftMs = leftMs;
    this.#show();
  }

  #show() {
    const soon = this.leftMs < LAST_MINUTE_MS;
    const state = this.offline ? "offline" : soon ? "ending" : this.#recorders || null;
    // A room that ends within a minute is still recorded.
    const recorders = this.#recorders && soon ? ` · ${this.#recorders}` : "";
    if (soon && !this.offline) setText(this.text, t("banner.ends", { time: remaining(this.leftMs) }) + recorders);
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.element.hidden = state === null;
    this.element.dataset.state = state === this.#recorders ? "recording" : (state ?? "");
    if (state === "offline") {
      setText(this.text, t("banner.offline"));
      this.mark.replaceChildren(h("span", { class: "spinner" }));
      announce(t("banner.reconnecting"));
    } else if (state === "ending") {
      this.mark.replaceChildren(icon("clock", 18));
      announce(t("banner.lastMinute"));
    } else if (state) {
      setText(this.text, state);
      this.mark.replaceChildren(h("span", { class: "recording-dot" }));
      announce(state);
    }
    if (before === "offline") announce(t("banner.connected"));
  }
}
