/** The people of a room: who is here, under which name, who types, who knocks. */

import { NAME_MARK } from "../crypto/crypto.js";

const TYPING_EXPIRES_MS = 6_000;
export const UNNAMED = "Guest";
/** Sealed names opened so far, so that each is opened once. */
const MAX_NAMES = 2_000;

export class Crowd {
  #store;
  #emitter;
  #keyring;
  #names = new Map();
  #typingTimers = new Map();

  /** @param {{store: import("./store.js").Store, emitter: import("./store.js").Emitter, keyring: () => any}} port */
  constructor({ store, emitter, keyring }) {
    this.#store = store;
    this.#emitter = emitter;
    this.#keyring = keyring;
  }

  async person(participant) {
    return Object.freeze({ ...participant, ...(await this.named(participant.name)) });
  }

  /** A name that can be read, and, where names are sealed, whether this one was not. */
  async named(wire) {
    const keyring = this.#keyring();
    const shown = !wire || wire.startsWith(NAME_MARK) ? UNNAMED : wire;
    if (!keyring) return { name: shown };
    if (!this.#names.has(wire)) {
      if (this.#names.size >= MAX_NAMES) this.#names.clear();
      const opened = await keyring.openName(wire);
      this.#names.set(wire, { name: opened ?? shown, unsealed: opened === null });
    }
    return this.#names.get(wire);
  }

  /** Somebody came or changed. @param {{participant: any, polite?: boolean}} payload with a name that can be read */
  arrived({ participant: person, polite }) {
    const { self, participants } = this.#store.getSnapshot();
    if (person.id === self?.id) return this.#store.update({ self: Object.freeze({ ...self, ...person }) });
    const known = participants.find((p) => p.id === person.id);
    const merged = Object.freeze({ ...known, ...person, polite: polite ?? person.polite ?? known?.polite });
    const others = known ? participants.map((p) => (p === known ? merged : p)) : [...participants, merged];
    this.#store.update({ participants: Object.freeze(others) });
  }

  left(participantId) {
    this.stopTyping(participantId);
    const { participants, reads } = this.#store.getSnapshot();
    const { [participantId]: gone, ...others } = reads;
    this.#store.update({
      participants: Object.freeze(participants.filter((p) => p.id !== participantId)),
      reads: gone === undefined ? reads : Object.freeze(others),
    });
  }

  async knock({ knockId, name }) {
    const knock = Object.freeze({ knockId, ...(await this.named(name)) });
    const others = this.#store.getSnapshot().knocks.filter((known) => known.knockId !== knockId);
    this.#store.update({ knocks: Object.freeze([...others, knock]) });
    this.#emitter.emit("knock", knock);
  }

  read({ participantId, seq }) {
    const { reads } = this.#store.getSnapshot();
    if ((reads[participantId] ?? 0) < seq) this.#store.update({ reads: Object.freeze({ ...reads, [participantId]: seq }) });
  }

  typing({ participantId, isTyping }) {
    if (!isTyping) return this.stopTyping(participantId);
    clearTimeout(this.#typingTimers.get(participantId));
    this.#typingTimers.set(participantId, setTimeout(() => this.stopTyping(participantId), TYPING_EXPIRES_MS));
    const { typing } = this.#store.getSnapshot();
    if (!typing.includes(participantId)) this.#store.update({ typing: Object.freeze([...typing, participantId]) });
  }

  stopTyping(participantId) {
    clearTimeout(this.#typingTimers.get(participantId));
    this.#typingTimers.delete(participantId);
    const { typing } = this.#store.getSnapshot();
    if (typing.includes(participantId)) {
      this.#store.update({ typing: Object.freeze(typing.filter((id) => id !== participantId)) });
    }
  }
}
