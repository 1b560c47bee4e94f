/** Emoji that float over everybody's screen, and are gone. */

import { announce, h } from "./dom.js";
import { markedName } from "./format.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const TYPE = "float";
const FLOAT_MS = 4_000;
/** At once; more are not shown. */
const MAX_FLOATS = 24;

export class Floats {
  #room;
  #emojis;
  #scope;

  /** @param {{room: Room, emojis: readonly {emoji: string, name: string}[], scope: import("./scope.js").Scope}} props */
  constructor({ room, emojis, scope }) {
    this.#room = room;
    this.#emojis = new Map(emojis.map((entry) => [entry.emoji, entry.name]));
    this.#scope = scope;
    this.element = h("div", { class: "floats", "aria-hidden": "true" });
    scope.add(room.on("broadcast", ({ from, type, data }) => type === TYPE && this.#heard(from, data)));
  }

  async send(emoji) {
    this.#show(emoji, t("you"));
    await this.#room.broadcast(TYPE, { emoji });
  }

  #heard(from, data) {
    const person = this.#room.getSnapshot().participants.find(({ id }) => id === from);
    // Only what the picker has: anything else could be a wall of text.
    if (!person || !this.#emojis.has(data?.emoji)) return;
    announce(t("emoji.said", { name: markedName(person), emoji: this.#emojis.get(data.emoji) }));
    this.#show(data.emoji, markedName(person));
  }

  #show(emoji, name) {
    if (this.element.childElementCount >= MAX_FLOATS) return;
    const float = h("p", { class: "float" }, h("span", { class: "float-emoji" }, emoji), h("bdi", { class: "float-name" }, name));
    float.style.insetInlineStart = `${8 + Math.random() * 70}%`;
    this.element.append(float);
    this.#scope.after(FLOAT_MS, () => float.remove());
  }
}
