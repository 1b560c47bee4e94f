/** The field in which one writes, and what the next message is: an answer, an edit, one that disappears, one seen once. */

import { openAdd, ttlWords } from "./composer-add.js";
import { h } from "./dom.js";
import { openEmojiPicker } from "./emoji-picker.js";
import { displayName } from "./format.js";
import { icon } from "./icons.js";
import { clip, wordsFor } from "./message.js";

const MAX_CHARS = 4_000;
const WARN_CHARS = 3_600;
const MAX_HEIGHT_PX = 160;

export class Composer {
  #room;
  #client;
  #props;
  /** @type {{replyTo?: any, editing?: any, ttlS?: number, viewOnce?: boolean}} */
  #next = {};
  /** What was being written when an edit began. */
  #draft = "";

  /** @param {{client: any, room: any, toast: Function, float: (emoji: string) => void, sent: () => void, editLast: () => void, focusList: () => void}} props */
  constructor(props) {
    this.#room = props.room;
    this.#client = props.client;
    this.#props = props;
    this.count = h("span", { class: "char-count", hidden: true });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.strips = h("div", { class: "strips" });
    this.field = h("textarea", {
      id: "message",
      rows: 1,
      dir: "auto",
      placeholder: "Write a message",
      maxLength: 2 * MAX_CHARS, // It counts halves of emoji; the room counts characters.
      enterKeyHint: "send",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#onKey(event),
    });
    const button = (name, label, action) => h("button", { class: "icon-button quiet tool", type: "button", "aria-label": label, title: label, onclick: action }, icon(name));
    this.add = button("plus", "Add to the chat", () => this.#openAdd());
    this.emoji = button("smile", "Emoji", () => this.#pickEmoji());
    this.send = h("button", { class: "icon-button send", type: "submit", "aria-label": "Send", title: "Send" }, icon("send"));
    const submit = (event) => (event.preventDefault(), this.#submit());
    this.form = h("form", { class: "composer", onsubmit: submit }, h("label", { class: "visually-hidden", htmlFor: "message" }, "Message"), this.add, this.field, this.emoji, this.count, this.send);
    this.element = h("div", { class: "compose" }, this.problem, this.strips, this.form);
  }

  focus() {
    this.field.focus();
  }

  /** The room's own rule is told where one writes. */
  draw({ room }) {
    if (room?.messageTtlS === this.roomTtlS) return;
    this.roomTtlS = room?.messageTtlS;
    this.#drawStrips();
  }

  replyTo(message) {
    if (this.#next.editing) this.#endEdit();
    this.#set({ replyTo: message });
  }

  edit(message) {
    if (!this.#next.editing) this.#draft = this.field.value;
    this.#set({ editing: message, replyTo: undefined });
    this.#write(message.text);
  }

  quote(text) {
    const quoted = text.split("\n").map((line) => `> ${line}`).join("\n");
    this.#write(`${this.field.value ? `${this.field.value.trimEnd()}\n` : ""}${quoted}\n`);
    this.focus();
  }

  /** A message is gone: nothing of it stays in the field or above it. */
  forget(key) {
    if (!key) return;
    if (this.#next.editing?.key === key) this.#endEdit();
    if (this.#next.replyTo?.key === key) this.#set({ replyTo: undefined }, { focus: false });
  }

  #set(patch, { focus = true } = {}) {
    this.#next = { ...this.#next, ...patch };
    this.#drawStrips();
    if (focus) this.focus();
  }

  #endEdit() {
    this.#set({ editing: undefined });
    this.#write(this.#draft);
    this.#draft = "";
  }

  #drawStrips() {
    const { replyTo, editing, ttlS, viewOnce } = this.#next;
    const strip = (name, words, detail, undo, label) =>
      h("div", { class: "strip" }, icon(name, 16), h("p", {}, h("span", {}, words), detail && h("span", { class: "strip-detail", dir: "auto" }, detail)), undo && h("button", { class: "icon-button quiet strip-close", type: "button", "aria-label": label, title: label, onclick: undo }, icon("close", 15)));
    const strips = [];
    if (editing) strips.push(strip("edit", "Editing", "", () => this.#endEdit(), "Stop editing"));
    if (replyTo) {
      const who = replyTo.own ? "Replying to yourself" : `Replying to ${displayName(replyTo.senderName)}`;
      strips.push(strip("reply", who, wordsFor(replyTo) || clip(replyTo.text), () => this.#set({ replyTo: undefined }), "Do not reply"));
    }
    const life = Math.min(ttlS ?? Infinity, this.roomTtlS ?? Infinity);
    if (!editing && ttlS && ttlS <= life) strips.push(strip("clock", `Disappears after ${ttlWords(ttlS)}`, "", () => this.#set({ ttlS: undefined }), "Let messages stay"));
    else if (!editing && Number.isFinite(life)) strips.push(strip("clock", `In this room messages disappear after ${ttlWords(life)}`));
    if (!editing && viewOnce) strips.push(strip("eye", "Seen once by each", "", () => this.#set({ viewOnce: undefined }), "Let it be seen as often as they like"));
    this.strips.replaceChildren(...strips);
  }

  #openAdd() {
    const { ttlS, viewOnce } = this.#next;
    openAdd({ room: this.#room, emojis: this.#client.EMOJI, float: this.#props.float, ttlS, viewOnce, chosen: (patch) => this.#set(patch, { focus: false }), onclose: () => this.focus() });
  }

  #pickEmoji() {
    const { selectionStart, selectionEnd, value } = this.field;
    const chosen = (emoji) => {
      this.#write(value.slice(0, selectionStart) + emoji + value.slice(selectionEnd));
      this.focus();
      this.field.setSelectionRange(selectionStart + emoji.length, selectionStart + emoji.length);
    };
    openEmojiPicker({ emojis: this.#client.EMOJI, title: "Emoji", chosen });
  }

  #write(text) {
    this.field.value = text;
    this.#fit();
    this.#counted();
  }

  #typed() {
    this.#fit();
    this.#counted();
    this.#room.setTyping(this.field.value.trim() !== "" && !this.#next.editing);
    this.problem.hidden = true;
  }

  #counted() {
    const { length } = [...this.field.value];
    this.count.hidden = length < WARN_CHARS;
    this.count.textContent = `${MAX_CHARS - length}`;
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  #onKey(event) {
    // While an input method composes, the keys belong to it.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) this.#submit();
    else if (event.key === "ArrowUp" && this.field.value === "" && !this.#next.editing) this.#props.editLast();
    else if (event.key === "Escape" && this.#next.editing) this.#endEdit();
    else if (event.key === "Escape" && this.#next.replyTo) this.#set({ replyTo: undefined });
    else return;
    event.preventDefault();
  }

  #submit() {
    const text = this.field.value.trim();
    if (!text) return;
    const { editing, replyTo, ttlS, viewOnce } = this.#next;
    if (editing && [...text].length > MAX_CHARS) return this.#tell("The message is too long to send.");
    try {
      if (editing) this.#change(editing, text);
      else this.#room.sendMessage(text, { replyTo: replyTo?.key, ttlS, viewOnce });
    } catch (error) {
      return this.#tell(error.message);
    }
    // What disappears does so until it is switched off; the rest is said once.
    this.#next = { ttlS };
    this.#drawStrips();
    this.#write(editing ? this.#draft : "");
    this.#draft = "";
    this.#room.setTyping(false);
    this.focus();
    if (!editing) this.#props.sent();
  }

  #change({ key, text: before }, text) {
    if (text === before) return;
    this.#room.editMessage(key, text).catch((error) => {
      if (error.code === "LEFT") return;
      this.#props.toast(`It was not changed. ${error.message}`);
      // What was written is not lost, unless the message itself is gone.
      if (!this.field.value && error.code !== "MESSAGE_NOT_FOUND") this.#write(text);
    });
  }

  #tell(words) {
    this.problem.textContent = words;
    this.problem.hidden = false;
  }
}
