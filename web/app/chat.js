/** The conversation: messages in order, how far one's own have come, who is typing. */

import { h, keyed, setText } from "./dom.js";
import { displayName, fullTimeOf, hueOf, listNames, markedName, plainPart, plural, timeOf } from "./format.js";
import { icon } from "./icons.js";

const MAX_CHARS = 4_000;
const WARN_CHARS = 3_600;
/** A message longer than this is folded. */
const FOLD_CHARS = 900;
const FOLD_LINES = 14;
/** Messages of one person within this time share a heading. */
const GROUP_MS = 3 * 60_000;
const NEAR_END_PX = 80;

export class Chat {
  #room;
  #views = new Map();
  unread = 0;

  #atEnd = true;
  /** Of the list, as they were told last. */
  #sizes = { scrollHeight: 0, clientHeight: 0, clientWidth: 0 };
  /** Where the list was left when it was brought to its end. */
  #leftAt = 0;

  /** @param {{room: any, scope: import("./scope.js").Scope}} props */
  constructor({ room, scope }) {
    this.#room = room;
    this.rows = h("ol", { class: "message-rows" });
    this.list = h("div", { class: "messages", role: "log", "aria-label": "Messages", tabIndex: 0, onscroll: () => this.#scrolled() }, this.rows);
    // The keyboard, a turned phone or a long draft take from the list; whoever was at its end stays there.
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.list);
    observer.observe(this.rows);
    scope.add(() => observer.disconnect());
    this.empty = h("p", { class: "chat-empty" }, "Nothing has been said yet. What you write here is gone when the room ends.");
    this.typing = h("p", { class: "typing", "aria-live": "polite" });
    this.count = h("span", { class: "char-count", hidden: true });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
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
    this.send = h("button", { class: "icon-button send", type: "submit", "aria-label": "Send", title: "Send" }, icon("send"));
    this.element = h(
      "section",
      { class: "chat", "aria-label": "Chat", hidden: true },
      h("h2", { class: "panel-title" }, "Chat"),
      h("div", { class: "messages-box" }, this.empty, this.list),
      this.typing,
      this.problem,
      h(
        "form",
        {
          class: "composer",
          onsubmit: (event) => {
            event.preventDefault();
            this.#submit();
          },
        },
        h("label", { class: "visually-hidden", htmlFor: "message" }, "Message"),
        this.field,
        this.count,
        this.send,
      ),
    );
  }

  setOpen(open, focus) {
    this.element.hidden = !open;
    if (!open) return;
    this.unread = 0;
    this.#toEnd();
    if (focus) this.field.focus();
  }

  #toEnd() {
    this.#atEnd = true;
    this.list.scrollTop = this.list.scrollHeight;
    this.#leftAt = this.list.scrollTop;
  }

  #resized() {
    if (this.#atEnd) this.#toEnd();
    const { scrollHeight, clientHeight, clientWidth } = this.list;
    this.#sizes = { scrollHeight, clientHeight, clientWidth };
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight, clientWidth } = this.list;
    const known = this.#sizes;
    // In another frame it was the layout that scrolled, not the reader; that the sizes are others is told next.
    if (clientHeight !== known.clientHeight || clientWidth !== known.clientWidth || scrollHeight < known.scrollHeight) return;
    if (scrollHeight === known.scrollHeight) this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    // A line has come in this very frame: whoever is above where the list was left has scrolled up to read.
    else if (this.#leftAt - scrollTop >= NEAR_END_PX) this.#atEnd = false;
  }

  draw({ messages, typing, participants }) {
    if (messages !== this.drawn) {
      const grouped = messages.map((message, at) => ({ message, first: !sameGroup(messages[at - 1], message) }));
      keyed(this.rows, this.#views, grouped, ({ message }) => message.key, ({ message }) => new MessageView(message, this.#room));
      this.drawn = messages;
      this.empty.hidden = messages.length > 0;
      const isNew = messages.at(-1)?.key !== this.last;
      this.last = messages.at(-1)?.key;
      if (this.#atEnd || (isNew && messages.at(-1)?.own)) this.#toEnd();
    }
    const names = typing.map((id) => participants.find((person) => person.id === id)).filter(Boolean).map(markedName);
    setText(this.typing, names.length ? `${listNames(names)} ${names.length === 1 ? "is" : "are"} typing` : "");
    this.typing.classList.toggle("on", names.length > 0);
  }

  #typed() {
    this.#fit();
    this.#room.setTyping(this.field.value.trim() !== "");
    const { length } = [...this.field.value];
    this.count.hidden = length < WARN_CHARS;
    this.count.textContent = `${MAX_CHARS - length}`;
    this.problem.hidden = true;
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 160)}px`;
  }

  #onKey(event) {
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.field.value.trim();
    if (!text) return;
    try {
      this.#room.sendMessage(text);
    } catch (error) {
      this.problem.textContent = error.message;
      this.problem.hidden = false;
      return;
    }
    this.field.value = "";
    this.#typed();
    this.field.focus();
  }
}

class MessageView {
  constructor(message, room) {
    this.room = room;
    this.head = h("p", { class: "message-head" });
    this.text = h("p", { class: "message-text", dir: "auto" });
    this.more = h("button", { class: "link-button", type: "button", hidden: true, onclick: () => this.#unfold() }, "Show all");
    this.foot = h("p", { class: "message-foot" });
    this.element = h("li", { class: "message" }, this.head, h("div", { class: "bubble" }, this.text, this.more), this.foot);
    this.element.classList.toggle("own", message.own);
    this.element.classList.add(`hue-${hueOf(message.sender)}`);
    const folded = message.text.length > FOLD_CHARS || message.text.split("\n").length > FOLD_LINES;
    this.text.classList.toggle("folded", folded);
    this.more.hidden = !folded;
  }

  update({ message, first }) {
    if (this.message === message && this.first === first) return;
    this.element.classList.toggle("first", first);
    this.element.dataset.state = message.state;
    if (message.unreadable) {
      this.text.classList.add("unreadable");
      setText(this.text, "This message was encrypted with another key, or changed on its way.");
    } else setText(this.text, message.text);
    if (!this.message || this.first !== first) this.#drawHead(message, first);
    this.#drawFoot(message);
    this.message = message;
    this.first = first;
  }

  #drawHead(message, first) {
    this.head.hidden = !first;
    const plain = plainPart(message, this.room.getSnapshot().encrypted);
    this.head.replaceChildren(
      h("bdi", { class: "name" }, message.own ? "You" : displayName(message.senderName)),
      h("time", { dateTime: message.timestamp, title: fullTimeOf(message.timestamp) }, timeOf(message.timestamp)),
      plain ? h("span", { class: "plain-mark" }, icon("shieldOff", 14), plain) : "",
    );
  }

  #drawFoot(message) {
    const parts = [];
    if (message.own && message.state === "sending") parts.push(h("span", { class: "spinner tiny" }), "Sending …");
    if (message.own && message.state === "sent") {
      const count = message.deliveredTo ?? 0;
      parts.push(icon(count ? "checks" : "check", 15), count ? `Delivered to ${plural(count, "person", "people")}` : "Sent");
    }
    if (message.state === "failed") {
      const button = (label, action) => h("button", { class: "link-button", type: "button", onclick: action }, label);
      parts.push(
        icon("alert", 15),
        "Not sent. ",
        button("Try again", () => this.room.retryMessage(message.key)),
        button("Delete", () => this.room.discardMessage(message.key)),
      );
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

function sameGroup(before, message) {
  if (!before || before.sender !== message.sender || before.own !== message.own || before.encrypted !== message.encrypted) return false;
  if (before.senderName !== message.senderName || before.unsealed !== message.unsealed) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
}
