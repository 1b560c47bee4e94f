/** Tells the others that somebody is typing: when it begins, now and then while it goes on, and when it stops. */

const REPEAT_MS = 3_000;
const IDLE_MS = 4_000;

export class Typist {
  #tell;
  /** When the others were last told that somebody types, by the clock that nobody can set. */
  #told = -Infinity;
  #timer;

  /** @param {(isTyping: boolean) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  set(isTyping) {
    this.stop();
    if (isTyping) this.#timer = setTimeout(() => this.set(false), IDLE_MS);
    const now = performance.now();
    if (isTyping ? now - this.#told < REPEAT_MS : this.#told === -Infinity) return;
    this.#told = isTyping ? now : -Infinity;
    this.#tell(isTyping);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
