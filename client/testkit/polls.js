/** Polls in a room in memory. */

import { newId } from "../core/entry.js";
import { refuse } from "./codes.js";
import { sealedHere } from "./messages.js";
import { bare, has } from "./seat.js";

const MAX_POLLS = 20;

class Poll {
  votes = new Map();
  closed = false;
  gone = false;
  id = newId().slice(0, 16);
  /** @type {string} */ author;
  /** @type {string} */ question;
  /** @type {string[]} */ options;
  /** @type {boolean} */ multiple;
  /** @type {boolean} */ anonymous;
  /** @type {string | undefined} */ closesAt;
  /** @type {boolean | undefined} */ encrypted;
  /** @type {number} */ seq;

  /** @param {Partial<Poll>} fields */
  constructor(fields) {
    Object.assign(this, fields);
  }

  counts = () => this.options.map((_, at) => [...this.votes.values()].filter((chosen) => chosen.includes(at)).length);

  state(isSmall) {
    return { counts: this.counts(), ...(isSmall && !this.anonymous ? { votes: Object.fromEntries(this.votes) } : {}), closed: this.closed };
  }

  view(isSmall) {
    const { id: pollId, author, question, options, multiple, anonymous, closesAt, seq, encrypted } = this;
    return { pollId, author, question, options, multiple, anonymous, ...bare({ closesAt, encrypted }), ...this.state(isSmall), seq };
  }
}

export function createPoll(ask) {
  const { room, seat, fields } = ask;
  const { question, options, multiple, anonymous, closesInS, encrypted } = fields;
  sealedHere(ask);
  if (!Array.isArray(options) || options.length < 2 || options.length > 12) refuse("INVALID_PAYLOAD");
  if (room.polls.size >= MAX_POLLS) refuse("RATE_LIMITED");
  const closesAt = has(closesInS) ? new Date(Date.now() + closesInS * 1_000).toISOString() : undefined;
  const poll = new Poll({
    author: seat.id, question, options, multiple: Boolean(multiple), anonymous: Boolean(anonymous), closesAt,
    encrypted: encrypted || undefined, seq: room.seq + 1,
  });
  room.polls.set(poll.id, poll);
  room.happened("poll-created", () => ({ poll: poll.view(room.isSmall) }), { about: { subject: poll } });
  const close = () => {
    if (poll.gone || poll.closed || room.ended) return;
    poll.closed = true;
    voted(room, poll);
  };
  if (closesAt) room.server.later(closesInS * 1_000, close);
  return { pollId: poll.id, seq: poll.seq };
}

function voted(room, poll) {
  const state = () => ({ pollId: poll.id, ...poll.state(room.isSmall) });
  return room.happened("poll-updated", state, { about: { subject: poll } });
}

const pollOf = ({ room, fields }) => room.polls.get(fields.pollId) ?? refuse("NOT_FOUND");

function ownPoll(ask) {
  const poll = pollOf(ask);
  if (poll.author !== ask.seat.id && ask.room.hostId !== ask.seat.id) refuse("FORBIDDEN");
  return poll;
}

export function vote(ask) {
  const { room, seat, fields } = ask;
  const poll = pollOf(ask);
  const chosen = [...new Set(fields.choices)].sort((a, b) => a - b);
  const isSaid = String(chosen) === String(poll.votes.get(seat.id) ?? []);
  if (poll.closed && !isSaid) refuse("POLL_CLOSED");
  const known = chosen.every((at) => Number.isInteger(at) && at >= 0 && at < poll.options.length);
  if (!known || chosen.length !== fields.choices.length || (chosen.length > 1 && !poll.multiple)) refuse("INVALID_PAYLOAD");
  if (isSaid) return { seq: room.seq };
  if (chosen.length) poll.votes.set(seat.id, chosen);
  else poll.votes.delete(seat.id);
  return { seq: voted(room, poll) };
}

export function closePoll(ask) {
  const poll = ownPoll(ask);
  if (poll.closed) return { seq: ask.room.seq };
  poll.closed = true;
  return { seq: voted(ask.room, poll) };
}

export function deletePoll(ask) {
  const poll = ownPoll(ask);
  poll.gone = true;
  ask.room.polls.delete(poll.id);
  return { seq: ask.room.happened("poll-deleted", () => ({ pollId: poll.id }), { about: { subject: poll } }) };
}
