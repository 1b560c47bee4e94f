/**
 * What survives a reload of the page: the seat's token, how far events were seen, and the messages on screen. Kept in
 * session storage: this tab alone, gone when it closes. Erased as soon as the room is left or over.
 */

const PREFIX = "mayfly:";
const VERSION = 1;
/** Characters of JSON; browsers allow about five million for a whole site. */
const MAX_SESSION_CHARS = 1_000_000;
/** Messages kept across a reload. */
const MAX_SAVED_MESSAGES = 300;
/** Where the browser has less room than that, so many times a quarter of it is tried. */
const SMALLER_TRIES = 4;

export class Session {
  #storage;
  #key;

  /** @param {string} roomId @param {Storage | null} [storage] `null`: nothing is kept */
  constructor(roomId, storage = defaultStorage()) {
    this.#storage = storage;
    this.#key = PREFIX + roomId;
  }

  /** @returns {null | {participantId?: string, resumeToken?: string, epoch?: string, lastSeq?: number, name?: string,
   *   hostKey?: string, invite?: string, messages?: object[], seen?: string, votes?: Record<string, number[]>,
   *   clockAheadMs?: number, clientJoinId?: string}} */
  load() {
    try {
      const saved = JSON.parse(this.#storage?.getItem(this.#key) ?? "null");
      return saved?.version === VERSION ? saved : null;
    } catch {
      return null;
    }
  }

  /** Keeps as many of the newest messages as there is room for. */
  save(state) {
    const { messages = [], ...rest } = state;
    const newest = messages.slice(-MAX_SAVED_MESSAGES);
    for (let tries = 0, room = MAX_SESSION_CHARS; tries <= SMALLER_TRIES; tries += 1, room /= 4) {
      const kept = newestWithin(newest, room - JSON.stringify(rest).length);
      // Without a single one, the server is asked for its backlog instead of for what came later.
      const known = newest.length > 0 && kept.length === 0 ? { ...rest, lastSeq: undefined, seen: undefined } : rest;
      if (this.#write({ version: VERSION, ...known, messages: kept })) return;
    }
    // Full or forbidden. What was saved before may hold what has been erased since: the seat is kept without any message.
    this.clear();
    this.#write({ version: VERSION, ...rest, lastSeq: undefined, seen: undefined, messages: [] });
  }

  /** Before one is inside again: only the messages are others, since some are gone. */
  keepOnly(messages) {
    const saved = this.load();
    if (saved?.participantId) this.save({ ...saved, messages });
  }

  #write(state) {
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(state));
      return true;
    } catch {
      return false;
    }
  }

  clear() {
    try {
      this.#storage?.removeItem(this.#key);
    } catch {
      // Forbidden storage holds nothing.
    }
  }
}

/** The end of the list, in so many characters of JSON. */
function newestWithin(messages, chars) {
  let left = chars;
  let from = messages.length;
  while (from > 0) {
    left -= JSON.stringify(messages[from - 1]).length + 1;
    if (left < 0) break;
    from -= 1;
  }
  return messages.slice(from);
}

function defaultStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
