/**
 * Which sealed messages were shown, for longer than the list holds them: a server that says one again, under a new id and
 * long after, shows nothing twice. Kept as digests of 48 bits.
 */

import { shortDigest } from "../crypto/crypto.js";

/** Remembered while the page is open; across a reload. */
export const MAX_SEEN = 20_000;
export const MAX_SEEN_SAVED = 5_000;
const DIGEST_CHARS = 8;

export class Seen {
  #digests = new Set();

  /** @param {string} saved as `toString` gave it */
  restore(saved = "") {
    for (let at = 0; at < saved.length; at += DIGEST_CHARS) this.#digests.add(saved.slice(at, at + DIGEST_CHARS));
  }

  /** @param {string} sender @param {string} id the sender's own, from inside the seal @returns {Promise<boolean>} whether it is new */
  async note(sender, id) {
    const digest = await shortDigest(`${sender}:${id}`);
    if (this.#digests.has(digest)) return false;
    this.#digests.add(digest);
    if (this.#digests.size > MAX_SEEN) this.#digests.delete(this.#digests.values().next().value);
    return true;
  }

  /** The newest, for the session. */
  toString() {
    return [...this.#digests].slice(-MAX_SEEN_SAVED).join("");
  }
}
