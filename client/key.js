/** Whether a link has the key of its room: asked before joining, so that nothing is said in the clear and no invite spent. */

import { checkOf } from "./crypto.js";

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
