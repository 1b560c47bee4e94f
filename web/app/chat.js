/** The conversation: messages and polls in order, what can be done with them, and the field in which one writes. */

import { Composer } from "./composer.js";
import { h, keyed, setText } from "./dom.js";
import { listNames, markedName } from "./format.js";
import { MessageView, seenBy } from "./message.js";
import { messageActs } from "./message-acts.js";
import { Pinned } from "./pinned.js";
import { PollView } from "./poll.js";
import { Scroller } from "./scroller.js";
import { Search } from "./search.js";
import { timeline } from "./timeline.js";
import { list, t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

export class Chat {
  #room;
  #client;
  #toast;
  #views = new Map();
  #unread = new Set();
  /** The first message that was not seen when the chat was last out of sight. */
  #newFrom = null;
  #open = false;

  /** @param {{client: Client, room: Room, scope: import("./scope.js").Scope, toast: (text: string) => void, float: (emoji: string) => void}} props */
  constructor({ client, room, scope, toast, float }) {
    this.#room = room;
    this.#client = client;
    this.#toast = toast;
    this.rows = h("ol", { class: "message-rows", onkeydown: (event) => this.#onKey(event) });
    this.scroller = new Scroller({ rows: this.rows, label: t("chat.messages"), scope, onEnd: () => this.#read() });
    this.composer = new Composer({ client, room, scope, toast, float, sent: () => this.#said(), editLast: () => this.#editLast(), focusList: () => this.#focusRow(-1) });
    this.act = messageActs({ client, room, toast, composer: this.composer, show: (id) => this.#show(id) });
    this.search = new Search({ scope, texts: () => this.#texts(), back: () => this.composer.focus() });
    this.pinned = new Pinned({ show: (id) => this.#show(id), unpin: () => this.act.unpin() });
    this.divider = h("li", { class: "new-mark" }, h("span", { role: "separator", "aria-label": t("chat.new") }, t("chat.new")));
    this.empty = h("p", { class: "chat-empty" }, t("chat.empty"));
    this.typing = h("p", { class: "typing", "aria-live": "polite" });
    this.list = this.scroller.list;
    this.list.setAttribute("aria-describedby", "messages-hint");
    this.list.addEventListener("keydown", (event) => this.#enterList(event));
    this.element = h(
      "section",
      { class: "chat", "aria-label": t("chat"), hidden: true },
      h("div", { class: "panel-title chat-title" }, h("h2", {}, t("chat")), this.search.button),
      this.search.element,
      this.pinned.element,
      h("p", { id: "messages-hint", hidden: true }, t("chat.hint")),
      h("div", { class: "messages-box" }, this.empty, this.list, this.scroller.jump),
      this.typing,
      this.composer.element,
      this.composer.files.cover,
    );
    this.composer.files.takeDrops(this.element, scope);
    scope.add(() => this.#views.forEach((view) => view.remove?.()));
    scope.add(room.on("message", (message) => this.#came(message)));
    scope.add(room.on("message-deleted", ({ key }) => this.#gone(key)));
  }

  /** How many came while nobody looked. */
  get unread() {
    return this.#unread.size;
  }

  get #attended() {
    return this.#open && document.visibilityState === "visible";
  }

  setOpen(open, focus) {
    this.#open = open;
    this.element.hidden = !open;
    if (!open) return this.#forgetMark();
    this.#unread.clear();
    this.scroller.toEnd();
    // Whoever opens the chat begins to read where it is new.
    this.divider.isConnected && this.divider.scrollIntoView({ block: "center" });
    if (focus) this.composer.focus();
  }

  /** The page is in sight again. @returns {boolean} whether anything has changed by it */
  seen() {
    if (!this.#open || !this.#unread.size) return false;
    this.#unread.clear();
    this.#read();
    return true;
  }

  draw(snapshot) {
    const { messages, polls, typing, participants } = snapshot;
    const state = [messages, polls, snapshot.reads, participants, snapshot.room, snapshot.self];
    if (!this.drawn || state.some((value, at) => value !== this.drawn[at])) this.#drawRows(snapshot, state);
    this.composer.draw(snapshot);
    this.pinned.draw(snapshot);
    const names = typing.map((id) => participants.find((person) => person.id === id)).filter(Boolean).map(markedName);
    setText(this.typing, names.length ? t("chat.typing", { count: names.length, names: listNames(names) }) : "");
    this.typing.classList.toggle("on", names.length > 0);
  }

  tick() {
    const now = this.#room.now();
    for (const view of this.#views.values()) view.tick(now);
  }

  #drawRows(snapshot, state) {
    const rows = timeline(snapshot.messages, snapshot.polls);
    const context = (message, lastOwn) => this.#context(message, lastOwn, snapshot);
    const create = ({ message, poll }) => (poll ? new PollView(poll, this.#room, this.act) : new MessageView(message, this));
    this.divider.remove();
    const focused = this.rows.contains(document.activeElement) && document.activeElement.closest("li");
    keyed(this.rows, this.#views, rows.map((row) => ({ ...row, context, snapshot })), ({ key }) => key, create);
    this.drawn = state;
    this.empty.hidden = rows.length > 0;
    this.#drawDivider();
    // What had the focus is gone: the list has it, rather than nothing.
    if (focused && !focused.isConnected) this.list.focus({ preventScroll: true });
    const last = snapshot.messages.at(-1);
    const isNew = last?.key !== this.last;
    this.last = last?.key;
    if (this.scroller.atEnd || (isNew && last?.own)) this.scroller.toEnd();
    this.search.refresh();
  }

  #context(message, lastOwn, snapshot) {
    return {
      quoted: message.replyTo && this.find(message.replyTo),
      // Of one that is seen once, having come past it is not having seen it.
      seenBy: lastOwn && !message.viewOnce ? seenBy(message, snapshot) : "",
      pinned: Boolean(message.id) && snapshot.room?.pinnedMessageId === message.id,
      encrypted: snapshot.encrypted,
    };
  }

  #drawDivider() {
    const view = this.#newFrom && this.#views.get(this.#newFrom);
    if (view) view.element.before(this.divider);
    else this.divider.remove();
  }

  #came({ key }) {
    if (!this.#attended) this.#unread.add(key);
    if (!this.#attended || !this.scroller.atEnd) this.#newFrom ??= key;
    if (!this.scroller.atEnd) this.scroller.came(1);
    else if (this.#attended) queueMicrotask(() => this.#read());
  }

  #gone(key) {
    this.#unread.delete(key);
    this.composer.forget(key);
    if (this.#newFrom === key) this.#newFrom = null;
  }

  #said() {
    this.#forgetMark();
    this.scroller.toEnd();
  }

  #forgetMark() {
    this.#newFrom = null;
    this.#drawDivider();
  }

  /** All that is there has been read, where it can be seen. */
  #read() {
    if (!this.#attended || !this.scroller.atEnd) return;
    this.#room.markRead(Math.max(0, ...this.#room.getSnapshot().messages.map(({ seq }) => seq ?? 0)));
  }

  find = (id) => this.#room.getSnapshot().messages.find((message) => message.id === id);

  get room() {
    return this.#room;
  }

  get client() {
    return this.#client;
  }

  toast = (words) => this.#toast(words);

  /** Who reacted, in words. */
  namesOf(ids, count) {
    const { self, participants } = this.#room.getSnapshot();
    const people = new Map(participants.map((person) => [person.id, markedName(person)]));
    const names = ids.map((id) => (id === self.id ? t("you") : people.get(id))).filter(Boolean);
    const others = count - names.length;
    if (!others) return list(names);
    return names.length ? list([...names, t("others", { count: others })]) : t("persons", { count: others });
  }

  #show(id) {
    const message = this.find(id);
    const element = message && this.#views.get(message.key)?.element;
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    element.classList.remove("pointed-at");
    requestAnimationFrame(() => element.classList.add("pointed-at"));
  }

  #texts() {
    return [...this.#views.values()].map(({ element, text }) => ({ element, text })).filter(({ text }) => text);
  }

  #editLast() {
    const { messages, self } = this.#room.getSnapshot();
    const last = messages.findLast((message) => message.own && message.sender === self?.id && message.state !== "failed" && !message.viewOnce && !message.deleting);
    if (last) this.act.edit(last);
  }

  /** The list is one stop for Tab; from there the arrows go through the messages. */
  #enterList(event) {
    if (event.target !== this.list || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    this.#focusRow(event.key === "ArrowUp" ? -1 : 0);
  }

  #focusRow(at) {
    [...this.rows.querySelectorAll(".message, .poll")].at(at)?.focus();
  }

  #onKey(event) {
    const row = event.target;
    if (!row.matches("li") || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = [...this.rows.querySelectorAll(".message, .poll")];
    const at = rows.indexOf(row);
    const steps = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 };
    if (event.key in steps) rows[Math.max(0, Math.min(rows.length - 1, steps[event.key]))].focus();
    else if (event.key === "Escape") this.composer.focus();
    else if (!this.#actByKey(event.key, row.dataset.key)) return;
    event.preventDefault();
  }

  /** @returns {boolean} whether the key means something */
  #actByKey(key, messageKey) {
    const message = this.#room.getSnapshot().messages.find((candidate) => candidate.key === messageKey);
    const action = { Enter: "menu", ContextMenu: "menu", r: "reply", e: "edit", c: "copy", Delete: "delete" }[key];
    if (!message || !action) return false;
    this.act.byKey(action, message);
    return true;
  }
}

