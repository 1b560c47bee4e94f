/**
 * End-to-end encryption: message texts, names and the fingerprints of calls, under one secret that rides in the link's
 * fragment and never reaches the server. What this protects, and what not: docs/encryption.md.
 *
 * HKDF-SHA-256 (RFC 5869) makes four keys of the secret, salted with the room's id: AES-256-GCM for messages and for
 * names (a random 96-bit IV each), HMAC-SHA-256 for descriptions and for reactions. The associated data binds a message to room and sender.
 */

import { base16384Length, fromBase16384, fromBase64Url, toBase16384, toBase64Url } from "./codec.js";
import { MayflyError } from "../errors.js";
import { fingerprintsIn, refusal, splitAuth, withAuth } from "./sdp.js";

const SECRET_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The wire's limits, in characters. */
const MAX_NAME_CHARS = 64;
const MAX_SEALED_CHARS = 10_000;
/** What a room's `keyCheck` is long. */
const CHECK_BITS = 96;
/** A reaction's token has 128 bits: 22 characters of the 32 that it may have. */
const REACTION_BYTES = 16;
/** Every name is padded to this, so that its length says nothing. */
export const MAX_NAME_BYTES = 80;
/** So many bytes of sealed JSON fit the wire's 10,000 characters: 4,000 characters of any script, and what is beside them. */
export const MAX_SEALED_BYTES = Math.floor(((MAX_SEALED_CHARS - 1) * 14) / 8) - IV_BYTES - TAG_BYTES;
/** Marks a wire name as sealed, for people whose client has no key. */
export const NAME_MARK = "🔒";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Whether this page may use WebCrypto at all (a secure context). */
export const canEncrypt = () => Boolean(globalThis.crypto?.subtle);

/** A new secret for a link, as base64url. Throws `INSECURE_CONTEXT` where WebCrypto is missing. */
export function generateSecret() {
  if (!canEncrypt()) throw new MayflyError("INSECURE_CONTEXT");
  return toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

async function importSecret(secret) {
  if (!canEncrypt()) throw new MayflyError("INSECURE_CONTEXT");
  let bytes;
  try {
    bytes = fromBase64Url(secret);
  } catch (cause) {
    throw new MayflyError("KEY_INVALID", undefined, { cause });
  }
  if (bytes.length !== SECRET_BYTES) throw new MayflyError("KEY_INVALID");
  return crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey", "deriveBits"]);
}

/**
 * By this a client tells whether a link has the key of its room, before it joins; it says nothing of the key. Not salted
 * with the room's id, which is not known yet when a room is made.
 * @param {string} secret base64url, as in the link
 * @returns {Promise<string>} 16 characters
 */
export async function checkOf(secret) {
  return deriveCheck(await importSecret(secret));
}

async function deriveCheck(root) {
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode("mayfly/1 check") };
  return toBase64Url(new Uint8Array(await crypto.subtle.deriveBits(how, root, CHECK_BITS)));
}

/** Short, for remembering that a sealed message was shown: 48 bits of a digest of whatever names it. */
export async function shortDigest(text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  return toBase64Url(digest.subarray(0, 6));
}

/**
 * @param {string} secret base64url, as in the link
 * @param {string} roomId
 * @returns {Promise<Keyring>}
 */
export async function openKeyring(secret, roomId) {
  const root = await importSecret(secret);
  const derive = (purpose, type, uses) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: encoder.encode(roomId), info: encoder.encode(`mayfly/1 ${purpose}`) },
      root,
      type,
      false,
      uses,
    );
  const aes = { name: "AES-GCM", length: 256 };
  const mac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const [check, messages, names, calls, reactions] = await Promise.all([
    deriveCheck(root),
    derive("messages", aes, ["encrypt", "decrypt"]),
    derive("names", aes, ["encrypt", "decrypt"]),
    derive("calls", mac, ["sign", "verify"]),
    derive("reactions", mac, ["sign"]),
  ]);
  return new Keyring(roomId, check, { messages, names, calls, reactions });
}

class Keyring {
  #roomId;
  #messages;
  #names;
  #calls;
  #reactions;

  constructor(roomId, check, { messages, names, calls, reactions }) {
    /** What the room's `keyCheck` is, where this is its key. */
    this.check = check;
    this.#roomId = roomId;
    this.#messages = messages;
    this.#names = names;
    this.#calls = calls;
    this.#reactions = reactions;
  }

  /**
   * @param {string} sender participant id, bound to the ciphertext
   * @param {{id: string, name: string, text: string, to?: string, replyTo?: string, kind?: string, data?: unknown,
   *   revision?: number}} content
   */
  async sealMessage(sender, content) {
    // Half an emoji would be written as an escape of six bytes.
    const text = content.text.toWellFormed?.() ?? content.text;
    return this.sealJson("message", sender, { ...content, text });
  }

  /** Anything else that people write. @param {string} purpose what it is, bound to the ciphertext as the sender is */
  async sealJson(purpose, sender, value) {
    const plain = encoder.encode(JSON.stringify(value));
    if (plain.length > MAX_SEALED_BYTES) throw new MayflyError("MESSAGE_TOO_LONG");
    return seal(this.#messages, plain, this.#context(purpose, sender));
  }

  /** Throws where it was not sealed with this key, in this room, as this, by this sender. */
  async openJson(purpose, sender, text) {
    return JSON.parse(decoder.decode(await open(this.#messages, text, this.#context(purpose, sender))));
  }

  /** What an emoji is on the wire: the same for all who put it to this message, and another one for the next message. */
  async reactionToken(messageId, emoji) {
    const words = encoder.encode(JSON.stringify(["mayfly/1", "reaction", this.#roomId, messageId, emoji]));
    const mac = await crypto.subtle.sign("HMAC", this.#reactions, words);
    return toBase64Url(new Uint8Array(mac).subarray(0, REACTION_BYTES));
  }

  /**
   * Throws where the text was not sealed with this key, in this room, by this sender, for this one (`to`) or for all.
   * @param {string} sender @param {string} text @param {string} [to]
   */
  async openMessage(sender, text, to) {
    const content = await this.openJson("message", sender, text);
    if (typeof content?.text !== "string") throw new TypeError("not a message");
    // A server may neither redirect a private message, nor tell everybody, nor pass a public one off as private.
    if ((content.to ?? null) !== (to ?? null)) throw new TypeError("a message for somebody else");
    return content;
  }

  /** The name as the wire carries it: always the same length, at most 64 characters. */
  async sealName(name) {
    const plain = new Uint8Array(MAX_NAME_BYTES);
    plain.set(encoder.encode(clipToBytes(name, MAX_NAME_BYTES)));
    return NAME_MARK + (await seal(this.#names, plain, this.#context("name")));
  }

  /** The name that was sealed; `null` where the wire's name is not a sealed one or was sealed with another key. */
  async openName(wire) {
    if (typeof wire !== "string" || !wire.startsWith(NAME_MARK)) return null;
    try {
      const plain = await open(this.#names, wire.slice(NAME_MARK.length), this.#context("name"));
      const end = plain.indexOf(0);
      return decoder.decode(end < 0 ? plain : plain.subarray(0, end));
    } catch {
      return null;
    }
  }

  /**
   * The description with a line that vouches for its DTLS fingerprints (RFC 8122).
   * @param {{from: string, to: string, negotiationId?: string}} route
   * @param {{type: string, sdp: string}} description
   */
  async signDescription(route, { type, sdp }) {
    const mac = await crypto.subtle.sign("HMAC", this.#calls, this.#vouched(route, type, sdp));
    return { type, sdp: withAuth(sdp, toBase64Url(new Uint8Array(mac))) };
  }

  /** The description without that line; throws `PEER_UNVERIFIED` where the line is missing or does not fit. */
  async verifyDescription(route, { type, sdp }) {
    const { code, bare } = splitAuth(sdp);
    const fits = await crypto.subtle.verify("HMAC", this.#calls, fromBase64Url(code), this.#vouched(route, type, bare));
    if (!fits) throw refusal("its fingerprints are not those that its sender vouched for");
    return { type, sdp: bare };
  }

  #context(purpose, sender = "") {
    return encoder.encode(JSON.stringify(["mayfly/1", purpose, this.#roomId, sender]));
  }

  #vouched({ from, to, negotiationId = "" }, type, sdp) {
    const fingerprints = fingerprintsIn(sdp);
    return encoder.encode(JSON.stringify(["mayfly/1", "call", this.#roomId, from, to, negotiationId, type, fingerprints]));
  }
}

async function seal(key, plain, additionalData) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
  const bytes = new Uint8Array(IV_BYTES + sealed.byteLength);
  bytes.set(iv);
  bytes.set(new Uint8Array(sealed), IV_BYTES);
  return toBase16384(bytes);
}

async function open(key, text, additionalData) {
  const bytes = fromBase16384(text);
  const iv = bytes.subarray(0, IV_BYTES);
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, bytes.subarray(IV_BYTES));
  return new Uint8Array(plain);
}

/** The longest beginning of the text, in whole characters, that UTF-8 writes in so many bytes. */
export function clipToBytes(text, maxBytes) {
  let size = 0;
  let kept = "";
  for (const char of text) {
    size += encoder.encode(char).length;
    if (size > maxBytes) break;
    kept += char;
  }
  return kept;
}

/** What a sealed name takes of the wire's limit; a test holds it against the limit. */
export const SEALED_NAME_CHARS = 1 + base16384Length(IV_BYTES + TAG_BYTES + MAX_NAME_BYTES);
if (SEALED_NAME_CHARS > MAX_NAME_CHARS) throw new RangeError("sealed names do not fit the wire");
