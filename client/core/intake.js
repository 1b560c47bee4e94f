/**
 * What the server says, applied to the snapshot strictly in the order it came, also where decryption has to be awaited.
 * Everything here may be applied twice without harm: a resumed seat is shown some events again.
 */

import { NAME_MARK } from "../crypto/crypto.js";
import { keyProblem } from "./key.js";

const SIGNALS = ["offer-received", "answer-received", "ice-candidate-received"];

const DURABLE = [
  "user-joined",
  "user-left",
  "user-updated",
  "room-updated",
  "message-received",
  "message-updated",
  "message-deleted",
  "reaction-changed",
  "poll-created",
  "poll-updated",
  "poll-deleted",
];
const PEOPLE = new Set(DURABLE.slice(0, 4));

export class Intake {
  #port;
  #chain = Promise.resolve();
  /** What was accounted for before an event that is being applied. */
  #before = null;

  /** @param {object} port what a room has; `crowd`, `messages` and `polls` are told of what concerns them */
  constructor(port) {
    this.#port = port;
  }

  /** Queue one event. Others' rooms and unknown events are passed over. */
  take(event, payload, context) {
    const of = payload?.roomId ?? payload?.room?.id ?? this.#port.roomId;
    if (of !== this.#port.roomId) return;
    const handler = this.#handlers[event];
    if (handler) this.later(() => handler(payload, context));
  }

  /** Behind all that came before, unless the room is over by then. @param {() => unknown} action */
  later(action) {
    this.#chain = this.#chain
      .then(() => this.#port.isOver() || action())
      // One event that does not fit must not stop those behind it.
      .catch((error) => this.#port.emitter.emit("error", error));
  }

  #handlers = {
    __proto__: null,
    // Not `room-joined`: the entry asks for the snapshot in the acknowledgement alone.
    entered: (data, context) => this.#joined(data, context),
    "room-left": (payload) => this.#port.roomLeft(payload),
    ...Object.fromEntries(DURABLE.map((event) => [event, (payload) => this.#durable(event, payload)])),
    ...Object.fromEntries(SIGNALS.map((event) => [event, (payload) => this.#port.emitter.emit("signal", { event, payload })])),
    "typing-changed": (payload) => this.#port.crowd.typing(payload),
    "read-changed": (payload) => this.#port.crowd.read(payload),
    "knock-received": (payload) => this.#port.crowd.knock(payload),
    "knock-answered": (payload) => this.#port.knockAnswered(payload),
    "broadcast-received": (payload) => this.#broadcast(payload),
    "room-expiring": (payload) => this.#port.emitter.emit("expiring", payload),
    "server-draining": (payload) => this.#port.draining(payload),
    "request-failed": (payload) => this.#port.emitter.emit("request-failed", payload),
  };

  async #joined(data, { asked, lastSeq, isCurrent }) {
    const { store, sequence, crowd, list } = this.#port;
    const previous = store.getSnapshot();
    const problem = keyProblem(data.room, this.#port.keyring()?.check) ?? (await this.#strangeKey(data, asked));
    if (problem) return this.#port.wrongKey(problem);
    const self = await crowd.person(data.self);
    const participants = await Promise.all(data.participants.map((participant) => crowd.person(participant)));
    const missed = data.missed ?? [];
    if (data.recovered) this.#port.messages.rewind(lastSeq ?? 0, { ...data, missed, selfId: self.id });
    else this.#port.messages.replaced(data);
    // Of an earlier connection's answer: another join is on its way, and what it has asked for stands.
    if (isCurrent()) this.#port.messages.asked = Infinity;
    for (const message of data.messages ?? []) await this.#port.messages.received(message, { self });
    for (const { event, payload } of missed) await this.#ofMessages(event, payload, { self });
    sequence.reset(data.seq);
    this.#port.messages.accounted(data.seq);
    await this.#port.polls.replace(data.polls, { self, participants, epoch: data.epoch });
    if (this.#port.isOver()) return; // Meanwhile.
    store.update({
      // By the time that all is decrypted, the connection may be gone again.
      status: isCurrent() ? "joined" : "reconnecting",
      self,
      room: Object.freeze(data.room),
      participants: Object.freeze(participants),
      messages: list.all,
      reads: Object.freeze(data.reads ?? {}),
      typing: Object.freeze([]),
      resumed: Boolean(asked && previous.self === null) || (previous.resumed && previous.self?.id === self.id),
      limits: data.limits ?? null,
      resumeTtlS: data.resumeTtlS ?? null,
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
      if (PEOPLE.has(event)) this.#port.emitter.emit(event, { ...(await this.#readable(payload)), missed: true });
    }
  }

  /** In a room that was made without a check of its key: whether nobody's name and nothing said opens with ours. */
  async #strangeKey({ room, participants, messages = [] }, asked) {
    const keyring = this.#port.keyring();
    if (!keyring || asked || room.keyCheck !== undefined || this.#port.isMaker()) return null;
    const names = participants.map(({ name }) => name).filter((name) => name.startsWith(NAME_MARK));
    const opened = await Promise.all(names.map((name) => keyring.openName(name)));
    if (!names.length || opened.some((name) => name !== null)) return null;
    const said = await Promise.all(messages.filter(({ encrypted }) => encrypted).map((message) => this.#port.messages.open(message)));
    return said.some((content) => !content.unreadable) ? null : "KEY_WRONG";
  }

  /** Up to which number all that was told is shown, too: whoever reloads now is told the rest again. */
  get applied() {
    return this.#before ?? this.#port.sequence.last;
  }

  async #durable(event, payload) {
    this.#before = this.#port.sequence.last;
    try {
      if (this.#port.noteSeq(payload.seq)) await this.#apply(event, payload);
    } finally {
      this.#before = null;
    }
  }

  async #apply(event, payload) {
    if (await this.#ofMessages(event, payload, { live: true })) {
      // Read now: while it was applied, others may have been accounted for.
      return this.#port.messages.accounted(this.#port.sequence.last);
    }
    const { crowd, polls, store, emitter } = this.#port;
    if (event === "poll-created") return polls.created(payload);
    if (event === "poll-updated") return polls.updated(payload);
    if (event === "poll-deleted") return polls.deleted(payload);
    const readable = await this.#readable(payload);
    if (event === "room-updated") store.update({ room: Object.freeze(payload.room) });
    else if (event === "user-left") crowd.left(payload.participantId);
    else crowd.arrived(readable);
    emitter.emit(event, readable);
  }

  /** @returns {Promise<boolean>} whether the event is one of messages */
  async #ofMessages(event, payload, context) {
    const { messages, messagesChanged, erased } = this.#port;
    const { live = false } = context;
    if (event === "message-received") {
      if ((await messages.received(payload, context)) && live) messagesChanged();
    } else if (event === "message-updated") {
      if ((await messages.updated(payload)) && live) erased();
    } else if (event === "reaction-changed") {
      if ((await messages.reacted(payload, context)) && live) messagesChanged();
    } else if (event === "message-deleted") {
      if (messages.deleted(payload) && live) erased();
    } else return false;
    return true;
  }

  async #broadcast({ from, type, data }) {
    const { keyring, emitter } = this.#port;
    // In an encrypted room what was not sealed is nobody's word.
    const opened = keyring() ? await keyring().openJson(`broadcast ${type}`, from, data) : data;
    emitter.emit("broadcast", { from, type, data: opened });
  }

  /** The payload as listeners see it: with a name that can be read. */
  async #readable(payload) {
    return payload.participant ? { ...payload, participant: await this.#port.crowd.person(payload.participant) } : payload;
  }
}
