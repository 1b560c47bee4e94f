/** Who has the floor. Pure: it is told how loud everybody is, and when. */

const LOUD = 0.02;
/** Shorter than this is a cough. */
const SPEAKS_MS = 700;
/** People breathe between sentences. */
const BREATH_MS = 700;
/** Whoever has the floor keeps it for so long after the last word. */
const KEEPS_MS = 1_500;

export class Speaker {
  /** id → since when it speaks, and when it was last loud; in milliseconds */
  #voices = new Map();
  current = null;

  /** @param {Iterable<[string, number]>} levels by id, from 0 to 1 @param {number} now milliseconds @returns {boolean} whether somebody else has the floor */
  heard(levels, now) {
    const before = this.current;
    const here = new Set();
    for (const [id, level] of levels) {
      here.add(id);
      this.#note(id, level, now);
    }
    for (const id of this.#voices.keys()) if (!here.has(id)) this.#voices.delete(id);
    if (this.current && !here.has(this.current)) this.current = null;
    const floor = this.#voices.get(this.current);
    if (floor && now - floor.last < KEEPS_MS) return this.current !== before;
    const waiting = [...this.#voices].filter(([, { since, last }]) => last - since >= SPEAKS_MS && now - last < BREATH_MS);
    waiting.sort(([, a], [, b]) => a.since - b.since);
    if (waiting.length) this.current = waiting[0][0];
    return this.current !== before;
  }

  #note(id, level, now) {
    const voice = this.#voices.get(id);
    if (level <= LOUD) return;
    if (!voice || now - voice.last > BREATH_MS) this.#voices.set(id, { since: now, last: now });
    else voice.last = now;
  }
}
