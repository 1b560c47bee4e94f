/** What others say, in words: asked for by whoever wants to read along, written down by each speaker's own browser. */

import { h, keyed, setText } from "./dom.js";
import { displayName, markedName } from "./format.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

/** Broadcasts, and what they carry. */
export const ASK = "captions"; // {on}: whether the sender wants to read what the receiver says
export const WHO = "captions-who"; // {}: the sender has come and does not know who reads
export const SAID = "caption"; // {text}: what the sender says; {none: true}: its browser cannot, or it does not want to

/** After the last word. */
const SHOWN_MS = 7_000;
/** At once: those who spoke last. */
const MAX_ROWS = 3;
/** Of what somebody says, its end. */
const MAX_CHARS = 200;

export class Captions {
  #room;
  #scope;
  #toast;
  #rows = [];
  #views = new Map();
  on = false;

  /** @param {{room: Room, scope: import("./scope.js").Scope, toast: (text: string) => void}} props */
  constructor({ room, scope, toast }) {
    this.#room = room;
    this.#scope = scope;
    this.#toast = toast;
    // Read by whoever wants to: aloud it would be said twice.
    this.element = h("ul", { class: "captions", "aria-label": t("captions"), hidden: true });
    scope.add(room.on("broadcast", ({ from, type, data }) => this.#heard(from, type, data)));
    scope.add(room.on("user-left", ({ participantId }) => this.#drop(participantId)));
  }

  /** Ask everybody, or no longer. Throws where nobody can be asked. */
  async set(on) {
    await this.#room.broadcast(ASK, { on });
    this.on = on;
    if (!on) this.#rows = [];
    this.#draw();
  }

  #heard(from, type, data) {
    if (!this.on) return;
    if (type === WHO) this.#room.broadcast(ASK, { on: true }, { to: from }).catch(() => {}); // it has gone again
    const person = this.#room.getSnapshot().participants.find(({ id }) => id === from);
    if (type !== SAID || !person) return;
    if (data?.none === true) this.#toast(t("captions.none", { name: markedName(person) }));
    else if (typeof data?.text === "string") this.#show(person, data.text.slice(-MAX_CHARS));
  }

  #show(person, text) {
    const until = Date.now() + SHOWN_MS;
    const known = this.#rows.find(({ id }) => id === person.id);
    if (known) Object.assign(known, { text, until });
    else this.#rows = [...this.#rows, { id: person.id, person, text, until }].slice(-MAX_ROWS);
    this.#draw();
    this.#scope.after(SHOWN_MS, () => this.#age());
  }

  #age() {
    this.#rows = this.#rows.filter(({ until }) => until > Date.now());
    this.#draw();
  }

  #drop(id) {
    this.#rows = this.#rows.filter((row) => row.id !== id);
    this.#draw();
  }

  #draw() {
    keyed(this.element, this.#views, this.#rows, ({ id }) => id, () => new Row());
    this.element.hidden = this.#rows.length === 0;
  }
}

class Row {
  constructor() {
    this.name = h("bdi", { class: "caption-name" });
    this.text = h("span", { class: "caption-text", dir: "auto" });
    this.element = h("li", { class: "caption" }, this.name, this.text);
  }

  update({ person, text }) {
    setText(this.name, displayName(person.name));
    setText(this.text, text);
  }
}
