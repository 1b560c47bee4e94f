/** One message: who, what, in answer to what, how people reacted, how long it lasts, and how far it has come. */

import { AttachmentView } from "./attachment.js";
import { h, setText } from "./dom.js";
import { fileProblem, filesWords, sizeWords } from "./file-words.js";
import { displayName, fullTimeOf, hueOf, listNames, markedName, plainPart, remaining, timeOf } from "./format.js";
import { icon } from "./icons.js";
import { linkParts } from "./linkify.js";
import { MessageBar, watchPress } from "./message-bar.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

/** A message longer than this is folded. */
const FOLD_CHARS = 900;
const FOLD_LINES = 14;
const QUOTED_CHARS = 120;

export class MessageView {
  /** @type {any} */ message;
  /** Whether it is the first of several by one sender. @type {boolean | undefined} */ first;
  /** All else that it is drawn by, as text. @type {string | undefined} */ state;
  /** @type {readonly any[] | undefined} */ shownFiles;
  /** @type {boolean | undefined} */ shownOpen;

  /**
   * @param {any} message
   * @param {{client: Client, room: Room, toast: (text: string) => void, act: Record<string, (message: any, emoji?: string) => void>,
   *   find: (id: string) => any, namesOf: (participantIds: readonly string[], count: number) => string}} chat
   */
  constructor(message, chat) {
    this.chat = chat;
    this.head = h("p", { class: "message-head" });
    this.quote = h("button", { class: "quote", type: "button", tabIndex: -1, hidden: true, onclick: () => chat.act.show(this.message.replyTo) });
    this.text = h("p", { class: "message-text", dir: "auto" });
    this.more = h("button", { class: "link-button", type: "button", hidden: true, onclick: () => this.#unfold() }, t("message.showAll"));
    this.marks = h("p", { class: "message-marks", hidden: true });
    this.timer = h("span", { class: "timer" });
    this.reactions = h("div", { class: "reactions", role: "group", "aria-label": t("message.reactions"), hidden: true });
    this.foot = h("p", { class: "message-foot" });
    this.bar = new MessageBar(() => this.message, chat.act);
    this.files = h("div", { class: "attachments", hidden: true });
    this.bubble = h("div", { class: "bubble" }, this.quote, this.files, this.text, this.more, this.marks);
    const body = h("div", { class: "message-body" }, this.bubble, this.bar.element);
    this.element = h("li", { class: "message", tabIndex: -1 }, this.head, body, this.reactions, this.foot);
    this.element.dataset.key = message.key;
    this.element.classList.toggle("own", message.own);
    this.element.classList.add(`hue-${hueOf(message.sender)}`);
    watchPress(this.element, () => chat.act.menu(this.message));
  }

  update({ message, first, lastOwn, context }) {
    const { quoted, seenBy, pinned, encrypted } = context(message, lastOwn);
    const state = [first, lastOwn, quoted?.text, quoted?.senderName, seenBy, pinned].join("\n");
    if (this.message === message && this.state === state) return;
    const textChanged = this.message?.text !== message.text || this.message?.unreadable !== message.unreadable || this.message?.viewed !== message.viewed;
    const headChanged = !this.message || this.first !== first;
    Object.assign(this, { message, first, state });
    const { classList, dataset } = this.element;
    classList.toggle("first", first);
    classList.toggle("last-own", lastOwn);
    classList.toggle("deleting", Boolean(message.deleting));
    dataset.state = message.state;
    if (textChanged) this.#drawText(message);
    this.#drawFiles(message);
    if (headChanged) this.#drawHead(message, first, encrypted);
    this.#drawQuote(message, quoted);
    this.#drawMarks(message, pinned);
    this.#drawReactions(message);
    this.#drawFoot(message, seenBy);
    this.bar.draw(message);
    this.tick(this.chat.room.now());
  }

  /** The view goes, and all that it has opened. */
  remove() {
    this.attachments.forEach((view) => view.end());
    this.attachments = [];
  }

  attachments = [];

  /** Once they are where the others can have them: until then only names and progress are there. */
  #drawFiles(message) {
    if (message.deleting) this.attachments.forEach((view) => view.hush());
    const { attachments = [], upload, state } = message;
    this.files.hidden = attachments.length === 0;
    const isOpen = !upload && (state === "sent" || attachments.every(({ fileId, direct }) => fileId ?? direct));
    if (this.shownFiles === attachments && this.shownOpen === isOpen) return this.#drawUpload(upload);
    Object.assign(this, { shownFiles: attachments, shownOpen: isOpen });
    this.remove();
    const { client, room, toast } = this.chat;
    if (isOpen) this.attachments = attachments.map((attachment) => new AttachmentView({ client, room, key: message.key, attachment, kind: message.kind, toast }));
    this.files.replaceChildren(...(isOpen ? this.attachments.map(({ element }) => element) : attachments.map((file) => this.#waiting(file))));
    this.#drawUpload(upload);
  }

  #waiting(file) {
    this.sentBar = h("progress", { class: "attachment-progress", max: 1, value: 0, "aria-label": t("files.sending", { name: file.name || t("files.aFile") }) });
    return h("div", { class: "attachment of-file" }, h("div", { class: "attachment-file" }, icon("file", 22), h("p", { class: "attachment-about" }, h("bdi", { class: "attachment-name" }, file.name || t("files.aFile")), h("span", { class: "attachment-size" }, sizeWords(file.size)))), this.sentBar);
  }

  #drawUpload(upload) {
    if (!this.sentBar) return;
    this.sentBar.hidden = !upload;
    if (upload) this.sentBar.value = upload.total ? upload.sent / upload.total : 0;
  }

  /** What is left of one that disappears. */
  tick(now) {
    if (this.message.expiresAt) setText(this.timer, remaining(Date.parse(this.message.expiresAt) - now));
  }

  #drawText(message) {
    const words = wordsFor(message);
    this.text.hidden = false;
    this.text.classList.toggle("unreadable", Boolean(words));
    const folded = !words && (message.text.length > FOLD_CHARS || message.text.split("\n").length > FOLD_LINES);
    this.text.classList.toggle("folded", folded);
    this.more.hidden = !folded;
    if (isSealedOnce(message)) {
      const open = h("button", { class: "view-once", type: "button", onclick: () => this.chat.act.view(this.message) }, icon("eye", 18), t("message.viewOnce"));
      return this.text.replaceChildren(open);
    }
    if (words) return setText(this.text, words);
    this.text.hidden = message.text === "";
    this.text.replaceChildren(...linkParts(message.text).map(linked));
  }

  #drawHead(message, first, encrypted) {
    this.head.hidden = !first;
    const plain = message.viewOnce && !message.own ? "" : plainPart(message, encrypted);
    this.head.replaceChildren(
      h("bdi", { class: "name" }, message.own ? t("you") : displayName(message.senderName)),
      h("time", { dateTime: message.timestamp, title: fullTimeOf(message.timestamp) }, timeOf(message.timestamp)),
      plain ? h("span", { class: "plain-mark" }, icon("shieldOff", 14), plain) : "",
    );
  }

  #drawQuote(message, quoted) {
    this.quote.hidden = !message.replyTo || Boolean(message.deleting);
    if (this.quote.hidden) return;
    const words = quoted ? brief(quoted) : t("message.quotedGone");
    this.quote.replaceChildren(
      quoted ? h("bdi", { class: "quote-name" }, quoted.own ? t("you") : displayName(quoted.senderName)) : "",
      h("span", { class: "quote-text", dir: "auto" }, words),
    );
    this.quote.disabled = !quoted;
  }

  #drawMarks(message, pinned) {
    const parts = [];
    if (pinned) parts.push(icon("pin", 13), t("pinned.pinned"));
    if (message.to) parts.push(icon("lock", 13), t("message.private"));
    if (message.viewOnce && message.own) parts.push(icon("eye", 13), t("add.once"));
    if (message.editedAt) parts.push(h("span", { title: fullTimeOf(message.editedAt) }, t("message.edited")));
    if (message.expiresAt) parts.push(h("span", { class: "timed", title: t("message.disappearsAt", { time: fullTimeOf(message.expiresAt) }) }, icon("clock", 13), this.timer));
    this.marks.hidden = parts.length === 0 || Boolean(message.deleting);
    this.marks.replaceChildren(...parts);
  }

  #drawReactions({ reactions = [], deleting }) {
    this.reactions.hidden = reactions.length === 0 || Boolean(deleting);
    if (this.drawn === reactions) return;
    const focused = this.reactions.contains(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).dataset.emoji;
    this.drawn = reactions;
    this.reactions.replaceChildren(...reactions.map((reaction) => this.#chip(reaction)));
    if (focused) this.reactions.querySelector(`[data-emoji="${CSS.escape(focused)}"]`)?.focus();
  }

  #chip({ emoji, count, mine, participantIds }) {
    const names = this.chat.namesOf(participantIds, count);
    const label = t("message.reaction", { emoji, count, names });
    const react = () => this.chat.act.react(this.message, emoji);
    const chip = h("button", { class: "chip", type: "button", "aria-pressed": String(mine), "aria-label": label, title: names, onclick: react }, emoji, h("span", { class: "chip-count" }, String(count)));
    chip.dataset.emoji = emoji;
    return chip;
  }

  #drawFoot(message, seenBy) {
    const parts = [];
    const button = (label, action) => h("button", { class: "link-button", type: "button", onclick: action }, label);
    if (message.deleting) {
      parts.push(t("message.deleted"), button(t("undo"), () => this.chat.act.undo(this.message)));
    } else if (message.upload) {
      const { sent, total } = message.upload;
      parts.push(h("span", { class: "spinner tiny" }), total ? t("message.sendingPart", { percent: t("percent", { number: Math.floor((100 * sent) / total) }) }) : t("message.sending"), button(t("cancel"), () => this.chat.room.discardMessage(message.key)));
    } else if (message.own && message.state === "sending") parts.push(h("span", { class: "spinner tiny" }), t("message.sending"));
    else if (message.own && message.state === "sent") {
      const count = message.deliveredTo ?? 0;
      const told = count ? t("message.delivered", { count }) : t("message.sent");
      parts.push(icon(seenBy ? "eye" : count ? "checks" : "check", 15), seenBy ? t("message.seenBy", { names: seenBy }) : told);
    } else if (message.state === "failed") {
      const { room } = this.chat;
      parts.push(icon("alert", 15), message.attachments && message.error ? t("message.notSentWhy", { problem: fileProblem(message.error) }) : t("message.notSent"));
      parts.push(button(t("tryAgain"), () => room.retryMessage(message.key)), button(t("delete"), () => room.discardMessage(message.key)));
    }
    this.foot.replaceChildren(...parts);
  }

  #unfold() {
    this.text.classList.remove("folded");
    this.more.hidden = true;
    this.text.tabIndex = -1;
    this.text.focus();
  }
}

const isSealedOnce = ({ viewOnce, own, viewed, unreadable }) => viewOnce && !own && !viewed && !unreadable;

/** What is said in place of a text that is not shown. */
export function wordsFor(message) {
  if (message.unreadable) return t("message.unreadable");
  if (message.viewOnce && !message.own) return t(message.viewed ? "message.seenAlready" : "message.once");
  return message.text || message.attachments ? "" : t("message.cannotShow");
}

/** A message in one line. */
export const brief = (message) => wordsFor(message) || clip(message.text) || filesWords(message);

function linked({ text, href }) {
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, text) : text;
}

export const clip = (text) => (text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS - 1)}…` : text);

/** Who of the others has read up to a message, in words; "" where that cannot be told. */
export function seenBy({ seq, to }, { reads, participants, room }) {
  if (!room?.receipts || !seq) return "";
  const readers = participants.filter(({ id }) => (!to || to === id) && (reads[id] ?? 0) >= seq);
  if (!to && readers.length > 1 && readers.length === participants.length) return t("message.everybody");
  return listNames(readers.map(markedName));
}
