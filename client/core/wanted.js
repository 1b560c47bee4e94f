/**
 * The last wish wins. What takes time to reach (a camera that opens, a call that others are told of) is wished for anew
 * meanwhile; one worker brings it to what was wished for last, one step at a time, and nobody waits behind a queue.
 */

/** @template W */
export class Wanted {
  #apply;
  #generation = 0;
  #working = null;
  /** What was wished for last. @type {W} */
  wish;

  /**
   * @param {W} initial
   * @param {(wish: W, isCurrent: () => boolean) => Promise<void>} apply brings the thing there; after each wait it asks
   *   `isCurrent`, and where another wish has come it undoes what it has just got and returns
   */
  constructor(initial, apply) {
    this.wish = initial;
    this.#apply = apply;
  }

  /** @param {W} wish @returns {Promise<void>} done when the last wish is, this one or a later; fails as that one does */
  set(wish) {
    this.wish = wish;
    this.#generation += 1;
    this.#working ??= this.#work();
    return this.#working;
  }

  async #work() {
    for (;;) {
      const generation = this.#generation;
      const isCurrent = () => generation === this.#generation;
      try {
        await this.#apply(this.wish, isCurrent);
        if (!isCurrent()) continue;
      } catch (error) {
        if (!isCurrent()) continue;
        this.#working = null;
        throw error;
      }
      // At once and not a moment later: a wish in between would be nobody's.
      this.#working = null;
      return;
    }
  }
}
