/** The field in which one writes, and what the next message is: an answer, an edit, one that disappears, one seen once. */

import { openAdd, ttlWords } from "./composer-add.js";
import { ComposerFiles } from "./composer-files.js";
import { Quotes, without } from "./composer-quotes.js";
import { ComposerVoice } from "./composer-voice.js";
import { h } from "./dom.js";
import { namedEmoji } from "./emoji-names.js";
import { openEmojiPicker } from "./emoji-picker.js";
import { errorWords } from "./error-words.js";
import { fileProblem } from "./file-words.js";
import { displayName } from "./format.js";
import { icon } from "./icons.js";
import { brief } from "./message.js";
import { canRecord } from "./recorder.js";
import { sentences, t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

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
  /** Of messages that are on their way: what they are to become. @type {Map<string, string>} */
  #changes = new Map();
  #quotes = new Quotes();

  /** @param {{client: Client, room: Room, scope: any, toast: Function, float: (emoji: string) => void, sent: () => void, editLast: () => void, focusList: () => void}} props */
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
      placeholder: t("message"),
      maxLength: 2 * MAX_CHARS, // It counts halves of emoji; the room counts characters.
      enterKeyHint: "send",
      oninput: () => this.#typed(),
      onpaste: (event) => this.files.paste(event) && event.preventDefault(),
      onkeydown: (event) => this.#onKey(event),
    });
    const button = (name, label, action) => h("button", { class: "icon-button quiet tool", type: "button", "aria-label": label, title: label, onclick: action }, icon(name));
    this.add = button("plus", t("compose.add"), () => this.#openAdd());
    this.files = new ComposerFiles({ room: this.#room, changed: () => this.#fitButtons(), tell: (words) => this.#tell(words), focus: () => this.focus() });
    this.voice = new ComposerVoice({ client: this.#client, scope: props.scope, send: (voice) => this.#sendVoice(voice), tell: (words) => this.#tell(words), changed: (on) => this.#recording(on) });
    this.attach = button("clip", t("compose.attach"), () => this.files.choose());
    this.emoji = button("smile", t("compose.emoji"), () => this.#pickEmoji());
    this.send = h("button", { class: "icon-button send", type: "submit", "aria-label": t("compose.send"), title: t("compose.send") }, icon("send"));
    this.record = h("button", { class: "icon-button send", type: "button", "aria-label": t("compose.record"), title: t("compose.record"), onclick: () => this.voice.start() }, icon("mic"));
    const submit = (event) => (event.preventDefault(), this.#submit());
    this.form = h("form", { class: "composer", onsubmit: submit }, h("label", { class: "visually-hidden", htmlFor: "message" }, t("message")), this.add, this.attach, this.files.input, this.field, this.emoji, this.count, this.send, this.record);
    this.element = h("div", { class: "compose" }, this.problem, this.strips, this.files.element, this.form, this.voice.element);
    this.#fitButtons();
  }

  focus() {
    this.field.focus();
  }

  /** The room's own rule is told where one writes, and what one answers is shown as it is now. */
  draw({ room, messages }) {
    const { replyTo } = this.#next;
    for (const lines of this.#quotes.stale(messages)) this.#takeOut(lines);
    const answered = replyTo && messages.find(({ key }) => key === replyTo.key);
    if (room?.messageTtlS === this.roomTtlS && answered === replyTo) return;
    this.roomTtlS = room?.messageTtlS;
    this.#next = { ...this.#next, replyTo: answered };
    this.#drawStrips();
  }

  /** Nothing is written or being edited. */
  get isEmpty() {
    return this.field.value === "" && !this.#next.editing;
  }

  replyTo(message) {
    if (this.#next.editing) this.#endEdit();
    this.#set({ replyTo: message });
  }

  edit(message) {
    if (!this.#next.editing) this.#draft = this.field.value;
    const text = this.#changes.get(message.key) ?? message.text;
    this.#set({ editing: { ...message, text }, replyTo: undefined });
    this.#write(text);
  }

  quote(message) {
    this.#write(`${this.field.value ? `${this.field.value.trimEnd()}\n` : ""}${this.#quotes.add(message)}`);
    this.focus();
  }

  /** A message is gone: nothing of it stays in the field or above it. */
  forget(key) {
    if (!key) return;
    if (this.#next.editing?.key === key) this.#endEdit();
    if (this.#next.replyTo?.key === key) this.#set({ replyTo: undefined }, { focus: false });
  }

  #takeOut(lines) {
    this.#draft = without(this.#draft, lines);
    const { value, selectionStart } = this.field;
    const left = without(value, lines);
    if (left === value) return;
    const caret = Math.max(0, selectionStart - (selectionStart > value.indexOf(lines) ? lines.length : 0));
    this.#write(left);
    this.field.setSelectionRange(caret, caret);
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
    if (editing) strips.push(strip("edit", t("compose.editing"), "", () => this.#endEdit(), t("compose.stopEditing")));
    if (replyTo) {
      const who = replyTo.own ? t("compose.replyingSelf") : t("compose.replying", { name: displayName(replyTo.senderName) });
      strips.push(strip("reply", who, brief(replyTo), () => this.#set({ replyTo: undefined }), t("compose.doNotReply")));
    }
    const life = Math.min(ttlS ?? Infinity, this.roomTtlS ?? Infinity);
    if (!editing && ttlS && ttlS <= life) strips.push(strip("clock", t("compose.disappears", { time: ttlWords(ttlS) }), "", () => this.#set({ ttlS: undefined }), t("compose.letStay")));
    else if (!editing && Number.isFinite(life)) strips.push(strip("clock", t("compose.roomDisappears", { time: ttlWords(life) })));
    if (!editing && viewOnce) strips.push(strip("eye", t("compose.seenOnce"), "", () => this.#set({ viewOnce: undefined }), t("compose.seenOften")));
    this.strips.replaceChildren(...strips);
  }

  #openAdd() {
    const { ttlS, viewOnce } = this.#next;
    openAdd({ room: this.#room, emojis: namedEmoji(this.#client.EMOJI), float: this.#props.float, ttlS, viewOnce, chosen: (patch) => this.#set(patch, { focus: false }), onclose: () => this.focus() });
  }

  #pickEmoji() {
    const { selectionStart, selectionEnd, value } = this.field;
    const chosen = (emoji) => {
      this.#write(value.slice(0, selectionStart) + emoji + value.slice(selectionEnd));
      this.focus();
      this.field.setSelectionRange(selectionStart + emoji.length, selectionStart + emoji.length);
    };
    openEmojiPicker({ emojis: namedEmoji(this.#client.EMOJI), title: t("compose.emoji"), chosen });
  }

  /** Where there is nothing to send, one may speak. */
  #fitButtons() {
    const empty = this.field.value.trim() === "" && !this.files.any && !this.#next.editing;
    this.send.hidden = empty && canRecord();
    this.record.hidden = !this.send.hidden;
  }

  #recording(on) {
    this.form.hidden = on;
    if (!on) this.focus();
  }

  #sendVoice({ blob, durationS, waveform }) {
    const { replyTo, ttlS, viewOnce } = this.#next;
    this.#attempt(() => {
      this.#room.sendFile(blob, { kind: "voice", name: t("voice.message"), durationS, waveform, replyTo: replyTo?.key, ttlS, viewOnce });
      this.#next = { ttlS };
      this.#drawStrips();
      this.#props.sent();
    });
  }

  #attempt(action) {
    try {
      action();
      return true;
    } catch (error) {
      this.#tell(fileProblem(error));
      return false;
    }
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
    this.#fitButtons();
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  #onKey(event) {
    // While an input method composes, the keys belong to it.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) this.#submit();
    else if (event.key === "ArrowUp" && this.isEmpty) this.#props.editLast();
    else if (event.key === "Escape" && this.#next.editing) this.#endEdit();
    else if (event.key === "Escape" && this.#next.replyTo) this.#set({ replyTo: undefined });
    else return;
    event.preventDefault();
  }

  #submit() {
    const text = this.field.value.trim();
    const { editing, replyTo, ttlS, viewOnce } = this.#next;
    const withFiles = this.files.any && !editing;
    if (!text && !withFiles) return;
    if (editing && [...text].length > MAX_CHARS) return this.#tell(t("compose.tooLong"));
    const done = this.#attempt(() => {
      if (editing) this.#change(editing, text);
      else if (withFiles) this.files.send(text, { replyTo: replyTo?.key, ttlS, viewOnce });
      else this.#room.sendMessage(text, { replyTo: replyTo?.key, ttlS, viewOnce });
    });
    if (!done) return;
    if (!editing) this.#quotes.clear();
    // What disappears does so until it is switched off; the rest is said once.
    this.#next = { ttlS };
    this.#drawStrips();
    this.#write(editing ? this.#draft : "");
    this.#draft = "";
    this.#room.setTyping(false);
    this.focus();
    if (!editing) this.#props.sent();
  }

  async #change({ key, text: before }, text) {
    if (text === before) return;
    this.#changes.set(key, text);
    try {
      await this.#onceSent(key);
      this.#changes.delete(key);
      await this.#room.editMessage(key, text);
    } catch (error) {
      if (error.code === "LEFT") return;
      this.#props.toast(sentences([t("compose.notChanged"), errorWords(error)]));
      // What was written is not lost, unless the message itself is gone.
      const isGone = error.code === "MESSAGE_NOT_FOUND" && !this.#is(key, "failed");
      if (!this.field.value && !isGone) this.#write(text);
    }
  }

  #is(key, state) {
    return this.#room.getSnapshot().messages.some((message) => message.key === key && message.state === state);
  }

  /** What was said a moment ago can be changed once it is no longer on its way. */
  #onceSent(key) {
    return new Promise((resolve) => {
      const look = () => this.#is(key, "sending") || resolve(end());
      const end = this.#room.subscribe(look);
      look();
    });
  }

  #tell(words) {
    this.problem.textContent = words;
    this.problem.hidden = false;
  }
}
