/** Whether a link has the key of its room: asked before joining, so that nothing is said in the clear and no invite spent. */

import { request } from "./api.js";
import { checkOf } from "../crypto/crypto.js";
import { MayflyError } from "../errors.js";

/**
 * @param {{encrypted?: boolean, keyCheck?: string}} room as the server shows it
 * @param {string} [check] of the key in the link, if it has one
 * @returns {null | "KEY_MISSING" | "KEY_WRONG"}
 */
export function keyProblem(room, check) {
  if (check === undefined) return room.encrypted ? "KEY_MISSING" : null;
  return room.keyCheck !== undefined && room.keyCheck !== check ? "KEY_WRONG" : null;
}

/** See `index.d.ts`. */
export async function checkKey(room, e2e) {
  try {
    return keyProblem(room, e2e === undefined ? undefined : await checkOf(e2e));
  } catch (error) {
    return error.code ?? "KEY_INVALID";
  }
}

/** Looks at the room while the connection is being made, and says before the join whether the link's key fits. */
export class KeyGuard {
  #path;
  #server;
  #signal;
  #mustLook = false;
  #answer = null;

  /** @param {string} server origin @param {string} roomId @param {AbortSignal} signal */
  constructor(server, roomId, signal) {
    this.#server = server;
    this.#path = `/api/rooms/${encodeURIComponent(roomId)}`;
    this.#signal = signal;
  }

  look() {
    this.#mustLook = true;
    this.#answer ??= request(this.#server, this.#path, { signal: this.#signal });
    this.#answer.catch(() => {}); // It is awaited before the join.
    return this.#answer;
  }

  /**
   * Throws where the key does not fit, and where a link without one cannot learn whether it needs one.
   * @param {{check: string} | null} keyring
   */
  async fits(keyring) {
    if (!this.#mustLook) return;
    let room;
    try {
      ({ room } = await this.look());
    } catch (error) {
      this.#answer = null;
      // Whoever has a key says nothing in the clear, and is shown the room once inside.
      if (keyring) return;
      throw error;
    }
    this.#mustLook = false;
    const problem = keyProblem(room, keyring?.check);
    if (problem) throw new MayflyError(problem);
  }
}
