// For a site's own server (Node.js 20 or later, edge runtimes, Deno, Bun): Web Crypto and fetch, nothing else.
// Secrets and keys belong on servers: never import this into a page.

const encoder = new TextEncoder();
const LIFETIME_S = 300;
const TOLERANCE_S = 300;
const TIMEOUT_MS = 10_000;

/** A refusal of the Mayfly server, with its error code. */
export class MayflyError extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered with status ${status}.`);
    this.name = "MayflyError";
    this.status = status;
    this.code = error?.code ?? "UNAVAILABLE";
    this.retryable = error?.retryable ?? status >= 500;
    this.retryAfterMs = error?.retryAfterMs;
  }
}

/** A webhook that is not to be believed. */
export class WebhookError extends Error {
  constructor(why) {
    super(why);
    this.name = "WebhookError";
  }
}

/** A join token (HS256), good for five minutes unless told otherwise; with `once` it admits once. */
export async function mintToken(who, { secret, expiresInS = LIFETIME_S, issuer, audience }) {
  if (!secret || !who?.sub || !who?.room) throw new TypeError("mintToken needs sub, room and secret");
  const now = Math.floor(Date.now() / 1000);
  const { sub, room, name, role, attributes, once, shareSub, canSpeak, canCall, canInvite } = who;
  const claims = {
    sub, room, name, role, attributes, iss: issuer, aud: audience, iat: now, exp: now + expiresInS,
    jti: once ? crypto.randomUUID() : undefined,
    mayfly: { shareSub, canSpeak, canCall, canInvite },
  };
  const signed = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => base64url(encoder.encode(JSON.stringify(part)))).join(".");
  return `${signed}.${base64url(await hmac(encoder.encode(secret), encoder.encode(signed)))}`;
}

/** Makes a room: `{ roomId, url, hostKey, room }`. Repeating it with the same `idempotencyKey` gives the same room. */
export function createRoom(options = {}, { idempotencyKey, ...site }) {
  return call(site, "POST", "/api/rooms", options, idempotencyKey && { "Idempotency-Key": idempotencyKey });
}

/** A page of the rooms that the API key has made, in the order of their ids, from above `after`. */
export async function listRooms({ after = "", limit = 100, ...site }) {
  return (await call(site, "GET", `/api/rooms?${new URLSearchParams({ after, limit: String(limit) })}`)).rooms;
}

/** Ends a room that the API key has made. */
export async function endRoom(roomId, site) {
  await call(site, "DELETE", `/api/rooms/${encodeURIComponent(roomId)}`);
}

/** The message of a webhook, once its signature and time are right; else it throws `WebhookError`. `body` is the raw text. */
export async function verifyWebhook(body, headers, secret, { toleranceS = TOLERANCE_S } = {}) {
  const header = (name) => (typeof headers.get === "function" ? headers.get(name) : headers[name]) ?? "";
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => header(`webhook-${name}`));
  if (!id || !signatures || !/^\d+$/.test(timestamp)) throw new WebhookError("A header is missing.");
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceS) throw new WebhookError("It is too old, or of the future.");
  const signed = encoder.encode(`${id}.${timestamp}.${body}`);
  for (const one of secret.split(/[\s,]+/).filter(Boolean)) {
    const key = unbase64(one.replace(/^whsec_/, ""));
    for (const given of signatures.split(" ").filter((part) => part.startsWith("v1,"))) {
      if (await verifies(key, given.slice(3), signed)) return JSON.parse(body);
    }
  }
  throw new WebhookError("No signature is right.");
}

async function call({ server, apiKey }, method, path, body, more) {
  const headers = { Authorization: `Bearer ${apiKey}`, ...(body && { "Content-Type": "application/json" }), ...more };
  const response = await fetch(new URL(path, server), {
    method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new MayflyError(response.status, answer.error);
  return answer;
}

const imported = (key, use) => crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [use]);

async function hmac(key, data) {
  return new Uint8Array(await crypto.subtle.sign("HMAC", await imported(key, "sign"), data));
}

async function verifies(key, signature, data) {
  try {
    return await crypto.subtle.verify("HMAC", await imported(key, "verify"), unbase64(signature), data);
  } catch {
    return false; // no base64
  }
}

const unbase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
