/** The server's error codes: what is said with each, and whether a repetition may succeed. A test compares them with the server's. */

const YES = true;

/** @type {Record<import("../index.js").ServerErrorCode, [message: string, retryable?: boolean]>} */
export const CODES = {
  INVALID_PAYLOAD: ["The request is not of the documented shape."],
  UNKNOWN_EVENT: ["There is no such event."],
  PAYLOAD_TOO_LARGE: ["The request is too large."],
  UNAUTHORIZED: ["A key is needed."],
  FORBIDDEN: ["This is not allowed."],
  INVITE_REQUIRED: ["This room needs an invite."],
  INVITE_INVALID: ["This invite is not valid."],
  INVITE_USED: ["This invite has been used."],
  INVITE_EXPIRED: ["This invite has expired."],
  PASSWORD_REQUIRED: ["This room needs a password."],
  PASSWORD_INVALID: ["This is not the room's password."],
  ROOM_NOT_FOUND: ["There is no such room."],
  ROOM_ENDED: ["This room has ended."],
  ROOM_EXPIRED: ["This room has expired."],
  ROOM_FULL: ["This room is full.", YES],
  ROOM_LOCKED: ["This room is locked."],
  LOBBY_WAITING: ["This room has a lobby."],
  BANNED: ["You have been banned from this room."],
  NOT_IN_ROOM: ["You are not in this room."],
  ALREADY_JOINED: ["This connection is in the room already."],
  TOO_MANY_ROOMS: ["This connection is in too many rooms."],
  PEER_NOT_FOUND: ["This participant is not in the room."],
  TARGET_REQUIRED: ["Say which participant is meant."],
  RESUME_INVALID: ["This seat cannot be resumed."],
  RESUME_EXPIRED: ["This seat has ended."],
  TOKEN_INVALID: ["This token is not valid here."],
  TOKEN_EXPIRED: ["This token has expired."],
  ENCRYPTION_REQUIRED: ["This room is encrypted: what is said here has to be sealed."],
  MESSAGE_NOT_FOUND: ["There is no such message."],
  POLL_CLOSED: ["This poll is closed."],
  FILE_TOO_LARGE: ["This file is larger than files may be."],
  STALE_NEGOTIATION: ["A newer negotiation has replaced this one."],
  RATE_LIMITED: ["Too many requests.", YES],
  QUOTA_EXCEEDED: ["This address has as many as one may have.", YES],
  SERVER_DRAINING: ["The server is about to restart.", YES],
  UNAVAILABLE: ["The server cannot do this at the moment.", YES],
  INTERNAL_ERROR: ["Something went wrong on our side.", YES],
  NOT_FOUND: ["There is nothing here."],
  METHOD_NOT_ALLOWED: ["This method is not allowed here."],
  TIMEOUT: ["The request took too long to arrive.", YES],
};

const STATUSES = {
  INVALID_PAYLOAD: 400, FORBIDDEN: 403, UNAUTHORIZED: 401, INVITE_INVALID: 403, INVITE_USED: 410, INVITE_EXPIRED: 410, ROOM_NOT_FOUND: 404,
  ROOM_ENDED: 410, ROOM_EXPIRED: 410, NOT_FOUND: 404, RATE_LIMITED: 429, QUOTA_EXCEEDED: 429,
};

/** A request that is not granted. */
export class Refusal extends Error {
  /** @param {import("../index.js").ServerErrorCode} code @param {{retryAfterMs?: number}} [more] */
  constructor(code, more = {}) {
    super(code);
    const [message, retryable = false] = CODES[code];
    this.error = { code, message, retryable, ...more };
    /** Of a REST call. */
    this.status = STATUSES[code] ?? (retryable ? 503 : 400);
  }
}

/** @type {(code: import("../index.js").ServerErrorCode, more?: {retryAfterMs?: number}) => never} */
export const refuse = (code, more) => {
  throw new Refusal(code, more);
};
