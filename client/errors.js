/**
 * Every failure that this client reports is a `MayflyError`; `code` says what happened and `retryable` whether the
 * same request may succeed later. Codes in capitals come from the server's table; those made here are in `CLIENT_CODES`.
 */

/** Codes that are made here, not by the server; `TIMEOUT` it sends as well, where a request arrived too slowly. */
export const CLIENT_CODES = Object.freeze({
  LINK_INVALID: "This is not a link to a room.",
  CONNECTION_LOST: "The connection to the server was lost.",
  TIMEOUT: "The server did not answer in time.",
  KNOCK_REFUSED: "A host did not let you in.",
  MESSAGE_TOO_LONG: "The message is too long to send.",
  MESSAGE_EMPTY: "A message needs at least one character.",
  KEY_INVALID: "The encryption key in this link is damaged. Ask the person who sent it for the whole link.",
  KEY_MISSING: "This link is incomplete: it has no key. Ask the person who sent it for the whole link.",
  KEY_WRONG: "The key in this link is not that of the room. Ask the person who sent it for the whole link.",
  INSECURE_CONTEXT: "Encryption and calls need a page served over HTTPS (or from localhost).",
  ABORTED: "The attempt was given up.",
  LEFT: "This room has been left.",
  DEVICE_BLOCKED: "The browser was told not to allow this.",
  DEVICE_MISSING: "No such device was found.",
  DEVICE_BUSY: "Another program is using the device.",
  DEVICE_FAILED: "The device could not be started.",
  PEER_UNVERIFIED: "A call was refused: nobody with the room's key vouches for it.",
  CALL_UNSUPPORTED: "This browser cannot make calls.",
  FILES_OFF: "This server takes no files.",
  FILE_DAMAGED: "This file is not the one that was sent: it was changed or cut on its way.",
  FILE_UNREADABLE: "This file cannot be read any more. Choose it once more.",
});

export class MayflyError extends Error {
  /**
   * @param {import("./index.js").MayflyErrorCode} code
   * @param {string} [message]
   * @param {{retryable?: boolean, retryAfterMs?: number, details?: Record<string, unknown>, status?: number,
   *   cause?: unknown}} [more]
   */
  constructor(code, message, more = {}) {
    super(message || CLIENT_CODES[code] || code, { cause: more.cause });
    this.name = "MayflyError";
    this.code = code;
    this.retryable = more.retryable ?? false;
    this.retryAfterMs = more.retryAfterMs;
    this.details = more.details;
    this.status = more.status;
  }

  /**
   * The error of an acknowledgement or a REST answer.
   * @param {{code?: import("./index.js").ServerErrorCode, message?: string, retryable?: boolean, retryAfterMs?: number,
   *   details?: Record<string, unknown>} | null | undefined} error
   * @param {number} [status]
   */
  static fromWire(error, status) {
    return new MayflyError(error?.code || "INTERNAL_ERROR", error?.message, { ...error, status });
  }
}

/** @param {any} error whatever was thrown @returns {MayflyError} */
export function asMayflyError(error) {
  if (error instanceof MayflyError) return error;
  if (error?.name === "AbortError") return new MayflyError("ABORTED", undefined, { cause: error });
  return new MayflyError("CONNECTION_LOST", undefined, { retryable: true, cause: error });
}
