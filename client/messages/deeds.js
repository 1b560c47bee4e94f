/**
 * What people change: shown at once, sent in the order done, repeated across reconnects until the server has answered.
 * Everything done here may be done twice without harm. What is refused is taken back on screen.
 */

import { MayflyError } from "../errors.js";
import { MAX_ATTEMPTS, MESSAGE_LIFETIME_MS } from "./messages.js";

const RETRY_MS = 1_500;
const ACK_TIMEOUT_MS = 6_000;

export class Deeds {
  #room;
  #queue = [];
  #running = false;
  #timer;
  #idle = [];

  /** @param {{request: Function, joined: () => boolean, suspicious: () => void}} room */
  constructor(room) {
    this.#room = room;
  }

  /**
   * @param {{event: string, fields: () => object | Promise<object>, done?: (ack: any) => void, undo?: (error: MayflyError)
   *   => void, asDone?: string[]}} deed `asDone`: codes with which a repetition says that it was done before
   * @returns {Promise<any>} fulfilled when it is done, rejected where it was refused or never answered
   */
  do(deed) {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...deed, resolve, reject, tries: 0, since: Date.now() });
      this.flush();
    });
  }

  /** Called when there is something new, and after every (re)join. */
  async flush() {
    if (this.#running) return;
    this.#running = true;
    clearTimeout(this.#timer);
    try {
      for (;;) {
        this.#expire();
        const [next] = this.#queue;
        if (!next || !this.#room.joined() || !(await this.#try(next))) break;
      }
    } finally {
      this.#running = false;
    }
    if (this.#queue.length) this.#timer = setTimeout(() => this.flush(), RETRY_MS);
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Fulfilled when nothing waits any more, or after so many milliseconds. @returns {Promise<void>} */
  settled(timeoutMs) {
    if (!this.#queue.length) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** What still waits comes to nothing. */
  stop() {
    clearTimeout(this.#timer);
    for (const deed of this.#queue.splice(0)) deed.reject(new MayflyError("LEFT"));
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** @returns {Promise<boolean>} whether to go on with the next one */
  async #try(deed) {
    deed.tries += 1;
    try {
      const ack = await this.#room.request(deed.event, await deed.fields(), { timeoutMs: ACK_TIMEOUT_MS });
      this.#end(deed, () => deed.done?.(ack));
      deed.resolve(ack);
      return true;
    } catch (error) {
      if (error.code === "CONNECTION_LOST" || error.code === "NOT_IN_ROOM") {
        deed.tries -= 1; // That was no answer: it waits for the way back, for as long as it may wait at all.
        deed.lost = true;
        return false;
      }
      if (error.code === "TIMEOUT") this.#room.suspicious();
      if (error.retryable) {
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? RETRY_MS));
        return true;
      }
      if ((deed.tries > 1 || deed.lost) && deed.asDone?.includes(error.code)) {
        this.#end(deed, () => deed.done?.({}));
        deed.resolve({});
      } else this.#refused(deed, error);
      return true;
    }
  }

  #expire() {
    for (const deed of [...this.#queue]) {
      const over = deed.tries >= MAX_ATTEMPTS || Date.now() - deed.since > MESSAGE_LIFETIME_MS;
      if (over) this.#refused(deed, new MayflyError("CONNECTION_LOST"));
    }
  }

  #refused(deed, error) {
    this.#end(deed, () => deed.undo?.(error));
    deed.reject(error);
  }

  #end(deed, after) {
    this.#queue = this.#queue.filter((other) => other !== deed);
    after();
  }
}
