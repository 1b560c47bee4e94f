/** Takes messages away when their time is up, also while nobody can be reached. The server does the same on its side. */

/** The longest that timers of browsers can wait. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class Expiry {
  #list;
  #clock;
  #expired;
  #timer;

  /**
   * @param {import("./messages.js").MessageList} list
   * @param {import("../core/clock.js").ServerClock} clock
   * @param {(messages: import("./messages.js").Message[]) => void} expired told after they are gone from the list
   */
  constructor(list, clock, expired) {
    this.#list = list;
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Call it whenever the list has changed. */
  watch() {
    clearTimeout(this.#timer);
    const times = this.#list.all.map(({ expiresAt }) => Date.parse(expiresAt)).filter(Number.isFinite);
    if (!times.length) return;
    const delay = Math.min(...times) - this.#clock.now();
    this.#timer = setTimeout(() => this.sweep(), Math.max(0, Math.min(delay, MAX_DELAY_MS)));
  }

  /** @returns {boolean} whether anything was taken away */
  sweep() {
    const now = this.#clock.now();
    const due = this.#list.all.filter(({ expiresAt }) => Date.parse(expiresAt) <= now);
    for (const { key, id } of due) this.#list.erase(id ?? key);
    if (due.length) this.#expired(due);
    this.watch();
    return due.length > 0;
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
