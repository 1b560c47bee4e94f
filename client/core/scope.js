/** What lives as long as one thing does, a call or a view: timers, listeners, subscriptions. All of it ends with the scope. */

export class Scope {
  #ends = new Set();
  closed = false;

  /** @param {() => void} end called when the scope closes; at once where it has @returns {() => void} ends it sooner */
  add(end) {
    if (this.closed) {
      end();
      return () => {};
    }
    this.#ends.add(end);
    return () => this.#ends.delete(end) && end();
  }

  /** @param {() => void} action @param {number} delayMs @returns {() => void} cancels it */
  later(action, delayMs) {
    const timer = setTimeout(() => {
      this.#ends.delete(end);
      if (!this.closed) action();
    }, delayMs);
    const end = () => clearTimeout(timer);
    return this.add(end);
  }

  /** @param {EventTarget} target */
  listen(target, event, listener) {
    target.addEventListener(event, listener);
    return this.add(() => target.removeEventListener(event, listener));
  }

  close() {
    this.closed = true;
    const ends = [...this.#ends];
    this.#ends.clear();
    for (const end of ends) end();
  }
}
