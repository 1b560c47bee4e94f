/** The server's time, as far as its own stamps tell: what expires does so by its clock, whatever this device's says. */

export class ServerClock {
  /** The server's time when this page's own count of milliseconds was 0; that count nobody can set. */
  #origin = null;

  /** Milliseconds that the server is ahead of this device. */
  get aheadMs() {
    return this.now() - Date.now();
  }

  /** @param {number} [aheadMs] as it was before a reload */
  restore(aheadMs) {
    if (Number.isFinite(aheadMs)) this.#origin = Date.now() + aheadMs - performance.now();
  }

  /**
   * A stamp that was made just now. What took long on its way, or was met by a page that had slept, is earlier than the
   * time is: the latest is the nearest.
   */
  note(iso) {
    const origin = Date.parse(iso) - performance.now();
    if (Number.isFinite(origin) && (this.#origin === null || origin > this.#origin)) this.#origin = origin;
  }

  now() {
    return this.#origin === null ? Date.now() : this.#origin + performance.now();
  }
}
