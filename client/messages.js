/**
 * The messages on screen: one list in order, own ones from the moment they are typed, each exactly once however often it
 * was sent or received.
 */

/** Messages kept in memory; older ones scroll away. */
export const MAX_MESSAGES = 1_000;
/** How often one message is sent before it counts as failed (again, at a person's wish). */
export const MAX_ATTEMPTS = 6;
/** How long an unanswered message is repeated. */
export const MESSAGE_LIFETIME_MS = 120_000;

/**
 * @typedef {Readonly<{key: string, id?: string, seq?: number, text: string, sender: string, senderName: string,
 *   timestamp: string, own: boolean, state: "sending" | "sent" | "failed", to?: string, encrypted: boolean,
 *   unreadable?: boolean, unsealed?: boolean, deliveredTo?: number, error?: import("./errors.js").MayflyError}>} Message
 */

export class MessageList {
  /** @type {readonly Message[]} */
  all = Object.freeze([]);

  /** Received, from the backlog, or own: whatever is known already under its key, or its id, is left as it is. */
  add(message) {
    if (this.all.some((known) => same(known, message))) return false;
    const rest = [...this.all];
    const at = rest.findLastIndex((known) => !after(known, message)) + 1;
    rest.splice(at, 0, Object.freeze(message));
    this.#keep(rest);
    return true;
  }

  /** @param {string} key @param {Partial<Message>} patch */
  update(key, patch) {
    const known = this.get(key);
    if (!known) return;
    const updated = Object.freeze({ ...known, ...patch });
    const rest = this.all.filter((message) => message.key !== key);
    // An acknowledged message takes the place that the server gave it.
    const at = updated.seq === known.seq ? this.all.indexOf(known) : rest.findLastIndex((m) => !after(m, updated)) + 1;
    rest.splice(at, 0, updated);
    this.#keep(rest);
  }

  remove(key) {
    this.#keep(this.all.filter((message) => message.key !== key));
  }

  get(key) {
    return this.all.find((message) => message.key === key);
  }

  /** Own messages that the server has not acknowledged, in the order typed. */
  get unanswered() {
    return this.all.filter((message) => message.state === "sending");
  }

  #keep(list) {
    this.all = Object.freeze(list.slice(-MAX_MESSAGES));
  }
}

function same(known, message) {
  // By key as well: a sealed message that the server passes off as a new one keeps the key its sender gave it.
  return (known.id !== undefined && known.id === message.id) || (known.key === message.key && known.own === message.own);
}

/** Whether `a` belongs below `b`. Within an epoch `seq` decides; what is still being sent stays at the end. */
function after(a, b) {
  if (a.state !== "sent") return b.state === "sent";
  if (b.state !== "sent") return false;
  if (a.epoch === b.epoch && a.seq !== undefined && b.seq !== undefined) return a.seq > b.seq;
  return a.timestamp > b.timestamp;
}
