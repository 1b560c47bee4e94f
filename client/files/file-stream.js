/**
 * A file as a sealed stream of chunks: the STREAM construction over AES-256-GCM, under a key for each file. What may not
 * happen to it unnoticed: a chunk that is changed, moved, doubled, left out, of another file or behind the end. The format
 * is in docs/files.md.
 */

import { fromBase64Url, toBase64Url } from "../crypto/codec.js";
import { MayflyError } from "../errors.js";

export const CHUNK_BYTES = 65_536;
export const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

const chunksOf = (size) => Math.max(1, Math.ceil(size / CHUNK_BYTES));

/** How long a file of so many bytes is when sealed. */
export const sealedLength = (size) => size + TAG_BYTES * chunksOf(size);

/** A key for one file, as base64url. */
export const newFileKey = () => toBase64Url(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));

export const damaged = (why) => new MayflyError("FILE_DAMAGED", undefined, { details: { why } });

/** The cipher of one stream. @param {string} key base64url @param {string} roomId */
async function cipherOf(key, roomId) {
  const bytes = fromBase64Url(key);
  if (bytes.length !== KEY_BYTES) throw damaged("the message has no key for it");
  const imported = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  const additionalData = new TextEncoder().encode(`mayfly/file/1/${roomId}`);
  const how = (number, isLast) => ({ name: "AES-GCM", iv: nonce(number, isLast), additionalData });
  return {
    seal: async (number, isLast, plain) => new Uint8Array(await crypto.subtle.encrypt(how(number, isLast), imported, plain)),
    open: async (number, isLast, sealed) => new Uint8Array(await crypto.subtle.decrypt(how(number, isLast), imported, sealed)),
  };
}

/** 88 bits of the chunk's number, and 8 that say whether it is the last one. */
function nonce(number, isLast) {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setUint32(NONCE_BYTES - 5, number);
  bytes[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return bytes;
}

/** @param {Blob} blob @param {string} key of this stream alone: never twice @param {string} roomId */
export async function* sealed(blob, key, roomId) {
  const cipher = await cipherOf(key, roomId);
  const last = chunksOf(blob.size) - 1;
  for (let number = 0; number <= last; number += 1) {
    yield cipher.seal(number, number === last, await bytesOf(blob, number * CHUNK_BYTES, CHUNK_BYTES));
  }
}

/** The same in pieces, as it is. @param {Blob} blob */
export async function* plain(blob) {
  for (let at = 0; at < blob.size; at += CHUNK_BYTES) yield bytesOf(blob, at, CHUNK_BYTES);
}

async function bytesOf(blob, at, count) {
  try {
    return new Uint8Array(await blob.slice(at, at + count).arrayBuffer());
  } catch (cause) {
    throw new MayflyError("FILE_UNREADABLE", undefined, { cause });
  }
}

/**
 * What was sealed, chunk by chunk, each once it has proved to be the next one of this file. Throws `FILE_DAMAGED`.
 * @param {AsyncIterable<Uint8Array>} source in pieces of any length
 * @param {{key: string, size: number, roomId: string}} file as the message says
 */
export async function* opened(source, { key, size, roomId }) {
  const cipher = await cipherOf(key, roomId);
  const last = chunksOf(size) - 1;
  let number = 0;
  for await (const chunk of inPieces(source, SEALED_CHUNK_BYTES, sealedLength(size))) {
    yield await cipher.open(number, number === last, chunk).catch(() => {
      throw damaged(`chunk ${number} is not the one that its sender sealed`);
    });
    number += 1;
  }
}

/** What was not sealed: as long as the message says. @param {AsyncIterable<Uint8Array>} source @param {number} size */
export const whole = (source, size) => inPieces(source, CHUNK_BYTES, size);

/** Pieces of so many bytes, the last one shorter, of a source that has to be exactly so long. */
async function* inPieces(source, pieceBytes, total) {
  let piece = new Uint8Array(Math.min(pieceBytes, total));
  let filled = 0;
  let left = total;
  for await (let bytes of source) {
    if (bytes.length > left) throw damaged("it goes on behind its end");
    left -= bytes.length;
    while (bytes.length) {
      const part = bytes.subarray(0, piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      bytes = bytes.subarray(part.length);
      if (filled < piece.length) break;
      yield piece;
      piece = new Uint8Array(Math.min(pieceBytes, left + bytes.length));
      filled = 0;
    }
  }
  if (left) throw damaged("it ends too early");
}
