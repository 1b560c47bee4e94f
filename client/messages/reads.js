/** Says up to where one has read: only forward, and not more often than a person can follow. */

const PACE_MS = 700;

export class Reads {
  #port;
  #wanted = 0;
  #told = 0;
  #timer;

  /** @param {{request: Function, may: () => boolean}} port `may`: inside, and the room has receipts */
  constructor(port) {
    this.#port = port;
  }

  /** @param {number} [seq] everything up to it was seen */
  mark(seq) {
    if (!Number.isInteger(seq) || seq <= this.#wanted) return;
    this.#wanted = seq;
    this.#timer ??= setTimeout(() => this.flush(), PACE_MS);
  }

  /** Called after every (re)join, too: what could not be told is told now. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#wanted <= this.#told || !this.#port.may()) return;
    const seq = this.#wanted;
    const before = this.#told;
    this.#told = seq;
    // A hint: the next one says it, too.
    this.#port.request("read", { seq }).catch(() => (this.#told = Math.min(this.#told, before)));
  }

  /** The numbers begin anew: another seat, or another epoch. */
  reset() {
    this.stop();
    this.#wanted = this.#told = 0;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
