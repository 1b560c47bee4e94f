/**
 * Files handed from one to the other over a data channel of their call: the server has none of it. The stream is the one that
 * would be laid down (sealed where the room is), so what is said of it in the message fits both ways.
 *
 * One channel for each file, its `protocol` a random id. The receiver says `{"ready": true}`, the sender `{"bytes": n}` and n
 * bytes in pieces, the receiver `{"have": n}`; only then does the sender say the message, which names the id.
 */

import { newId } from "../core/entry.js";
import { MayflyError } from "../errors.js";
import { CHANNEL } from "./file-label.js";

/** Every browser takes a message of so many bytes. */
const PIECE_BYTES = 16_384;
const HIGH_BYTES = 1_048_576;
const LOW_BYTES = 262_144;
/** How long the other side may take to be ready, and how long a transfer may stand still. */
const READY_MS = 6_000;
const STALLED_MS = 10_000;
/** A file whose message does not come is let go of. */
const UNCLAIMED_MS = 120_000;
/** What others may put into this page's memory, all together; what is above goes by the server. */
const MAX_HELD_BYTES = 268_435_456;
const MAX_AT_ONCE = 4;

const lost = () => new MayflyError("CONNECTION_LOST", undefined, { retryable: true });

export class Handover {
  #port;
  /** id → {blob, timer}: what has been handed to us. */
  #received = new Map();
  /** Message key → ids. */
  #claimed = new Map();
  #incoming = new Map();
  #stopHearing;
  #stopped = false;

  /** @param {{list: any, emitter: any, maxBytes: () => number}} port `maxBytes`: of one file that is taken */
  constructor(port) {
    this.#port = port;
    this.#stopHearing = port.emitter.on("message", (message) => this.#claim(message));
  }

  /** What was handed to us under this id, as it came. @returns {Blob | undefined} */
  received = (id) => this.#received.get(id)?.blob;

  /** @param {RTCPeerConnection} pc @returns {Promise<{direct: string}>} once the other side has all of it */
  async hand(pc, { pieces, bytes, signal, onProgress }) {
    const id = newId();
    const channel = pc.createDataChannel(CHANNEL, { protocol: id });
    const line = new Line(channel, signal);
    try {
      await line.hears("ready", READY_MS);
      // Where channels were opened before, that may be heard before this side's own end is open.
      await line.opens();
      channel.send(JSON.stringify({ bytes }));
      let sent = 0;
      for await (const piece of pieces) {
        for (let at = 0; at < piece.length; at += PIECE_BYTES) {
          await line.room();
          channel.send(piece.subarray(at, at + PIECE_BYTES));
        }
        sent += piece.length;
        onProgress(Math.max(0, sent - channel.bufferedAmount));
      }
      await line.empty(() => onProgress(Math.max(0, bytes - channel.bufferedAmount)));
      if ((await line.hears("have", STALLED_MS)) !== bytes) throw lost();
      return { direct: id };
    } finally {
      line.end();
      channel.close();
    }
  }

  /** @param {string} from @param {RTCDataChannel} channel */
  async take(from, channel) {
    const id = channel.protocol;
    if (!id || this.#received.has(id) || this.#incoming.has(id) || this.#incoming.size >= MAX_AT_ONCE) return channel.close();
    this.#incoming.set(id, 0);
    const line = new Line(channel);
    try {
      const blob = await this.#receive(id, channel, line);
      if (this.#stopped) return;
      const timer = setTimeout(() => this.#received.delete(id), UNCLAIMED_MS);
      this.#received.set(id, { blob, timer });
      channel.send(JSON.stringify({ have: blob.size }));
      // Its message may have been quicker than we were.
      this.#port.list.all.forEach((message) => this.#claim(message));
    } catch {
      channel.close(); // The sender has another way.
    } finally {
      this.#incoming.delete(id);
      line.end();
    }
  }

  async #receive(id, channel, line) {
    await line.opens();
    channel.send(JSON.stringify({ ready: true }));
    const bytes = await line.hears("bytes", READY_MS);
    if (!Number.isInteger(bytes) || bytes < 0 || bytes > this.#port.maxBytes() || bytes > MAX_HELD_BYTES - this.#held) throw lost();
    this.#incoming.set(id, bytes);
    const parts = [];
    for (let left = bytes; left > 0; ) {
      const part = await line.part(STALLED_MS);
      left -= part.byteLength;
      if (left < 0) throw lost();
      parts.push(part);
    }
    return new Blob(parts);
  }

  get #held() {
    let sum = 0;
    for (const { blob } of this.#received.values()) sum += blob.size;
    for (const bytes of this.#incoming.values()) sum += bytes;
    return sum;
  }

  #claim({ key, own, attachments }) {
    const ids = own ? [] : (attachments ?? []).map(({ direct }) => direct).filter((id) => this.#received.has(id));
    if (!ids.length) return;
    for (const id of ids) clearTimeout(this.#received.get(id).timer);
    this.#claimed.set(key, ids);
  }

  /** A message is gone, and what was handed over for it. */
  forget(key) {
    for (const id of this.#claimed.get(key) ?? []) this.#received.delete(id);
    this.#claimed.delete(key);
  }

  stop() {
    this.#stopped = true;
    this.#stopHearing();
    for (const { timer } of this.#received.values()) clearTimeout(timer);
    this.#received.clear();
    this.#claimed.clear();
  }
}

/** A data channel whose messages are waited for, one after the other. Waiting ends with the channel, and with the signal. */
class Line {
  #channel;
  #signal;
  #heard = [];
  #wake = () => {};
  #over = false;

  constructor(channel, signal) {
    this.#channel = channel;
    this.#signal = signal;
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_BYTES;
    channel.onmessage = ({ data }) => {
      this.#heard.push(data);
      this.#wake();
    };
    channel.onopen = channel.onbufferedamountlow = () => this.#wake();
    channel.onclose = channel.onerror = () => this.#close();
    signal?.addEventListener("abort", this.#close);
    if (signal?.aborted || channel.readyState === "closed") this.#close();
  }

  #close = () => {
    this.#over = true;
    this.#wake();
  };

  end() {
    this.#channel.onmessage = null;
    this.#signal?.removeEventListener("abort", this.#close);
  }

  opens = () => this.#until(() => this.#channel.readyState === "open", READY_MS);

  /** The value of a JSON object's only field of that name. */
  async hears(name, limitMs) {
    await this.#until(() => this.#heard.length, limitMs);
    const said = JSON.parse(this.#heard.shift());
    if (said?.[name] === undefined) throw lost();
    return said[name];
  }

  async part(limitMs) {
    await this.#until(() => this.#heard.length, limitMs);
    const part = this.#heard.shift();
    if (!(part instanceof ArrayBuffer) || !part.byteLength) throw lost();
    return part;
  }

  /** There is room for one more piece. */
  async room() {
    if (this.#over || this.#channel.readyState !== "open") throw lost();
    if (this.#channel.bufferedAmount > HIGH_BYTES) await this.#until(() => this.#channel.bufferedAmount <= LOW_BYTES, STALLED_MS);
  }

  /** All has left this side. */
  async empty(told) {
    while (this.#channel.bufferedAmount > 0) {
      const before = this.#channel.bufferedAmount;
      this.#channel.bufferedAmountLowThreshold = before > LOW_BYTES ? LOW_BYTES : 0;
      await this.#until(() => this.#channel.bufferedAmount <= this.#channel.bufferedAmountLowThreshold, STALLED_MS);
      told();
    }
  }

  async #until(passes, limitMs) {
    const from = performance.now();
    while (!passes()) {
      const left = limitMs - (performance.now() - from);
      if (this.#over || left <= 0) throw lost();
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => (clearTimeout(timer), resolve());
      }));
    }
  }
}
