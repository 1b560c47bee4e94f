/** A connection to a server in memory, as the client sees one of socket.io-client; and what goes wrong with it. */

import { newId } from "../core/entry.js";

/** As the client asks socket.io-client for, and as the server's heartbeat is unless it is set. */
const RECONNECT_MS = 300;
const HEARTBEAT_MS = 45_000;

/** What is on its way, one way, in order. */
class Line {
  #queue = [];
  #due = 0;

  /** @param {() => void} act @param {number} delayMs */
  put(act, delayMs) {
    this.#queue.push(act);
    if (!delayMs && this.#due <= performance.now()) return void queueMicrotask(() => this.#queue.shift()?.());
    this.#due = Math.max(this.#due, performance.now() + delayMs);
    setTimeout(() => this.#queue.shift()?.(), this.#due - performance.now());
  }

  cut() {
    this.#queue = this.#queue.map(() => () => {});
  }
}

export class TestSocket {
  connected = false;
  /** For the server: room id → seat. */
  seats = new Map();
  removedFrom = new Set();
  /** Who this is to a ban and to a door. */
  device = newId();
  delayMs = 0;
  silent = false;
  #server;
  #listeners = { connect: [], disconnect: [] };
  #any = [];
  #pending = new Map();
  #lines = [new Line(), new Line()];
  #timer;
  #held = null;
  #wanted = false;

  constructor(server) {
    this.#server = server;
  }

  // What `Connection` asks of socket.io-client.

  on(event, listener) {
    this.#listeners[event]?.push(listener);
    return this;
  }

  onAny(listener) {
    this.#any.push(listener);
    return this;
  }

  connect() {
    this.#wanted = true;
    if (this.connected) return this;
    clearTimeout(this.#timer);
    this.#out(() => this.#open());
    return this;
  }

  disconnect() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    if (!this.connected) return this;
    this.#close("io client disconnect");
    return this;
  }

  timeout = (ms) => ({ emit: (event, payload, answered) => this.#emit(event, payload, answered, ms) });

  // What the server does with it.

  /** An event for the client. */
  deliver(event, payload) {
    const said = JSON.parse(JSON.stringify(payload));
    const tell = () => this.#in(() => this.#any.forEach((listener) => listener(event, said)));
    if (this.#held) this.#held.push(tell);
    else tell();
  }

  /** The network is gone: nobody says so, and socket.io-client comes back by itself. */
  drop() {
    if (this.connected) this.#close("transport close");
    this.#again();
  }

  /** The network swallows everything, until the heartbeat finds out. */
  silence() {
    this.silent = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.drop(), HEARTBEAT_MS);
  }

  end() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    if (this.connected) this.#close("io server disconnect");
  }

  #open() {
    if (this.connected || !this.#wanted) return;
    if (!this.#server.isOnline) return this.#again();
    this.connected = true;
    this.#listeners.connect.forEach((listener) => listener());
  }

  #again() {
    if (!this.#wanted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#out(() => this.#open()), RECONNECT_MS);
  }

  #close(reason) {
    this.connected = this.silent = false;
    for (const line of this.#lines) line.cut();
    this.#server.gone(this);
    for (const lost of [...this.#pending.values()]) lost(new Error("socket has been disconnected"));
    this.#listeners.disconnect.forEach((listener) => listener(reason));
  }

  #emit(event, payload, answered, ms) {
    const id = Symbol(event);
    const timer = setTimeout(() => settle(new Error("operation has timed out")), ms);
    const settle = (lost, answer) => {
      clearTimeout(timer);
      if (this.#pending.delete(id)) answered(lost, answer);
    };
    this.#pending.set(id, settle);
    const fields = JSON.parse(JSON.stringify(payload));
    this.#out(() => this.#answer(event, fields, settle));
  }

  /** What happens meanwhile is told behind the acknowledgement. */
  #answer(event, fields, settle) {
    const held = (this.#held = []);
    let said;
    try {
      said = this.#server.handle(this, event, fields);
    } finally {
      this.#held = null;
    }
    if (said === null) return this.drop(); // in place of the answer
    const answer = JSON.parse(JSON.stringify(said));
    this.#in(() => settle(null, answer));
    held.forEach((tell) => tell());
  }

  #out(act) {
    if (!this.silent) this.#lines[0].put(act, this.delayMs);
  }

  #in(act) {
    if (!this.silent && this.connected) this.#lines[1].put(act, this.delayMs);
  }
}
