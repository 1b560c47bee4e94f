/** Reactions to a message: counting them, and reading the tokens that stand for them in encrypted rooms. */

import { EMOJI } from "./emoji.js";

/** People named for each reaction, as the server names them; all are counted. */
const MAX_NAMED = 20;
/** Tokens that are kept, not to be made again. */
const MAX_TOKENS = 5_000;

/** @typedef {Readonly<{emoji: string, count: number, participantIds: readonly string[], mine: boolean, token?: string}>} Reaction */

/**
 * What the reactions are once somebody has put one, or taken it back. Applied twice it is the same for oneself, and for
 * all who are named.
 * @param {readonly Reaction[] | undefined} before
 * @param {{emoji: string, token?: string, participantId: string, on: boolean, own: boolean}} change
 * @returns {readonly Reaction[]}
 */
export function changed(before = [], { emoji, token, participantId, on, own }) {
  const known = before.find((reaction) => reaction.emoji === emoji);
  const isOn = own ? Boolean(known?.mine) : Boolean(known?.participantIds.includes(participantId));
  if (on === isOn && (on || own || !known || known.count <= known.participantIds.length)) return before;
  const others = (known?.participantIds ?? []).filter((id) => id !== participantId);
  const count = (known?.count ?? 0) + (on ? 1 : -1);
  if (count < 1) return Object.freeze(before.filter((reaction) => reaction !== known));
  const next = Object.freeze({
    emoji,
    ...((token ?? known?.token) && { token: token ?? known.token }),
    count,
    participantIds: Object.freeze(on && others.length < MAX_NAMED ? [...others, participantId] : others),
    mine: own ? on : Boolean(known?.mine),
  });
  return Object.freeze(known ? before.map((reaction) => (reaction === known ? next : reaction)) : [...before, next]);
}

/** Whether an emoji is among them as one's own. */
export const isMine = (reactions, emoji) => Boolean(reactions?.find((reaction) => reaction.emoji === emoji)?.mine);

/** Reads the tokens of encrypted rooms; elsewhere a reaction is its own token. */
export class Reactions {
  #keyring;
  #tokens = new Map();

  /** @param {() => any} keyring */
  constructor(keyring) {
    this.#keyring = keyring;
  }

  /** @returns {Promise<string>} what the wire calls an emoji put to this message */
  async tokenOf(messageId, emoji) {
    return (await this.#keyring()?.reactionToken(messageId, emoji)) ?? emoji;
  }

  /**
   * Those that people mostly use are tried first: to make the tokens of all takes some twenty times as long.
   * @returns {Promise<string>} the emoji; of a token that is none of ours, a question mark in a box
   */
  async emojiOf(messageId, token) {
    if (!this.#keyring()) return token;
    if (this.#tokens.size > MAX_TOKENS) this.#tokens.clear();
    for (const { emoji } of EMOJI) {
      const key = messageId + emoji;
      const made = this.#tokens.get(key) ?? (await this.tokenOf(messageId, emoji));
      this.#tokens.set(key, made);
      if (made === token) return emoji;
    }
    return UNKNOWN;
  }

  /** As a snapshot lists them. @returns {Promise<readonly Reaction[]>} */
  async read(messageId, listed = []) {
    const read = async ({ emoji: token, count, participantIds, mine }) =>
      Object.freeze({
        emoji: await this.emojiOf(messageId, token),
        token,
        count,
        participantIds: Object.freeze(participantIds),
        mine: Boolean(mine),
      });
    return Object.freeze(await Promise.all(listed.map(read)));
  }
}

/** A reaction that this client has no picture of. */
export const UNKNOWN = "⍰";
