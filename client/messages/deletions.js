/** Deleting messages: out of sight at once, sent when it can no longer be undone. */

/** How long a deletion can be undone before it is sent. */
export const UNDO_MS = 5_000;

export class Deletions {
  #port;
  #timers = new Map();

  /** @param {{list: any, deeds: import("./deeds.js").Deeds, changed: () => void, erased: (id: string) => void}} port */
  constructor(port) {
    this.#port = port;
  }

  /** @returns {Promise<void>} fulfilled when the server has deleted it, or it was undone; rejected where it was refused */
  delete = (key, { undoMs = UNDO_MS } = {}) => {
    const known = this.#port.list.get(key);
    if (known?.state !== "sent" || known.deleting) return Promise.resolve();
    this.#port.list.update(key, { deleting: "undoable" });
    this.#port.changed();
    return new Promise((resolve, reject) => {
      const send = () => {
        this.#timers.delete(key);
        this.#send(key).then(resolve, reject);
      };
      this.#timers.set(key, { timer: setTimeout(send, undoMs), send, undone: resolve });
    });
  };

  /** @returns {boolean} whether it was in time */
  undo = (key) => {
    const waiting = this.#timers.get(key);
    if (!waiting) return false;
    clearTimeout(waiting.timer);
    this.#timers.delete(key);
    this.#port.list.update(key, { deleting: undefined });
    this.#port.changed();
    waiting.undone();
    return true;
  };

  /** Whoever leaves, or closes the page, has decided. */
  sendNow() {
    for (const { timer, send } of [...this.#timers.values()]) {
      clearTimeout(timer);
      send();
    }
  }

  /** Those that were chosen before a reload. */
  resume() {
    const left = this.#port.list.all.filter(({ key, deleting }) => deleting && !this.#timers.has(key) && !this.#sending.has(key));
    for (const { key } of left) this.#send(key).catch(() => {});
  }

  #sending = new Set();

  async #send(key) {
    const { list, deeds, changed, erased } = this.#port;
    const id = list.get(key)?.id;
    if (!id || this.#sending.has(key)) return;
    this.#sending.add(key);
    list.update(key, { deleting: "sent" });
    changed();
    const gone = () => list.erase(id) && erased(id);
    try {
      await deeds.do({ event: "delete-message", fields: () => ({ id }), done: gone });
    } catch (error) {
      // Nobody else has it any more either.
      if (error.code === "MESSAGE_NOT_FOUND") return void gone();
      // Whoever comes back to this seat still means it.
      if (error.code !== "LEFT") list.update(key, { deleting: undefined });
      changed();
      throw error;
    } finally {
      this.#sending.delete(key);
    }
  }
}
