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

/** Ids of erased messages that are remembered, so that an answer that comes late shows none of them again. */
const MAX_GONE = 2_000;

/**
 * @typedef {Readonly<{key: string, id?: string, seq?: number, epoch?: string, text: string, sender: string, senderName: string,
 *   timestamp: string, own: boolean, state: "sending" | "sent" | "failed", to?: string, encrypted: boolean,
 *   unreadable?: boolean, unsealed?: boolean, deliveredTo?: number, error?: import("../errors.js").MayflyError,
 *   kind?: string, data?: unknown, replyTo?: string, ttlS?: number, viewOnce?: true, viewed?: true, expiresAt?: string,
 *   editedAt?: string, reactions?: readonly import("./reactions.js").Reaction[], deleting?: "undoable" | "sent",
 *   contentId?: string, revision?: number, attachments?: readonly object[], upload?: {sent: number, total: number}}>} Message
 */

export class MessageList {
  /** @type {readonly Message[]} */
  all = Object.freeze([]);
  #gone = new Set();

  /** Received, from the backlog, or own: whatever is known already under its key, or its id, is left as it is. */
  add(message) {
    if (message.id !== undefined && this.#gone.has(message.id)) return false;
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
    // Taken away before its acknowledgement came.
    if (patch.id !== undefined && this.#gone.has(patch.id)) return this.remove(key);
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

  /** Of an id, or of the key of what has none: it is gone for good. @returns {Message | undefined} what it was */
  erase(id) {
    this.#gone.add(id);
    if (this.#gone.size > MAX_GONE) this.#gone.delete(this.#gone.values().next().value);
    const known = this.byId(id) ?? this.get(id);
    if (known) this.remove(known.key);
    return known;
  }

  /** Keeps only what the predicate is true of. @returns {Message[]} what went */
  prune(keeps) {
    const gone = this.all.filter((message) => !keeps(message));
    if (gone.length) this.#keep(this.all.filter(keeps));
    return gone;
  }

  byId(id) {
    return id === undefined ? undefined : this.all.find((message) => message.id === id);
  }

  get(key) {
    return this.all.find((message) => message.key === key);
  }

  /** Own messages that the server has not acknowledged, in the order typed. */
  get unanswered() {
    return this.all.filter((message) => message.state === "sending");
  }

  /** Whether there are own ones whose id is not known: the server may have them all the same. */
  get hasNameless() {
    return this.all.some(({ own, id }) => own && id === undefined);
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
