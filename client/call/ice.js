/** The ICE servers of a call, renewed before their credentials expire. */

const REFRESH_BEFORE_MS = 60_000;
const REFRESH_RETRY_MS = 15_000;
const MIN_DELAY_MS = 1_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

export class IceServers {
  #fetch;
  #changed;
  #timer;
  /** @type {RTCIceServer[]} */
  list = [];

  /** @param {() => Promise<{iceServers: RTCIceServer[], expiresAt: string}>} fetch @param {() => void} changed */
  constructor(fetch, changed) {
    this.#fetch = fetch;
    this.#changed = changed;
  }

  /** @param {RTCIceServer[]} [iceServers] @param {string} [expiresAt] ISO 8601; without it nothing is renewed */
  use(iceServers, expiresAt) {
    this.list = iceServers ?? [];
    this.#changed();
    this.stop();
    const left = Date.parse(expiresAt) - Date.now();
    if (!Number.isFinite(left)) return;
    // Short-lived credentials are renewed at half their time, others a minute ahead.
    const delay = left - Math.min(REFRESH_BEFORE_MS, left / 2);
    this.#timer = setTimeout(() => this.#refresh(), Math.min(MAX_TIMER_MS, Math.max(MIN_DELAY_MS, delay)));
  }

  stop() {
    clearTimeout(this.#timer);
  }

  async #refresh() {
    try {
      const { iceServers, expiresAt } = await this.#fetch();
      this.use(iceServers, expiresAt);
    } catch {
      // Offline: the next join brings new ones. Otherwise again in a while.
      this.#timer = setTimeout(() => this.#refresh(), REFRESH_RETRY_MS);
    }
  }
}
