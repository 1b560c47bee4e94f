/** What is said in a room in memory, and what becomes of it. */

import { newId } from "../core/entry.js";
import { refuse } from "./codes.js";
import { about, bare, has, LIMITS, visible } from "./seat.js";

const REACTION_KINDS = 20;
const SHOWN_REACTIONS = 20;
const VIEW_AGAIN_MS = 60_000;

const stamp = () => new Date().toISOString();

/** One thing said. */
class Message {
  gone = false;
  reactions = new Map();
  id = newId().slice(0, 24);
  timestamp = stamp();
  seq = 0;
  /** @type {string} */ room;
  /** @type {string} */ text;
  /** @type {string} */ sender;
  /** @type {string} */ senderName;
  /** @type {string} */ epoch;
  /** @type {string | undefined} */ clientMessageId;
  /** @type {string | undefined} */ to;
  /** @type {boolean | undefined} */ encrypted;
  /** @type {string | undefined} */ kind;
  /** @type {unknown} */ data;
  /** @type {string | undefined} */ replyTo;
  /** @type {string | undefined} */ expiresAt;
  /** @type {string | undefined} */ editedAt;
  /** Where it is seen once: those who have not seen it, and those who have. @type {Set<string> | undefined} */ viewers;
  /** @type {Map<string, true> | undefined} */ shown;

  /** @param {Partial<Message>} fields */
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** As it is told; `whole`: also what became of it since. */
  view(viewer, whole = true) {
    const { room, id, text, sender, senderName, timestamp, seq, epoch, editedAt } = this;
    const { clientMessageId, to, encrypted, kind, data, replyTo, expiresAt } = this;
    const more = bare({ clientMessageId, to, encrypted: encrypted || undefined, kind, data, replyTo, expiresAt });
    if (this.viewers) Object.assign(more, { viewOnce: true }), delete more.data;
    if (whole && editedAt) more.editedAt = editedAt;
    if (whole && this.reactions.size) more.reactions = [...this.reactions].map(([emoji, people]) => listed(emoji, [...people], viewer));
    return { id, roomId: room, text: this.viewers ? "" : text, sender, senderName, timestamp, seq, epoch, ...more };
  }
}

const listed = (emoji, people, viewer) => {
  const mine = people.includes(viewer) ? { mine: true } : {};
  return { emoji, count: people.length, participantIds: people.slice(0, SHOWN_REACTIONS), ...mine };
};


/** The message that is meant, if whoever asks may see it. */
export function found({ room, seat, fields }) {
  const message = room.messages.get(fields.id);
  return message && visible(message, seat.id) ? message : refuse("MESSAGE_NOT_FOUND");
}

/** Refused where it is not sealed, and has to be. */
export const sealedHere = ({ room, fields }) => !room.encrypted || fields.encrypted || refuse("ENCRYPTION_REQUIRED");

function fits(text, encrypted) {
  const { messageChars, sealedChars } = LIMITS;
  if (typeof text !== "string" || [...text].length > (encrypted ? sealedChars : messageChars)) refuse("INVALID_PAYLOAD");
}

export function sendMessage(ask) {
  const { room, seat, fields } = ask;
  const { text, clientMessageId, to, encrypted, kind, data, replyTo, attachments, ttlS, viewOnce } = fields;
  fits(text, encrypted);
  if (attachments?.length) refuse("NOT_FOUND");
  if (!text && !has(data)) refuse("INVALID_PAYLOAD");
  sealedHere(ask);
  const before = clientMessageId && seat.sent.get(clientMessageId);
  if (before) return { ...before, duplicate: true };
  if (has(to) && (to === seat.id || !room.seats.has(to))) refuse("PEER_NOT_FOUND");
  const others = [...room.seats.values()].filter(({ id }) => id !== seat.id && (!has(to) || id === to));
  const lives = [ttlS, room.messageTtlS].filter(has);
  const message = new Message({
    room: room.id, text, sender: seat.id, senderName: seat.name, epoch: room.epoch, clientMessageId, to, encrypted, kind, data, replyTo,
    expiresAt: lives.length ? new Date(Date.now() + Math.min(...lives) * 1_000).toISOString() : undefined,
    viewers: viewOnce ? new Set(others.map(({ id }) => id)) : undefined,
    shown: viewOnce ? new Map() : undefined,
  });
  message.seq = room.seq + 1;
  room.messages.set(message.id, message);
  // Told again to those who were away, it is as it is by then.
  let whole = false;
  const told = (viewer) => message.view(viewer.id, whole);
  room.happened("message-received", told, { ...about(message), but: seat.id });
  whole = true;
  room.stopTyping(seat);
  if (lives.length) room.server.later(Math.min(...lives) * 1_000, () => message.gone || room.ended || room.erase(message, "", "expired"));
  const { id, seq, timestamp } = message;
  const receipt = { id, seq, timestamp, deliveredTo: others.filter(({ socket }) => socket).length, duplicate: false };
  if (clientMessageId) seat.sent.set(clientMessageId, receipt);
  if (viewOnce && !others.length) room.erase(message, "", "viewed");
  return receipt;
}

export function editMessage(ask) {
  const { room, seat, fields } = ask;
  fits(fields.text, fields.encrypted);
  sealedHere(ask);
  const message = found(ask);
  if (message.sender !== seat.id || message.viewers) refuse("FORBIDDEN");
  Object.assign(message, { text: fields.text, encrypted: fields.encrypted, editedAt: stamp() });
  if (has(fields.data)) message.data = fields.data;
  const now = () => {
    const { id, text, editedAt, data, encrypted } = message;
    return { id, text, editedAt, ...bare({ data, encrypted: encrypted || undefined }) };
  };
  const seq = room.happened("message-updated", now, about(message));
  room.retractions.note(message, seq, "forgotten");
  return { seq };
}

export function deleteMessage(ask) {
  const { room, seat } = ask;
  const message = found(ask);
  const own = message.sender === seat.id;
  if (!own && room.hostId !== seat.id) refuse("FORBIDDEN");
  return { seq: room.erase(message, seat.id, own ? "deleted" : "moderated") };
}

export function viewMessage(ask) {
  const { room, seat } = ask;
  const { id } = ask.fields;
  const message = room.messages.get(id) ?? room.viewed.get(id);
  const isShown = message?.shown?.has(seat.id);
  if (!isShown && !message?.viewers?.delete(seat.id)) refuse("MESSAGE_NOT_FOUND");
  message.shown.set(seat.id, true);
  const { text, data, encrypted } = message;
  if (!message.viewers.size && room.messages.has(id)) {
    room.erase(message, seat.id, "viewed");
    // Once more for whoever did not hear the answer.
    room.viewed.set(id, message);
    room.server.later(VIEW_AGAIN_MS, () => room.viewed.delete(id));
  }
  return { text, ...bare({ data, encrypted: encrypted || undefined }) };
}

export function react(ask) {
  const { room, seat, fields } = ask;
  const message = found(ask);
  const { emoji, on } = fields;
  const people = message.reactions.get(emoji) ?? new Set();
  if (people.has(seat.id) === on) return { seq: room.seq };
  if (on && !people.size && message.reactions.size >= REACTION_KINDS) refuse("RATE_LIMITED");
  people[on ? "add" : "delete"](seat.id);
  if (people.size) message.reactions.set(emoji, people);
  else message.reactions.delete(emoji);
  const told = { id: message.id, participantId: seat.id, emoji, on };
  return { seq: room.happened("reaction-changed", () => told, about(message, { by: seat.id, emoji })) };
}
