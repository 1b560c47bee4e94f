/**
 * Follows the `seq` of durable events. A number may be missing for a moment (an own message is known by its
 * acknowledgement) or for good (a private message between others); `hole` says that something is missing now.
 */

/** Numbers remembered beyond the first hole. */
const MAX_AHEAD = 2_000;

export class Sequence {
  /** The highest number up to which all are accounted for. */
  last = 0;
  #ahead = new Set();

  /** Start anew from a full picture. */
  reset(seq) {
    this.last = seq ?? 0;
    this.#ahead.clear();
  }

  /** @param {number | undefined} seq @returns {boolean} Whether it is new. */
  note(seq) {
    if (!Number.isInteger(seq)) return true;
    if (seq <= this.last || this.#ahead.has(seq)) return false;
    this.#ahead.add(seq);
    while (this.#ahead.delete(this.last + 1)) this.last += 1;
    if (this.#ahead.size > MAX_AHEAD) this.acceptHole();
    return true;
  }

  get hole() {
    return this.#ahead.size > 0;
  }

  /** What is missing will not come: go on from the highest number seen. */
  acceptHole() {
    this.last = Math.max(this.last, ...this.#ahead);
    this.#ahead.clear();
  }
}
