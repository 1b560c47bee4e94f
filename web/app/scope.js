/**
 * The life of a view: timers, listeners, subscriptions, tracks and requests are tied to it, and end with it. What a view
 * does not end would keep it, its nodes and its devices alive for as long as the tab is open.
 */
export class Scope {
  #ends = new Set();
  #controller = new AbortController();
  #ended = false;

  /** Aborted at the end: for `fetch`, `addEventListener` and whoever else takes a signal. */
  get signal() {
    return this.#controller.signal;
  }

  get ended() {
    return this.#ended;
  }

  /** @param {() => void} end called at the end, at once where that was before @returns {() => void} ends it earlier */
  add(end) {
    if (this.#ended) {
      end();
      return () => {};
    }
    const once = () => this.#ends.delete(once) && end();
    this.#ends.add(once);
    return once;
  }

  listen(target, event, listener, options) {
    target.addEventListener(event, listener, options);
    return this.add(() => target.removeEventListener(event, listener, options));
  }

  every(ms, action) {
    const timer = setInterval(action, ms);
    return this.add(() => clearInterval(timer));
  }

  /** @returns {() => void} calls it off */
  after(ms, action) {
    const timer = setTimeout(() => {
      forget();
      action();
    }, ms);
    const forget = this.add(() => clearTimeout(timer));
    return forget;
  }

  /** A scope that ends with this one, or before it. */
  child() {
    const child = new Scope();
    child.add(this.add(() => child.end()));
    return child;
  }

  /** Last come, first ended; one that throws is reported and stops no other. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller.abort();
    for (const end of [...this.#ends].reverse()) {
      try {
        end();
      } catch (error) {
        reportError(error);
      }
    }
  }
}
