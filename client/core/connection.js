/**
 * One Socket.IO connection and what a room needs of it: requests with an acknowledgement and a time limit, and an honest
 * answer to "are we connected?", also while a phone sleeps or a network hangs without a word.
 */

import { MayflyError } from "../errors.js";

const CONNECT_TIMEOUT_MS = 8_000;
const RECONNECT_MIN_MS = 300;
const RECONNECT_MAX_MS = 4_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** How long a connection that may be dead has to prove that it lives. */
const PROBE_TIMEOUT_MS = 3_000;

export class Connection {
  #socket;
  #listeners;
  #closed = false;
  #timer;
  #probing = false;
  #ended = new AbortController();

  /**
   * @param {typeof import("socket.io-client").io} io
   * @param {string} server origin
   * @param {{onOnline: () => void, onOffline: () => void, onAlive: () => void,
   *   onEvent: (event: string, payload: any) => void, probe: (timeoutMs: number) => Promise<unknown>}} listeners
   *   `probe`: a request that any live server answers; `onAlive`: it did, the connection was never lost
   * @param {Record<string, any>} [socketOptions] for socket.io-client, such as `path`
   */
  constructor(io, server, listeners, socketOptions = {}) {
    this.#listeners = listeners;
    this.#socket = io(server, {
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: CONNECT_TIMEOUT_MS,
      reconnectionDelay: RECONNECT_MIN_MS,
      reconnectionDelayMax: RECONNECT_MAX_MS,
      ...socketOptions,
      forceNew: true,
      autoConnect: false,
      // These two override what socket.io-client would send to have its own state recovered: a room resumes its seat
      // itself, and two mechanisms at once would deliver events twice.
      auth: { ...socketOptions.auth, pid: undefined, offset: undefined },
    });
    this.#socket.on("connect", () => this.#closed || listeners.onOnline());
    this.#socket.on("disconnect", (reason) => this.#onDisconnect(reason));
    this.#socket.onAny((event, payload) => this.#closed || listeners.onEvent(event, payload));
    this.#watchNetwork();
  }

  get online() {
    return this.#socket.connected && !this.#closed;
  }

  connect() {
    this.#closed = false;
    clearTimeout(this.#timer);
    if (this.#ended.signal.aborted) {
      this.#ended = new AbortController();
      this.#watchNetwork();
    }
    this.#socket.connect();
  }

  /** For good: no reconnect, no more events. */
  close() {
    this.#closed = true;
    this.#ended.abort();
    clearTimeout(this.#timer);
    this.#socket.disconnect();
  }

  /** Drop the connection now and make a new one after so many milliseconds. */
  restart(afterMs = 0) {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const wasOnline = this.#socket.connected;
    this.#socket.disconnect();
    this.#timer = setTimeout(() => this.connect(), afterMs);
    if (!wasOnline) this.#listeners.onOffline();
  }

  /**
   * @param {string} event
   * @param {object} payload
   * @param {{timeoutMs?: number, answered?: (data: any) => void}} [options] `answered` is called in the very moment, before
   *   whatever the server sent behind the acknowledgement is heard; a promise tells later
   * @returns {Promise<any>} The `data` of the acknowledgement; otherwise throws `MayflyError`. Nothing is buffered while
   *   there is no connection: what is sent before the seat is resumed would be refused.
   */
  request(event, payload, { timeoutMs = REQUEST_TIMEOUT_MS, answered } = {}) {
    if (!this.online) return Promise.reject(new MayflyError("CONNECTION_LOST", undefined, { retryable: true }));
    return new Promise((resolve, reject) => {
      this.#socket.timeout(timeoutMs).emit(event, payload, (lost, answer) => {
        if (lost) {
          const code = this.#socket.connected ? "TIMEOUT" : "CONNECTION_LOST";
          reject(new MayflyError(code, undefined, { retryable: true, cause: lost }));
        } else if (answer?.ok) {
          answered?.(answer.data ?? {});
          resolve(answer.data ?? {});
        } else reject(MayflyError.fromWire(answer?.error));
      });
    });
  }

  /** Find out whether the connection still carries anything; if not, make a new one. */
  async check() {
    if (this.#closed || this.#probing) return;
    if (!this.#socket.connected) return this.connect();
    this.#probing = true;
    try {
      await this.#listeners.probe(PROBE_TIMEOUT_MS);
      this.#listeners.onAlive();
    } catch (error) {
      // Any answer will do, a refusal too.
      if (error.code === "TIMEOUT") this.restart();
      else if (this.online) this.#listeners.onAlive();
    } finally {
      this.#probing = false;
    }
  }

  #onDisconnect(reason) {
    if (this.#closed) return;
    this.#listeners.onOffline();
    // socket.io-client comes back by itself, except where the server asked it to go.
    if (reason === "io server disconnect") this.#timer = setTimeout(() => this.connect(), RECONNECT_MIN_MS);
  }

  #watchNetwork() {
    const options = { signal: this.#ended.signal };
    const target = globalThis.window;
    const onOffline = () => {
      this.#listeners.onOffline();
      // Browsers are wrong at times, such as on a network without a way out to the internet.
      this.check();
    };
    target?.addEventListener?.("offline", onOffline, options);
    target?.addEventListener?.("online", () => this.check(), options);
    // Coming back from the background or from the back/forward cache: the socket may be long dead.
    target?.addEventListener?.("pageshow", (event) => event.persisted && this.check(), options);
    const onVisible = () => globalThis.document.visibilityState === "visible" && this.check();
    globalThis.document?.addEventListener?.("visibilitychange", onVisible, options);
  }
}
