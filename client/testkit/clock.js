/** A clock that stands still until the test lets time pass: `setTimeout` and `setInterval`, `Date` and `performance.now()`. */

const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"];
/** Turns of the event loop in which nothing is under way any more before time goes on. */
const TURNS = 4;
/** What is done in other threads, and takes as long as it takes. */
const CRYPTO = ["encrypt", "decrypt", "sign", "verify", "digest", "importKey", "exportKey", "deriveBits", "deriveKey", "generateKey"];

export class TestClock {
  /** @type {Record<string, any>} */
  #real = {};
  #timers = new Map();
  #ids = 0;
  #now = 0;
  #started;
  #underWay = 0;

  constructor({ now = Date.now() } = {}) {
    for (const name of TIMERS) this.#real[name] = globalThis[name];
    this.#real.Date = globalThis.Date;
    this.#real.performanceNow = performance.now;
    this.#started = now;
    const base = performance.now();
    const { Date: RealDate } = this.#real;
    const time = () => this.#started + this.#now;
    globalThis.setTimeout = (/** @type {Function} */ act, ms, ...args) => this.#add(() => act(...args), ms);
    globalThis.setInterval = (/** @type {Function} */ act, ms, ...args) => this.#add(() => act(...args), ms, Math.max(1, ms ?? 0));
    globalThis.clearTimeout = globalThis.clearInterval = (timer) => void this.#timers.delete(Number(timer));
    globalThis.Date = /** @type {any} what `RealDate` has is inherited */ (class extends RealDate {
      constructor(...args) {
        super(...(args.length ? args : [time()]));
      }
      static now = time;
    });
    performance.now = () => base + this.#now;
    this.#watchCrypto();
  }

  #watchCrypto() {
    const methods = Object.getPrototypeOf(crypto.subtle);
    this.#real.crypto = CRYPTO.map((name) => [name, methods[name]]);
    const done = () => (this.#underWay -= 1);
    for (const [name, real] of this.#real.crypto) {
      const watched = (subtle, args) => {
        this.#underWay += 1;
        const result = real.apply(subtle, args);
        result.then(done, done);
        return result;
      };
      methods[name] = function (...args) {
        return watched(this, args);
      };
    }
  }

  /** Lets so much time pass: what is due meanwhile is done in order, each with all that follows from it. */
  async pass(ms) {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const [id, next] = [...this.#timers].reduce((soonest, one) => (one[1].at < soonest[1].at ? one : soonest), [0, { at: Infinity }]);
      if (next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.every) next.at += next.every;
      else this.#timers.delete(id);
      next.act();
      await this.settle();
    }
    this.#now = end;
  }

  /** Lets go on what waits for nothing but its turn. */
  async settle() {
    for (let calm = 0; calm < TURNS; calm = this.#underWay ? 0 : calm + 1) {
      await new Promise((resolve) => this.#real.setTimeout.call(globalThis, resolve, 0));
    }
  }

  restore() {
    for (const name of TIMERS) globalThis[name] = this.#real[name];
    globalThis.Date = this.#real.Date;
    performance.now = this.#real.performanceNow;
    for (const [name, real] of this.#real.crypto) Object.getPrototypeOf(crypto.subtle)[name] = real;
    this.#timers.clear();
  }

  /** @returns {any} a timer as Node.js has it, and a number for browsers' code */
  #add(act, ms, every) {
    const id = (this.#ids += 1);
    this.#timers.set(id, { act, every, at: this.#now + Math.max(0, Number(ms) || 0) });
    return { unref: () => {}, ref: () => {}, hasRef: () => true, refresh: () => {}, [Symbol.toPrimitive]: () => id };
  }
}
