/** The server's time, as far as its own stamps tell: what expires does so by its clock, whatever this device's says. */

export class ServerClock {
  /** Milliseconds that the server is ahead. */
  #aheadMs = null;

  get aheadMs() {
    return this.#aheadMs ?? 0;
  }

  /** @param {number} [aheadMs] as it was before a reload */
  restore(aheadMs) {
    if (Number.isFinite(aheadMs)) this.#aheadMs = aheadMs;
  }

  /** A stamp that was made just now. What took longest on its way says least: the greatest difference is the nearest. */
  note(iso) {
    const aheadMs = Date.parse(iso) - Date.now();
    if (Number.isFinite(aheadMs) && (this.#aheadMs === null || aheadMs > this.#aheadMs)) this.#aheadMs = aheadMs;
  }

  now() {
    return Date.now() + this.aheadMs;
  }
}
