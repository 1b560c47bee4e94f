/** Looks at a call's connections about once a second: what came in (for their recovery), and how good they are. Comes with the first call. */

import { NO_QUALITY } from "../core/snapshot.js";
import { countersOf, qualityOf, readStats } from "./stats.js";
import { SHORT_LOSS } from "./uplink.js";

export { readAll } from "./stats.js";
export { Uplink } from "./uplink.js";

export const LOOK_EVERY_MS = 1_000;
/** A look after less than this would tell of noise. */
const MIN_SPAN_MS = 500;
/** The uplink is weak once so many looks in a row say so, and well again after twice as many that do not. */
const WEAK_LOOKS = 6;
/** Less than this, where the browser would send more: a picture of it is not worth what it costs the voice. */
const WEAK_KBPS = 150;

export class Monitor {
  #port;
  #before = new Map();
  #weakness = 0;

  /**
   * @param {{store: import("../core/store.js").Store, peers: () => Map<string, import("./negotiation.js").Peer>, expects: (id: string) => boolean,
   *   seen?: (qualities: Iterable<ReturnType<typeof qualityOf>>) => void}} port
   */
  constructor(port) {
    this.#port = port;
  }

  /** @param {import("../core/scope.js").Scope} scope until it closes */
  watch(scope) {
    const again = () => scope.later(() => this.look().finally(again), LOOK_EVERY_MS);
    again();
    scope.add(() => this.#forget());
  }

  async look() {
    const open = [...this.#port.peers()].filter(([, peer]) => peer.pc);
    const seen = await Promise.all(open.map(([id, peer]) => this.#lookAt(id, peer)));
    const now = new Map(seen.filter(Boolean).map((entry) => [entry.id, entry]));
    const peers = new Map();
    for (const [id, entry] of now) {
      const before = this.#before.get(id);
      const span = before?.pc === entry.pc ? entry.at - before.at : 0;
      if (span >= MIN_SPAN_MS) peers.set(id, qualityOf(before.counters, entry.counters, span));
    }
    this.#before = now;
    this.#port.seen?.(peers.values());
    this.#port.store.update({ peers, weak: this.#isWeak([...peers.values()]) });
  }

  async #lookAt(id, peer) {
    const { pc } = peer;
    const report = await readStats(pc);
    if (!report || pc !== peer.pc) return null; // Closed meanwhile.
    const counters = countersOf(report);
    peer.look({ packets: counters.packets, expected: this.#port.expects(id) });
    return { id, pc, counters, at: performance.now() };
  }

  #isWeak(qualities) {
    const isNow = qualities.some(({ limited, outKbps, sentLoss }) => (limited && outKbps < WEAK_KBPS) || (sentLoss ?? 0) >= SHORT_LOSS);
    this.#weakness = Math.min(3 * WEAK_LOOKS, Math.max(0, this.#weakness + (isNow ? 2 : -1)));
    return this.#port.store.getSnapshot().weak ? this.#weakness > 0 : this.#weakness >= 2 * WEAK_LOOKS;
  }

  #forget() {
    this.#before.clear();
    this.#weakness = 0;
    this.#port.store.update(NO_QUALITY);
  }
}
