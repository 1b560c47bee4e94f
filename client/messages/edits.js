/** Edits on their way: what a message was before, in case that they are refused. */

export class Edits {
  #list;
  /** key → what the server has, as far as is known, and how many edits are on their way. */
  #pending = new Map();

  /** @param {import("./messages.js").MessageList} list */
  constructor(list) {
    this.#list = list;
  }

  isPending(key) {
    return this.#pending.has(key);
  }

  /** What the server has, as far as is known. */
  baseOf(key) {
    return this.#pending.get(key)?.base;
  }

  begin(key, patch) {
    const { text, data, editedAt, revision } = this.#list.get(key);
    const entry = this.#pending.get(key) ?? { base: { text, data, editedAt, revision }, count: 0 };
    entry.count += 1;
    this.#pending.set(key, entry);
    this.#list.update(key, patch);
  }

  /** The server has told of one that was made elsewhere, or earlier. */
  rebase(key, change) {
    const entry = this.#pending.get(key);
    if (entry) entry.base = { ...entry.base, ...change };
  }

  done(key, patch) {
    this.rebase(key, patch);
    this.#end(key);
  }

  refused(key) {
    const entry = this.#pending.get(key);
    if (this.#end(key)) this.#list.update(key, entry.base);
  }

  forget(key) {
    this.#pending.delete(key);
  }

  /** @returns {boolean} whether that was the last one */
  #end(key) {
    const entry = this.#pending.get(key);
    if (!entry) return false;
    entry.count -= 1;
    if (entry.count > 0) return false;
    this.#pending.delete(key);
    return true;
  }
}
