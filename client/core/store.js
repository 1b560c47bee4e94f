/**
 * A store of immutable snapshots, as React's `useSyncExternalStore` wants it: `getSnapshot` returns the same object until
 * something changes, `subscribe` returns the function that ends the subscription.
 */

/** @template {object} S */
export class Store {
  #snapshot;
  #listeners = new Set();

  /** @param {S} initial */
  constructor(initial) {
    this.#snapshot = Object.freeze(initial);
  }

  getSnapshot = () => this.#snapshot;

  /** @param {() => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @param {Partial<S>} patch Nothing is told where nothing differs. */
  update(patch) {
    const differs = Object.keys(patch).some((key) => !Object.is(patch[key], this.#snapshot[key]));
    if (!differs) return;
    this.#snapshot = Object.freeze({ ...this.#snapshot, ...patch });
    for (const listener of [...this.#listeners]) guard(listener);
  }
}

/** Named events; a listener that throws is reported and stops no other. */
export class Emitter {
  #listeners = new Map();

  /** @param {string} event @param {(payload: any) => void} listener @returns {() => void} ends it */
  on = (event, listener) => {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listener));
    return () => all.delete(listener);
  };

  emit(event, payload) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) guard(() => listener(payload));
  }
}

function guard(listener) {
  try {
    listener();
  } catch (error) {
    // As an event listener of the platform would: reported as uncaught, after everybody was told.
    setTimeout(() => {
      throw error;
    });
  }
}
