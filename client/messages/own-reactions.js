/** Own reactions on their way: what is wished for, and what the server said last. */

export class OwnReactions {
  /** message id → emoji → {count, wanted, told} */
  #pending = new Map();

  /** @param {boolean} before as it is shown now */
  begin(id, emoji, wanted, before) {
    const ofMessage = this.#pending.get(id) ?? new Map();
    const entry = ofMessage.get(emoji) ?? { count: 0, told: before };
    ofMessage.set(emoji, { ...entry, count: entry.count + 1, wanted });
    this.#pending.set(id, ofMessage);
  }

  /** The server's word on an own reaction. @returns {boolean} whether a wish of one's own is on its way, and is shown instead */
  told(id, emoji, on) {
    const entry = this.#pending.get(id)?.get(emoji);
    if (entry) entry.told = on;
    return Boolean(entry);
  }

  /** @returns {{told: boolean} | null} what the server said last, where that was the last wish on its way */
  end(id, emoji) {
    const ofMessage = this.#pending.get(id);
    const entry = ofMessage?.get(emoji);
    if (!entry) return null;
    entry.count -= 1;
    if (entry.count) return null;
    ofMessage.delete(emoji);
    if (!ofMessage.size) this.#pending.delete(id);
    return entry;
  }

  /** @returns {[string, {wanted: boolean, told: boolean}][]} emoji, wish, and what the server said last, of a message */
  wishes(id) {
    return [...(this.#pending.get(id) ?? [])];
  }
}
