/**
 * What the server says, applied to the snapshot strictly in the order it came, also where decryption has to be awaited.
 * Everything here may be applied twice without harm: a resumed seat is shown some events again.
 */

import { NAME_MARK } from "./crypto.js";
import { keyProblem } from "./key.js";

const TYPING_EXPIRES_MS = 6_000;
export const UNNAMED = "Guest";
/** Sealed names opened so far, so that each is opened once. */
const MAX_NAMES = 2_000;
const SIGNALS = new Set(["offer-received", "answer-received", "ice-candidate-received"]);

export class Intake {
  #port;
  #chain = Promise.resolve();
  #names = new Map();
  #typingTimers = new Map();

  constructor(port) {
    this.#port = port;
  }

  /** Queue one event. Others' rooms and unknown events are passed over. */
  take(event, payload, context) {
    const of = payload?.roomId ?? payload?.room?.id ?? this.#port.roomId;
    if (of !== this.#port.roomId) return;
    const handler = Object.hasOwn(this.#handlers, event) ? this.#handlers[event] : null;
    if (!handler && !SIGNALS.has(event)) return;
    this.#chain = this.#chain
      .then(() => (handler ? handler(payload, context) : this.#port.emitter.emit("signal", { event, payload })))
      // One event that does not fit must not stop those behind it.
      .catch((error) => this.#port.emitter.emit("error", error));
  }

  #handlers = {
    // Not `room-joined`: the entry asks for the snapshot in the acknowledgement alone.
    entered: (data, context) => this.#joined(data, context),
    "room-left": (payload) => this.#port.roomLeft(payload),
    "user-joined": (payload) => this.#durable("user-joined", payload),
    "user-left": (payload) => this.#durable("user-left", payload),
    "user-updated": (payload) => this.#durable("user-updated", payload),
    "room-updated": (payload) => this.#durable("room-updated", payload),
    "message-received": (payload) => this.#durable("message-received", payload),
    "typing-changed": (payload) => this.#typing(payload),
    "knock-received": (payload) => this.#knock(payload),
    "knock-answered": (payload) => this.#port.knockAnswered(payload),
    "room-expiring": (payload) => this.#port.emitter.emit("expiring", payload),
    "server-draining": (payload) => this.#port.draining(payload),
    "request-failed": (payload) => this.#port.emitter.emit("request-failed", payload),
  };

  async #joined(data, { asked, isCurrent }) {
    const { store, sequence } = this.#port;
    const previous = store.getSnapshot();
    const problem = keyProblem(data.room, this.#port.keyring()?.check) ?? (await this.#strangeKey(data, asked));
    if (problem) return this.#port.wrongKey(problem);
    const self = await this.#person(data.self);
    const participants = await Promise.all(data.participants.map((participant) => this.#person(participant)));
    for (const message of data.messages ?? []) await this.#message(message, { self, backlog: true });
    const missed = data.missed ?? [];
    for (const { event, payload } of missed) {
      if (event === "message-received") await this.#message(payload, { self });
    }
    sequence.reset(data.seq);
    store.update({
      // By the time that all is decrypted, the connection may be gone again.
      status: isCurrent() ? "joined" : "reconnecting",
      self,
      room: Object.freeze(data.room),
      participants: Object.freeze(participants),
      messages: this.#port.list.all,
      typing: Object.freeze([]),
      resumed: Boolean(asked && previous.self === null) || (previous.resumed && previous.self?.id === self.id),
      limits: data.limits ?? null,
      error: null,
    });
    this.#port.inside({ self, epoch: data.epoch, resumeToken: data.resumeToken, seated: isCurrent() });
    this.#port.emitter.emit("joined", {
      self,
      participants,
      recovered: data.recovered,
      asked,
      iceServers: data.iceServers,
      iceExpiresAt: data.iceExpiresAt,
    });
    for (const { event, payload } of missed) {
      if (event !== "message-received") this.#port.emitter.emit(event, { ...(await this.#readable(payload)), missed: true });
    }
  }

  /** In a room that was made without a check of its key: whether nobody's name and nothing said opens with ours. */
  async #strangeKey({ room, participants, messages = [] }, asked) {
    const keyring = this.#port.keyring();
    if (!keyring || asked || room.keyCheck !== undefined || this.#port.isMaker()) return null;
    const names = participants.map(({ name }) => name).filter((name) => name.startsWith(NAME_MARK));
    const opened = await Promise.all(names.map((name) => keyring.openName(name)));
    if (!names.length || opened.some((name) => name !== null)) return null;
    const said = await Promise.all(messages.filter(({ encrypted }) => encrypted).map((message) => this.#opened(message)));
    return said.some((content) => !content.unreadable) ? null : "KEY_WRONG";
  }

  async #durable(event, payload) {
    if (!this.#port.noteSeq(payload.seq)) return;
    if (event === "message-received") {
      if (await this.#message(payload)) this.#port.messagesChanged();
      return;
    }
    const readable = await this.#readable(payload);
    if (event === "room-updated") this.#port.store.update({ room: Object.freeze(payload.room) });
    else this.#people(event, readable);
    this.#port.emitter.emit(event, readable);
  }

  /** The payload as listeners see it: with a name that can be read. */
  async #readable(payload) {
    return payload.participant ? { ...payload, participant: await this.#person(payload.participant) } : payload;
  }

  #people(event, payload) {
    const { store } = this.#port;
    const { self, participants } = store.getSnapshot();
    if (event === "user-left") {
      this.#stopTyping(payload.participantId);
      store.update({ participants: Object.freeze(participants.filter((p) => p.id !== payload.participantId)) });
      return;
    }
    const person = payload.participant;
    if (person.id === self?.id) {
      store.update({ self: Object.freeze({ ...self, ...person }) });
      return;
    }
    const known = participants.find((p) => p.id === person.id);
    const merged = Object.freeze({ ...known, ...person, polite: payload.polite ?? person.polite ?? known?.polite });
    store.update({
      participants: Object.freeze(
        known ? participants.map((p) => (p === known ? merged : p)) : [...participants, merged],
      ),
    });
  }

  async #message(payload, { self = this.#port.store.getSnapshot().self } = {}) {
    const own = payload.sender === self?.id;
    const { name: senderName, unsealed } = await this.#named(payload.senderName);
    const message = {
      key: own && payload.clientMessageId ? payload.clientMessageId : payload.id,
      id: payload.id,
      seq: payload.seq,
      epoch: payload.epoch,
      text: payload.text,
      sender: payload.sender,
      senderName,
      timestamp: payload.timestamp,
      own,
      state: "sent",
      to: payload.to ?? undefined,
      encrypted: Boolean(payload.encrypted),
      ...(unsealed && { unsealed }),
    };
    const { contentId, ...content } = payload.encrypted ? await this.#opened(payload) : {};
    Object.assign(message, content);
    // The id inside is the sender's word: the server can repeat a message, but not pass it off as a new one.
    if (contentId) message.key = own ? contentId : `${payload.sender}:${contentId}`;
    // One that was sent before the connection broke, and whose acknowledgement never came.
    const waiting = payload.clientMessageId && this.#port.list.get(payload.clientMessageId);
    if (waiting?.own && waiting.state !== "sent") {
      this.#port.list.update(waiting.key, { state: "sent", id: message.id, seq: message.seq, epoch: message.epoch });
      return true;
    }
    const isNew = !contentId || (await this.#port.seen.note(payload.sender, contentId));
    if (!isNew && !this.#port.list.get(message.key)) return false;
    this.#stopTyping(payload.sender);
    const added = this.#port.list.add(message);
    if (added && !own) this.#port.emitter.emit("message", message);
    return added;
  }

  async #opened({ sender, text, to }) {
    try {
      const content = await this.#port.keyring().openMessage(sender, text, to);
      return { contentId: String(content.id), text: content.text, senderName: String(content.name ?? UNNAMED), unsealed: undefined };
    } catch {
      return { text: "", unreadable: true };
    }
  }

  async #person(participant) {
    return Object.freeze({ ...participant, ...(await this.#named(participant.name)) });
  }

  /** A name that can be read, and, where names are sealed, whether this one was not. */
  async #named(wire) {
    const keyring = this.#port.keyring();
    const shown = !wire || wire.startsWith(NAME_MARK) ? UNNAMED : wire;
    if (!keyring) return { name: shown };
    if (!this.#names.has(wire)) {
      if (this.#names.size >= MAX_NAMES) this.#names.clear();
      const opened = await keyring.openName(wire);
      this.#names.set(wire, { name: opened ?? shown, unsealed: opened === null });
    }
    return this.#names.get(wire);
  }

  async #knock({ knockId, name }) {
    const { store, emitter } = this.#port;
    const knock = Object.freeze({ knockId, ...(await this.#named(name)) });
    const others = store.getSnapshot().knocks.filter((known) => known.knockId !== knockId);
    store.update({ knocks: Object.freeze([...others, knock]) });
    emitter.emit("knock", knock);
  }

  #typing({ participantId, isTyping }) {
    if (!isTyping) return this.#stopTyping(participantId);
    const { store } = this.#port;
    clearTimeout(this.#typingTimers.get(participantId));
    this.#typingTimers.set(participantId, setTimeout(() => this.#stopTyping(participantId), TYPING_EXPIRES_MS));
    const { typing } = store.getSnapshot();
    if (!typing.includes(participantId)) store.update({ typing: Object.freeze([...typing, participantId]) });
  }

  #stopTyping(participantId) {
    clearTimeout(this.#typingTimers.get(participantId));
    this.#typingTimers.delete(participantId);
    const { typing } = this.#port.store.getSnapshot();
    if (typing.includes(participantId)) {
      this.#port.store.update({ typing: Object.freeze(typing.filter((id) => id !== participantId)) });
    }
  }
}
