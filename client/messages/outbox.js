/**
 * Own messages on their way: shown at once, sent in the order typed, repeated under the same `clientMessageId` until the
 * server acknowledges them or a bound is reached.
 */

import { toAttach, toSeal } from "./attachments.js";
import { newId } from "../core/entry.js";
import { MayflyError } from "../errors.js";
import { MAX_ATTEMPTS, MESSAGE_LIFETIME_MS } from "./messages.js";

const MAX_TEXT_CHARS = 4_000;
const RETRY_MS = 1_500;
/** An unanswered message may mean a dead connection: it is looked into before the long time-out. */
const ACK_TIMEOUT_MS = 6_000;

/** Throws where the text is too long, or empty beside nothing else. */
export function checkText(text, beside) {
  if (!text.trim() && beside === undefined) throw new MayflyError("MESSAGE_EMPTY");
  if ([...text].length > MAX_TEXT_CHARS) throw new MayflyError("MESSAGE_TOO_LONG");
}

export class Outbox {
  #room;
  #running = false;
  #tries = new Map();
  #since = new Map();
  #timer;
  #settled = [];

  /**
   * @param {{list: import("./messages.js").MessageList, request: Function, keyring: () => any, self: () => any,
   *   joined: () => boolean, changed: () => void, noteSeq: (seq: number) => void, suspicious: () => void,
   *   sealed: (sender: string, id: string) => void, messageTtlS: () => number | null | undefined, stamped: (iso: string) =>
   *   void, acknowledged: (id: string) => void, missing: (key: string) => boolean}} room `missing`: whether a file that the
   *   server has not any more is laid down once more
   */
  constructor(room) {
    this.#room = room;
  }

  /**
   * @param {string} text
   * @param {import("../index.js").SendOptions & Pick<import("../index.js").Message, "attachments" | "upload">} [options]
   * @returns {string} the message's key. Throws where it can never be sent.
   */
  post(text, { to, kind, data, replyTo, ttlS, viewOnce, attachments, upload } = {}) {
    checkText(text, data ?? attachments);
    const self = this.#room.self();
    const key = newId();
    const more = { kind, data, replyTo: this.#idOf(replyTo), ttlS, viewOnce: viewOnce || undefined, attachments, upload };
    this.#room.list.add({
      key,
      text,
      to,
      ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)),
      own: true,
      state: "sending",
      sender: self?.id ?? "",
      senderName: self?.name ?? "",
      timestamp: new Date().toISOString(),
      encrypted: Boolean(this.#room.keyring()),
    });
    if (upload) this.#room.changed();
    else this.#begin(key);
    return key;
  }

  /** What kept a message back is done: its files are where the others can have them. */
  ready(key, patch) {
    this.#room.list.update(key, patch);
    this.#begin(key);
  }

  /** It does not come to it. */
  fail(key, error) {
    this.#done(key, { state: "failed", error, upload: undefined });
  }

  /** In the order typed; one whose file is on its way holds up no other. */
  get #next() {
    return this.#room.list.unanswered.find(({ upload }) => !upload);
  }

  /** An answer names the message by its key, or by its id. */
  #idOf(replyTo) {
    return this.#room.list.get(replyTo)?.id ?? replyTo;
  }

  /** Send a failed message once more; the server drops it if an earlier try had reached it. */
  retry(key) {
    if (this.#room.list.get(key)?.state !== "failed") return;
    this.#room.list.update(key, { state: "sending", error: undefined });
    this.#begin(key);
  }

  #begin(key) {
    this.#tries.set(key, 0);
    this.#since.set(key, Date.now());
    this.#room.changed();
    this.flush();
  }

  /** Send what is unanswered, one after the other. Called when there is something new and after every (re)join. */
  async flush() {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#timer);
    try {
      for (;;) {
        this.#expire();
        const next = this.#next;
        if (!next || !this.#room.joined() || !(await this.#send(next))) break;
      }
    } finally {
      this.#running = false;
    }
    // Also while offline: what waits too long must come to an end.
    if (this.#next) this.#timer = setTimeout(() => this.flush(), RETRY_MS);
  }

  /** Fulfilled when nothing waits for an answer any more, or after so many milliseconds. @returns {Promise<void>} */
  settled(timeoutMs) {
    if (!this.#room.list.unanswered.length) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#settled.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  stop() {
    clearTimeout(this.#timer);
    for (const resolve of this.#settled.splice(0)) resolve();
  }

  /** @returns {Promise<boolean>} whether to go on with the next one */
  async #send(message) {
    const { key } = message;
    this.#tries.set(key, (this.#tries.get(key) ?? 0) + 1);
    this.#since.set(key, this.#since.get(key) ?? Date.now());
    try {
      const sender = this.#room.self();
      const sealed = await this.#seal(message, sender);
      const { to, replyTo, ttlS, viewOnce } = message;
      const attachments = toAttach(message.attachments);
      const fields = { ...sealed, clientMessageId: key, to, replyTo, ttlS, viewOnce, ...(attachments?.length && { attachments }) };
      const ack = await this.#room.request("send-message", fields, { timeoutMs: ACK_TIMEOUT_MS });
      this.#done(key, {
        state: "sent",
        id: ack.id,
        seq: ack.seq,
        epoch: this.#room.epoch(),
        sender: sender.id,
        timestamp: ack.timestamp,
        deliveredTo: ack.deliveredTo,
        expiresAt: this.#expiryOf(message, ack),
      });
      this.#room.acknowledged(ack.id);
      this.#room.changed();
      if (!ack.duplicate) this.#room.stamped(ack.timestamp);
      this.#room.noteSeq(ack.seq);
      return true;
    } catch (error) {
      if (error.code === "CONNECTION_LOST") return false;
      if (error.code === "TIMEOUT") this.#room.suspicious();
      if (error.code === "NOT_IN_ROOM") return false; // The seat is being taken back.
      if (error.retryable) {
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? RETRY_MS));
        return true;
      }
      if (error.code !== "NOT_FOUND" || !this.#room.missing(key)) this.#done(key, { state: "failed", error });
      return true;
    }
  }

  async #seal(message, sender) {
    const keyring = this.#room.keyring();
    const { key: id, text, to, replyTo, kind, data } = message;
    if (!keyring) return { text, kind, data };
    const content = { id, name: sender.name, text, to, replyTo, kind, data, attachments: toSeal(message.attachments) };
    this.#room.sealed(sender.id, message.key);
    return { text: await keyring.sealMessage(sender.id, content), encrypted: true };
  }

  /** As the server reckons: the shorter of the message's own time and the room's. */
  #expiryOf({ ttlS }, { timestamp }) {
    const times = [ttlS, this.#room.messageTtlS()].filter((seconds) => typeof seconds === "number");
    return times.length ? new Date(Date.parse(timestamp) + Math.min(...times) * 1_000).toISOString() : undefined;
  }

  #expire() {
    for (const { key, upload } of this.#room.list.unanswered) {
      if (upload) continue;
      const tooOld = Date.now() - (this.#since.get(key) ?? Date.now()) > MESSAGE_LIFETIME_MS;
      const tooOften = (this.#tries.get(key) ?? 0) >= MAX_ATTEMPTS;
      if (tooOld || tooOften) this.#done(key, { state: "failed", error: new MayflyError("CONNECTION_LOST") });
    }
  }

  #done(key, patch) {
    this.#tries.delete(key);
    this.#since.delete(key);
    this.#room.list.update(key, patch);
    this.#room.changed();
    if (!this.#room.list.unanswered.length) for (const resolve of this.#settled.splice(0)) resolve();
  }
}
