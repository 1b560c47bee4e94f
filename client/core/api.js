/** The REST calls that a client needs: make a room, look at one, invite. Secrets go in `Authorization`, never in a URL. */

import { toBase64Url } from "../crypto/codec.js";
import { checkOf, generateSecret } from "../crypto/crypto.js";
import { asMayflyError, MayflyError } from "../errors.js";
import { buildLink, parseLink } from "./link.js";

const REQUEST_TIMEOUT_MS = 15_000;
const CREATE_ATTEMPTS = 3;
const IDEMPOTENCY_KEY_BYTES = 16;
const CREATE_RETRY_MS = 700;

/**
 * @param {string | URL} server origin @param {string} path
 * @param {{method?: string, bearer?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} The body of a 2xx; otherwise throws `MayflyError` with the server's code.
 */
export async function request(server, path, { method = "GET", bearer, body, headers = {}, signal } = {}) {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  let response;
  try {
    response = await fetch(new URL(path, server), {
      method,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  } catch (error) {
    if (error?.name === "TimeoutError") throw new MayflyError("TIMEOUT", undefined, { retryable: true, cause: error });
    throw asMayflyError(error);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw MayflyError.fromWire(answer?.error, response.status);
  return answer;
}

/**
 * See `index.d.ts`. Repeated with one Idempotency-Key, so that a lost answer makes no second room.
 * @param {import("../index.js").CreateOptions} [options] @returns {Promise<import("../index.js").CreatedRoom>}
 */
export async function createRoom({ server, site, encrypt = true, signal, ...settings } = {}) {
  const origin = server ?? globalThis.location?.origin;
  const e2e = encrypt ? generateSecret() : undefined;
  const body = e2e ? { ...settings, encrypted: true, keyCheck: await checkOf(e2e) } : settings;
  const made = await withRetries(CREATE_ATTEMPTS, (headers) =>
    request(origin, "/api/rooms", { method: "POST", body, headers, signal }),
  );
  const where = { site: site ?? parseLink(made.url).server, roomId: made.roomId, e2e };
  return Object.freeze({
    roomId: made.roomId,
    hostKey: made.hostKey,
    room: made.room,
    encryptionKey: e2e,
    server: origin,
    link: buildLink(where),
    hostLink: buildLink({ ...where, key: made.hostKey }),
  });
}

/**
 * See `index.d.ts`. Only what an invite may be is sent: the room as it was made, given here whole, has keys in its links.
 * @param {import("../index.js").InviteOptions} options @returns {Promise<import("../index.js").CreatedInvite>}
 */
export async function createInvite({ server, site, roomId, hostKey, encryptionKey, signal, uses, expiresInS }) {
  const origin = server ?? globalThis.location?.origin;
  const path = `/api/rooms/${encodeURIComponent(roomId)}/invites`;
  const made = await request(origin, path, { method: "POST", bearer: hostKey, body: { uses, expiresInS }, signal });
  const base = site ?? parseLink(made.url).server;
  return Object.freeze({ ...made, link: buildLink({ site: base, roomId, invite: made.invite, e2e: encryptionKey }) });
}

/**
 * See `index.d.ts`. Spends nothing.
 * @param {string | URL} link @param {{server?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<import("../index.js").RoomInfo>}
 */
export async function lookUpRoom(link, { server, signal } = {}) {
  const parsed = parseLink(link);
  const path = `/api/rooms/${encodeURIComponent(parsed.roomId)}`;
  return (await request(server ?? parsed.server, path, { signal })).room;
}

/**
 * See `index.d.ts`. Spends nothing, too.
 * @param {string | URL} link @param {{server?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<{usesLeft: number, expiresAt: string}>}
 */
export async function checkInvite(link, { server, signal } = {}) {
  const parsed = parseLink(link);
  const path = `/api/rooms/${encodeURIComponent(parsed.roomId)}/invite`;
  return request(server ?? parsed.server, path, { bearer: parsed.invite, signal });
}

async function withRetries(attempts, attempt) {
  // Nobody else may guess it: with a shorter one the server does not tell the host key again.
  const headers = { "Idempotency-Key": toBase64Url(crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_KEY_BYTES))) };
  for (let left = attempts - 1; ; left -= 1) {
    try {
      return await attempt(headers);
    } catch (error) {
      if (!error.retryable || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? CREATE_RETRY_MS));
    }
  }
}
