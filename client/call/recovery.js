/**
 * Brings a connection back: what the browser says of it, and what comes in, decide when its paths are made anew (an ICE
 * restart) and when the whole session is.
 *
 * What the browser says is not enough. Firefox notices a dead path after about nine seconds, may go on saying
 * `disconnected` of one that is alive, and after two ICE restarts may send into a path that leads nowhere: then the other
 * side is `connected`, and nothing comes in.
 */

const DISCONNECTED_PATIENCE_MS = 4_000;
const CONNECT_LIMIT_MS = 10_000;
/** The polite side leaves a restart to the other one for so long: two at once would collide. */
const POLITE_DELAY_MS = 2_500;
/** Nothing comes in for so long, although the other side's microphone or camera is on: the path is dead. */
const QUIET_MS = 4_000;
/** A connection that has just come back has so long until something comes in. */
const FIRST_PACKET_MS = 2_500;
/** Often only one side notices: the polite one waits for less. */
const POLITE_QUIET_MS = 1_000;
/** Sessions in a row that were made because nothing came in. A device that gives nothing cannot be repaired from here. */
const MAX_QUIET_SESSIONS = 3;
/** Two looks with more than this between them: the page slept, and what did not come meanwhile says nothing. */
const SLEPT_MS = 5_000;

export class Recovery {
  #port;
  #timers = {};
  #packets = null;
  #lookedAt = null;
  #quietSince = 0;
  #connectedAt = null;
  #moved = 0;
  #stepAt = null;
  #tried = null;
  #quietSessions = 0;
  #expected = false;
  #says = "new";

  /**
   * @param {{polite: boolean, state: () => string, become: (state: string) => void, restart: () => void, open: () => void,
   *   now?: () => number}} port `restart`: ICE; `open`: a new session; `now`: milliseconds that never step back
   */
  constructor(port) {
    this.#port = { now: () => performance.now(), ...port };
  }

  /** A session begins, on a connection of its own. */
  begun() {
    this.#clear("limit", "restart", "reopen");
    this.#packets = this.#connectedAt = null;
    this.#moved = 0;
    this.#tried = null;
    this.#says = "new";
    this.later("limit", CONNECT_LIMIT_MS, () => this.#isUp || this.#reopen());
  }

  /** The browser says that it is connected, and whoever it is has been verified. */
  connected() {
    const isBack = this.#connectedAt !== null;
    this.#says = "connected";
    this.#connectedAt = this.#port.now();
    this.#clear("limit", "restart", "reopen");
    // What is back has to show it: something comes in.
    if (!isBack || !this.#awaits) this.#port.become("connected");
  }

  /** @param {RTCPeerConnectionState} state any but `connected` */
  lost(state) {
    this.#says = state;
    this.#moved = 0;
    if (state === "disconnected" && this.#isUp) {
      this.#port.become("reconnecting");
      this.later("restart", DISCONNECTED_PATIENCE_MS + this.#courtesy, () => this.#restart());
    } else if (state === "failed") {
      this.#port.become("reconnecting");
      this.soon();
    } else if (state === "connecting" && this.#isUp) {
      // New paths are being tried while the old ones may still work: nobody need hear of it unless it takes too long.
      this.later("restart", DISCONNECTED_PATIENCE_MS + this.#courtesy, () => {
        if (!this.#moved) this.#port.become("reconnecting");
        this.soon();
      });
    }
  }

  /** A restart now, and a new session if that does not help. */
  soon() {
    this.later("restart", this.#courtesy, () => this.#restart());
    this.later("reopen", CONNECT_LIMIT_MS, () => this.#isUp || this.#reopen());
  }

  /**
   * What came in up to now, asked about once a second.
   * @param {{packets: number, expected: boolean}} seen `expected`: the other side says that something of it is on
   */
  look({ packets, expected }) {
    const now = this.#port.now();
    const moves = this.#packets !== null && packets > this.#packets;
    const slept = this.#lookedAt !== null && now - this.#lookedAt > SLEPT_MS;
    if (moves || !expected || slept || this.#packets === null) this.#quietSince = now;
    this.#moved = moves ? this.#moved + 1 : 0;
    this.#packets = packets;
    this.#lookedAt = now;
    this.#expected = expected;
    if (moves || (this.#says === "connected" && !this.#awaits)) this.#alive();
    else if (now - this.#quietSince >= QUIET_MS) this.#quiet(now);
  }

  /** @param {string} name another timer of this name is given up @param {() => void} action */
  later(name, delayMs, action) {
    this.#clear(name);
    this.#timers[name] = setTimeout(action, delayMs);
  }

  stop() {
    this.#clear(...Object.keys(this.#timers));
  }

  #alive() {
    if (this.#moved) this.#quietSessions = 0;
    this.#tried = null;
    if (this.#connectedAt === null || this.#port.state() !== "reconnecting") return;
    // Against what the browser says only twice in a row: something may still have been on its way when the path broke.
    if (this.#says !== "connected" && this.#moved < 2) return;
    this.#clear("reopen");
    if (this.#says === "connected") this.#clear("restart");
    this.#port.become("connected");
  }

  #quiet(now) {
    const { state } = this.#port;
    if (this.#connectedAt === null || now - this.#connectedAt < FIRST_PACKET_MS || this.#quietSessions >= MAX_QUIET_SESSIONS) return;
    if (this.#tried !== null && now - this.#stepAt < QUIET_MS && this.#stepAt > this.#connectedAt) return;
    if (state() !== "connected" && state() !== "reconnecting") return;
    const wait = this.#port.polite ? POLITE_QUIET_MS : 0;
    this.#port.become("reconnecting");
    this.#stepAt = now;
    if (this.#tried === null) {
      this.#tried = "restart";
      this.later("restart", wait, () => this.#port.restart());
    } else {
      this.#quietSessions += 1;
      this.later("reopen", wait, () => this.#moved || this.#port.open());
    }
  }

  #restart() {
    this.#tried = "restart";
    this.#stepAt = this.#port.now();
    this.#port.restart();
  }

  #reopen() {
    this.later("reopen", this.#courtesy, () => this.#isUp || this.#port.open());
  }

  #clear(...names) {
    for (const name of names) {
      clearTimeout(this.#timers[name]);
      delete this.#timers[name];
    }
  }

  /** Whether something should come in, and not all was tried in vain. */
  get #awaits() {
    return this.#expected && !this.#moved && this.#quietSessions < MAX_QUIET_SESSIONS;
  }

  get #isUp() {
    return this.#port.state() === "connected";
  }

  get #courtesy() {
    return this.#port.polite ? POLITE_DELAY_MS : 0;
  }
}
