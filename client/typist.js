/** Tells the others that somebody is typing: when it begins, now and then while it goes on, and when it stops. */

const REPEAT_MS = 3_000;
const IDLE_MS = 4_000;

export class Typist {
  #tell;
  #told = 0;
  #timer;

  /** @param {(isTyping: boolean) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  set(isTyping) {
    this.stop();
    if (isTyping) this.#timer = setTimeout(() => this.set(false), IDLE_MS);
    const now = Date.now();
    if (isTyping ? now - this.#told < REPEAT_MS : this.#told === 0) return;
    this.#told = isTyping ? now : 0;
    this.#tell(isTyping);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
