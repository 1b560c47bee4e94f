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

export class Session {
  #storage;
  #key;

  /** @param {string} roomId @param {Storage | null} [storage] `null`: nothing is kept */
  constructor(roomId, storage = defaultStorage()) {
    this.#storage = storage;
    this.#key = PREFIX + roomId;
  }

  /** @returns {null | {participantId?: string, resumeToken?: string, epoch?: string, lastSeq?: number, name?: string,
   *   hostKey?: string, invite?: string, messages?: object[]}} */
  load() {
    try {
      const saved = JSON.parse(this.#storage?.getItem(this.#key) ?? "null");
      return saved?.version === VERSION ? saved : null;
    } catch {
      return null;
    }
  }

  save(state) {
    const messages = (state.messages ?? []).slice(-MAX_SAVED_MESSAGES);
    let text = JSON.stringify({ version: VERSION, ...state, messages });
    if (text.length > MAX_SESSION_CHARS) text = JSON.stringify({ version: VERSION, ...state, messages: [] });
    try {
      this.#storage?.setItem(this.#key, text);
    } catch {
      // Full or forbidden: the session then lasts as long as the page.
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

function defaultStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
