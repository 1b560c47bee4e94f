/** A file of a message: a picture, a voice message, a film, or something to save. What was opened goes with its view. */

import { h, setText } from "./dom.js";
import { fileProblem, nameWords, sizeWords } from "./file-words.js";
import { icon } from "./icons.js";
import { openViewer } from "./viewer.js";
import { VoicePlayer } from "./voice-player.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

/** Pictures up to this are fetched as they come into sight; larger ones when they are opened. */
const FETCHED_BYTES = 3_000_000;
/** A download has taken its address by then. */
const SAVED_MS = 10_000;
const OCTETS = "application/octet-stream";

export class AttachmentView {
  #props;
  #over = new AbortController();
  #address = null;
  #observer = null;

  /** @param {{client: Client, room: Room, key: string, attachment: any, kind?: string, toast: (text: string) => void}} props */
  constructor(props) {
    this.#props = props;
    const { attachment, client, kind } = props;
    const [family] = client.isShown(attachment.type) ? attachment.type.split("/") : ["file"];
    this.note = h("p", { class: "attachment-note", hidden: true });
    this.bar = h("progress", { class: "attachment-progress", max: 1, hidden: true, "aria-label": t("files.fetching", { name: nameWords(attachment) }) });
    const body = family === "image" && (attachment.thumbnail || attachment.width) ? this.#picture() : family === "audio" ? this.#sound(kind) : this.#file(family === "video");
    this.element = h("div", { class: `attachment of-${family}` }, body, this.bar, this.note);
  }

  /** Nothing of it stays: neither what is on its way, nor an address of what was opened. */
  end() {
    this.#over.abort();
    this.#observer?.disconnect();
    this.player?.stop();
    this.viewer?.close();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = null;
    for (const picture of this.element.querySelectorAll("img")) picture.removeAttribute("src");
  }

  /** Out of sight, and maybe back in it. */
  hush() {
    this.player?.pause();
    this.viewer?.close();
  }

  #picture() {
    const { attachment } = this.#props;
    const { width, height, thumbnail, size } = attachment;
    this.image = h("img", { class: "attachment-picture", alt: nameWords(attachment), src: thumbnail, draggable: false });
    const open = h("button", { class: "picture-open", type: "button", "aria-label": t("files.openPicture", { name: nameWords(attachment) }), onclick: () => this.#view("image") }, this.image);
    if (width && height) open.style.aspectRatio = `${Math.max(0.5, Math.min(2.5, width / height))}`;
    if (size <= FETCHED_BYTES) this.#whenSeen(open, () => this.#shown().then((address) => (this.image.src = address), (error) => this.#tell(error)));
    return open;
  }

  #whenSeen(element, action) {
    this.#observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      this.#observer.disconnect();
      action();
    }, { rootMargin: "200px" });
    this.#observer.observe(element);
  }

  #sound(kind) {
    const { attachment } = this.#props;
    this.player = new VoicePlayer({ attachment, label: kind === "voice" ? t("voice.aMessage") : nameWords(attachment), address: () => this.#shown(), failed: (error) => this.#tell(error) });
    return kind === "voice" ? this.player.element : h("div", { class: "sound-file" }, this.player.element, this.#file(false));
  }

  #file(isVideo) {
    const { attachment } = this.#props;
    const name = nameWords(attachment);
    const button = (act, symbol, action) => h("button", { class: "icon-button attachment-act", type: "button", "aria-label": t(`files.${act}Name`, { name }), title: t(`files.${act}`), onclick: action }, icon(symbol, 18));
    return h(
      "div",
      { class: "attachment-file" },
      icon(isVideo ? "camera" : "file", 22),
      h("p", { class: "attachment-about" }, h("bdi", { class: "attachment-name", title: name }, name), h("span", { class: "attachment-size" }, sizeWords(attachment.size))),
      isVideo && button("play", "play", () => this.#view("video")),
      button("save", "download", () => this.save()),
    );
  }

  async #view(family) {
    const { attachment } = this.#props;
    const close = () => (this.viewer = null);
    this.viewer = openViewer({ family, attachment, address: () => this.#shown(), save: () => this.save(), onclose: close });
  }

  /** Opens it and hands it to the browser to save; of a type that no browser runs. */
  async save() {
    const { attachment } = this.#props;
    try {
      const blob = await this.#open();
      const address = URL.createObjectURL(new Blob([blob], { type: OCTETS }));
      const forget = () => URL.revokeObjectURL(address);
      this.#over.signal.addEventListener("abort", forget);
      setTimeout(forget, SAVED_MS);
      h("a", { href: address, download: attachment.name || "file" }).click();
    } catch (error) {
      this.#tell(error);
    }
  }

  /** An object URL of what was opened, once for this view. */
  #shown() {
    this.opening ??= this.#open().then((blob) => {
      if (this.#over.signal.aborted) throw Object.assign(new Error(), { code: "ABORTED" });
      return (this.#address = URL.createObjectURL(blob));
    });
    this.opening.catch(() => (this.opening = null));
    return this.opening;
  }

  async #open() {
    const { room, key, attachment } = this.#props;
    this.note.hidden = true;
    const onProgress = ({ loaded, total }) => {
      this.bar.hidden = loaded >= total;
      this.bar.value = total ? loaded / total : 1;
    };
    try {
      return await room.openFile(key, attachment, { signal: this.#over.signal, onProgress });
    } finally {
      this.bar.hidden = true;
    }
  }

  #tell(error) {
    if (["ABORTED", "LEFT"].includes(error.code)) return;
    this.note.hidden = false;
    setText(this.note, typeof error.code === "string" ? fileProblem(error) : t("files.cannotShow"));
  }
}
