/** Where the reader is in the conversation: at its end, which it then follows, or above it, where nothing moves. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const NEAR_END_PX = 80;

export class Scroller {
  atEnd = true;
  #below = 0;
  #onEnd;
  /** Of the list, as they were told last. */
  #sizes = { scrollHeight: 0, clientHeight: 0, clientWidth: 0 };
  /** Where the list was left when it was brought to its end. */
  #leftAt = 0;

  /** @param {{rows: HTMLElement, label: string, scope: import("./scope.js").Scope, onEnd: () => void}} props */
  constructor({ rows, label, scope, onEnd }) {
    this.#onEnd = onEnd;
    this.list = h("div", { class: "messages", role: "log", "aria-label": label, tabIndex: 0, onscroll: () => this.#scrolled() }, rows);
    this.jumpText = h("span", {}, "");
    this.jump = h("button", { class: "jump", type: "button", hidden: true, onclick: () => this.toEnd() }, this.jumpText, icon("down", 16));
    // The keyboard, a turned phone or a long draft take from the list; whoever was at its end stays there.
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.list);
    observer.observe(rows);
    scope.add(() => observer.disconnect());
  }

  /** So many more lie below what is seen. */
  came(count) {
    this.#below += count;
    this.#drawJump();
  }

  toEnd() {
    this.atEnd = true;
    this.list.scrollTop = this.list.scrollHeight;
    this.#leftAt = this.list.scrollTop;
    this.#arrived();
  }

  #arrived() {
    this.#below = 0;
    this.#drawJump();
    this.#onEnd();
  }

  #drawJump() {
    const text = this.#below ? t("chat.newBelow", { count: this.#below }) : t("chat.latest");
    if (this.jumpText.textContent !== text) this.jumpText.textContent = text;
    this.jump.hidden = this.atEnd;
    this.jump.classList.toggle("fresh", this.#below > 0);
  }

  #resized() {
    if (this.atEnd) this.toEnd();
    const { scrollHeight, clientHeight, clientWidth } = this.list;
    this.#sizes = { scrollHeight, clientHeight, clientWidth };
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight, clientWidth } = this.list;
    const known = this.#sizes;
    // In another frame it was the layout that scrolled, not the reader; that the sizes are others is told next.
    if (clientHeight !== known.clientHeight || clientWidth !== known.clientWidth || scrollHeight < known.scrollHeight) return;
    const before = this.atEnd;
    if (scrollHeight === known.scrollHeight) this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    // A line has come in this very frame: whoever is above where the list was left has scrolled up to read.
    else if (this.#leftAt - scrollTop >= NEAR_END_PX) this.atEnd = false;
    if (this.atEnd && !before) this.#arrived();
    else this.#drawJump();
  }
}
