/** Looks for words in the messages that are there. Nothing is asked of the server. */

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const HIGHLIGHT = "found";

export class Search {
  #texts;
  #back;
  #found = [];
  #at = -1;

  /** @param {{texts: () => {element: HTMLElement, text: HTMLElement}[], back: () => void, scope: import("./scope.js").Scope}} props */
  constructor({ texts, back, scope }) {
    // The marks are the document's, and would keep the messages that they are in.
    scope.add(() => this.#mark(""));
    this.#texts = texts;
    this.#back = back;
    this.button = h("button", { class: "icon-button quiet", type: "button", "aria-label": t("search.search"), title: t("search.here"), "aria-expanded": "false", onclick: () => (this.element.hidden ? this.#open() : this.#close()) }, icon("search"));
    this.count = h("span", { class: "search-count", role: "status" });
    this.field = h("input", { type: "text", "aria-label": t("search.here"), placeholder: t("search.here"), oninput: () => this.#look(), onkeydown: (event) => this.#onKey(event) });
    const step = (name, label, by) => h("button", { class: "icon-button quiet", type: "button", "aria-label": label, title: label, onclick: () => this.#step(by) }, icon(name, 18));
    this.element = h("div", { class: "search-bar", role: "search", hidden: true }, this.field, this.count, step("up", t("search.earlier"), -1), step("down", t("search.later"), 1));
  }

  /** The messages are others. */
  refresh() {
    if (!this.element.hidden) this.#look({ move: false });
  }

  #open() {
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.field.focus();
  }

  #close() {
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.field.value = "";
    this.#look({ move: false });
    this.#back();
  }

  #onKey(event) {
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter") this.#step(event.shiftKey ? 1 : -1);
    else return;
    event.preventDefault();
  }

  #look({ move = true } = {}) {
    for (const { element } of this.#found) element.classList.remove("found", "found-now");
    const word = this.field.value.trim().toLowerCase();
    this.#found = word ? this.#texts().filter(({ text }) => text.textContent.toLowerCase().includes(word)) : [];
    for (const { element } of this.#found) element.classList.add("found");
    this.#mark(word);
    // The newest first: that is where the reader is.
    if (move) this.#at = this.#found.length;
    this.#step(move ? -1 : 0, { scroll: move });
  }

  #step(by, { scroll = true } = {}) {
    const { length } = this.#found;
    this.#found[this.#at]?.element.classList.remove("found-now");
    this.#at = length ? (this.#at + by + length) % length : -1;
    const words = length ? t("search.at", { at: this.#at + 1, count: length }) : t("search.nothing");
    setText(this.count, this.field.value.trim() ? words : "");
    const current = this.#found[this.#at]?.element;
    current?.classList.add("found-now");
    if (scroll) current?.scrollIntoView({ block: "center" });
  }

  /** The words themselves, where the browser can mark them without touching the text. */
  #mark(word) {
    if (!globalThis.CSS?.highlights) return;
    const ranges = word ? this.#found.flatMap(({ text }) => rangesIn(text, word)) : [];
    if (ranges.length) CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
    else CSS.highlights.delete(HIGHLIGHT);
  }
}

function rangesIn(element, word) {
  const ranges = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const next = () => /** @type {Text | null} */ (walker.nextNode());
  for (let node = next(); node; node = next()) {
    const text = node.data.toLowerCase();
    // Some letters are longer in lower case; there the whole message is marked, and no word in it.
    if (text.length !== node.data.length) continue;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + word.length);
      ranges.push(range);
    }
  }
  return ranges;
}
