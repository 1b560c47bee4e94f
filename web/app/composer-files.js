/** Files that are to go with the next message: chosen, dropped on the chat, or pasted; each can be taken out again. */

import { announce, h } from "./dom.js";
import { fileProblem, nameWords, sizeWords } from "./file-words.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

/** Of one message after the other, chosen at once. */
const MAX_CHOSEN = 10;

export class ComposerFiles {
  #props;
  #chosen = [];
  #depth = 0;

  /** @param {{room: Room, changed: () => void, tell: (words: string) => void, focus: () => void}} props */
  constructor(props) {
    this.#props = props;
    this.input = h("input", { type: "file", multiple: true, hidden: true, "aria-label": t("files.files"), tabIndex: -1, onchange: () => this.#picked() });
    this.element = h("ul", { class: "chosen", "aria-label": t("files.toSend") });
    this.cover = h("div", { class: "drop-cover", hidden: true }, icon("clip", 28), h("p", {}, t("files.drop")));
  }

  get any() {
    return this.#chosen.length > 0;
  }

  choose() {
    this.input.click();
  }

  /** The chat takes what is dropped on it. Elsewhere on the page a file that is dropped would take the page's place. */
  takeDrops(target, scope) {
    const hasFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");
    const cover = (by) => {
      this.#depth = Math.max(0, this.#depth + by);
      this.cover.hidden = this.#depth === 0;
    };
    scope.listen(target, "dragenter", (event) => hasFiles(event) && cover(1));
    scope.listen(target, "dragleave", (event) => hasFiles(event) && cover(-1));
    scope.listen(target, "drop", (event) => {
      if (!hasFiles(event)) return;
      cover(-this.#depth);
      this.add([...event.dataTransfer.files]);
      this.#props.focus();
    });
    for (const name of ["dragover", "drop"]) scope.listen(window, name, (event) => hasFiles(event) && event.preventDefault());
  }

  /** @returns {boolean} whether there were files; a text beside them is pasted as text */
  paste({ clipboardData }) {
    const files = [...(clipboardData?.files ?? [])];
    if (!files.length || clipboardData.types.includes("text/plain")) return false;
    this.add(files);
    return true;
  }

  add(files) {
    const left = MAX_CHOSEN - this.#chosen.length;
    if (files.length > left) this.#props.tell(t("files.atMost", { most: MAX_CHOSEN }));
    this.#chosen.push(...files.slice(0, left));
    // Without names: what is said stays in the page for a moment longer than its message may.
    if (files.length) announce(t("files.willBeSent", { count: Math.min(files.length, left) }));
    this.#draw();
  }

  /** Sends what was chosen: the words and the rest with the first, alone the others. Throws where one cannot be sent at all. */
  send(text, options) {
    const { room, tell } = this.#props;
    const [first, ...more] = this.#chosen;
    room.sendFile(first, { ...options, text });
    this.#chosen = more;
    for (const file of more) {
      try {
        room.sendFile(file, { ...options, replyTo: undefined });
      } catch (error) {
        tell(t("files.problem", { name: nameWords(file), problem: fileProblem(error) }));
      }
    }
    this.clear();
  }

  clear() {
    this.#chosen = [];
    this.#draw();
  }

  #picked() {
    this.add([...this.input.files]);
    this.input.value = "";
    this.#props.focus();
  }

  #draw() {
    this.element.replaceChildren(...this.#chosen.map((file) => this.#row(file)));
    this.#props.changed();
  }

  #row(file) {
    const name = nameWords(file);
    const out = () => {
      this.#chosen = this.#chosen.filter((other) => other !== file);
      this.#draw();
      this.#props.focus();
    };
    return h(
      "li",
      { class: "strip" },
      icon("file", 16),
      h("p", {}, h("bdi", { class: "strip-detail" }, name), h("span", {}, sizeWords(file.size))),
      h("button", { class: "icon-button quiet strip-close", type: "button", "aria-label": t("files.doNotSendName", { name }), title: t("files.doNotSend"), onclick: out }, icon("close", 15)),
    );
  }
}
