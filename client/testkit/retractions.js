/** What was taken back in a room, so that whoever comes back after a restart is told (docs/protocol.md). */

/** Messages; the oldest go first. */
const KNOWN = 200;

export class Retractions {
  /** The oldest first. @type {{id: string, seq: number, epoch: string, reason: "deleted" | "forgotten"}[]} */
  #all = [];

  /** @param {{id: string, epoch: string}} message @param {number} seq of the event @param {"deleted" | "forgotten"} reason */
  note({ id, epoch }, seq, reason) {
    this.#all = [...this.#all.filter((one) => !id || one.id !== id), { id, seq, epoch, reason }].slice(-KNOWN);
  }

  /** Somebody is here in this epoch: whoever has seen something of it was told what was before. @param {string} epoch */
  mark(epoch) {
    const newest = this.#all.at(-1);
    if (newest && newest.epoch !== epoch) this.note({ id: "", epoch }, 0, "deleted");
  }

  /**
   * As fields of a snapshot that is no continuation.
   * @param {{id: string, epoch: string, seq: number}} room @param {{epoch?: string, lastSeq?: number}} [seen]
   */
  untold(room, { epoch, lastSeq = 0 } = {}) {
    if (epoch === room.epoch) return {};
    const begins = Math.max(0, this.#all.findIndex((one) => one.epoch === epoch));
    const unknown = this.#all.slice(begins).filter((one) => one.epoch !== epoch || one.seq > lastSeq);
    const missed = unknown.filter((one) => one.id && one.epoch !== room.epoch).map(({ id, reason }) => deletion(room, id, reason));
    return { ...(missed.length ? { missed } : {}), ...(unknown.length === KNOWN ? { forgotten: true } : {}) };
  }
}

const deletion = (room, id, reason) => ({ event: "message-deleted", payload: { roomId: room.id, seq: room.seq, id, by: "", reason } });
