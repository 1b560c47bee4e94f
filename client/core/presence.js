/** Tells the server what this side last wished to be known: whether it is in the call, and which devices are on. */

import { Wanted } from "./wanted.js";

/** Repetitions of what the server refused for the moment. */
const MAX_TRIES = 6;
const RETRY_MS = 1_000;

/**
 * @template W
 * @param {W} initial
 * @param {(wish: W) => Promise<unknown>} tell
 * @returns {Wanted<W>} whose `set` is done when the server knows, or will be told after the next join
 */
export function telling(initial, tell) {
  return new Wanted(initial, async (wish, isCurrent) => {
    for (let tries = 1; isCurrent() && tries <= MAX_TRIES; tries += 1) {
      try {
        await tell(wish);
        return;
      } catch (error) {
        if (!error.retryable || error.code === "CONNECTION_LOST") return;
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? RETRY_MS));
      }
    }
  });
}
