/**
 * What a picture tells besides the picture (where and when it was taken, with what, an earlier version of it): that goes
 * before the picture does. Known by its bytes, whatever it is called. Pixels, colors, movement and which side is up stay.
 */

import { withoutBoxes } from "./metadata-boxes.js";
import { MayflyError } from "../errors.js";

const HEAD_BYTES = 16;
const UPRIGHT = 1;
/** In Exif's IFD 0. */
const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * @param {Blob} file
 * @returns {Promise<Blob>} the same one where there is nothing to take out, or it is no picture of a kind that is known: JPEG,
 *   PNG, WebP, GIF; AVIF and HEIC, and the header of MP4 and QuickTime films
 */
export async function withoutMetadata(file) {
  const head = await bytesOf(file.slice(0, HEAD_BYTES));
  if (text(head, 4, 4) === "ftyp") return withoutBoxes(file, bytesOf);
  const clean = CLEANERS.find(([is]) => is(head))?.[1];
  if (!clean) return file;
  const parts = clean(await bytesOf(file));
  if (!parts) return file;
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return size === file.size ? file : new Blob(parts, { type: file.type });
}

async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new MayflyError("FILE_UNREADABLE", undefined, { cause });
  }
}

const text = (bytes, at, count) => String.fromCharCode(...bytes.subarray(at, at + count));
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @type {[is: (head: Uint8Array) => boolean, clean: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>[] | null][]} */
const CLEANERS = [
  [(head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff, jpeg],
  [(head) => text(head, 0, 8) === "\x89PNG\r\n\x1a\n", png],
  [(head) => text(head, 0, 4) === "RIFF" && text(head, 8, 4) === "WEBP", webp],
  [(head) => /^GIF8[79]a$/.test(text(head, 0, 6)), gif],
];

// JPEG: segments up to the end of the picture. Phones put further pictures, with an Exif of their own, and films behind it.

const [SOS, EOI, APP0, APP15, COMMENT] = [0xda, 0xd9, 0xe0, 0xef, 0xfe];
/** What of the segments of applications says how the picture looks. */
const LOOKS = [[0xe0, "JFIF\0"], [0xe2, "ICC_PROFILE\0"], [0xee, "Adobe"]];
const JFIF_BYTES = 18;

function jpeg(bytes) {
  const view = viewOf(bytes);
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    // Between segments, and in their place, there may be anything: decoders pass over it, and here it ends.
    if (bytes[at] !== 0xff || marker === 0xff || marker < 0xc0 || isBare(marker)) {
      at += 1;
      continue;
    }
    if (marker === EOI) break;
    const end = at + 2 + view.getUint16(at + 2);
    if (end > bytes.length) break;
    const until = marker === SOS ? endOfScan(bytes, end) : end;
    const segment = bytes.subarray(at, until);
    if (marker < APP0 || (marker > APP15 && marker !== COMMENT)) kept.push(segment);
    else kept.push(...lookOf(marker, segment));
    at = until;
  }
  if (at + 2 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] === EOI) kept.push(bytes.subarray(at, at + 2));
  return kept;
}

/** A restart, or another beginning: nothing follows that belongs to it. */
const isBare = (marker) => marker >= 0xd0 && marker <= 0xd8;

/** Of a segment of an application: what says how the picture looks, if anything. */
function lookOf(marker, segment) {
  const says = (words) => text(segment, 4, words.length) === words;
  if (marker === 0xe1 && says("Exif\0\0")) {
    const tiff = upright(segment.subarray(10));
    return tiff ? [Uint8Array.of(0xff, 0xe1, 0, tiff.length + 8), segment.subarray(4, 10), tiff] : [];
  }
  if (!LOOKS.some(([of, words]) => of === marker && says(words))) return [];
  if (marker !== APP0) return [segment];
  // Without its thumbnail, which may show what was cut away from the picture.
  const head = segment.slice(0, JFIF_BYTES);
  if (head.length === JFIF_BYTES) head.set([0, JFIF_BYTES - 2], 2), head.set([0, 0], 16);
  return [head];
}

function endOfScan(bytes, from) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    // Stuffed, a restart, or a filler: the scan goes on.
    if (next !== undefined && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

/** As little of an Exif block as says which side is up; `null` where that is as it is anyway, or it cannot be read. */
function upright(tiff) {
  const turned = orientationIn(tiff);
  if (turned === null || turned <= UPRIGHT || turned > 8) return null;
  return Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, SHORT, 0, 0, 0, 1, 0, turned, 0, 0, 0, 0, 0, 0);
}

function orientationIn(tiff) {
  try {
    const view = viewOf(tiff);
    const little = text(tiff, 0, 2) === "II";
    const first = view.getUint32(4, little);
    const count = view.getUint16(first, little);
    for (let at = first + 2; at < first + 2 + count * 12; at += 12) {
      if (view.getUint16(at, little) === ORIENTATION_TAG) return view.getUint16(at + 8, little);
    }
  } catch {
    // Cut off, or no Exif at all.
  }
  return null;
}

// PNG: chunks up to the last one.

/** Besides those that no decoder may do without. */
const PNG_LOOKS = new Set("tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI bKGD pHYs sBIT sPLT hIST acTL fcTL fdAT".split(" "));

function png(bytes) {
  const view = viewOf(bytes);
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    const type = text(bytes, at + 4, 4);
    if (end > bytes.length) {
      kept.push(...(isCritical(type) ? [bytes.subarray(at)] : []));
      break;
    }
    const tiff = type === "eXIf" ? upright(bytes.subarray(at + 8, end - 4)) : null;
    if (tiff) kept.push(pngChunk("eXIf", tiff));
    else if (isCritical(type) || PNG_LOOKS.has(type)) kept.push(bytes.subarray(at, end));
    if (type === "IEND") break;
    at = end;
  }
  return kept;
}

const isCritical = (type) => /^[A-Z]/.test(type);

function pngChunk(type, data) {
  const chunk = new Uint8Array(12 + data.length);
  const view = viewOf(chunk);
  view.setUint32(0, data.length);
  chunk.set([...type].map((char) => char.charCodeAt(0)), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// WebP: chunks in a RIFF container that says how long it is, and whether there is any of this.

const WEBP_LOOKS = new Set(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"]);
const [HAS_EXIF, HAS_XMP] = [0x08, 0x04];

function webp(bytes) {
  const view = viewOf(bytes);
  const kept = [];
  let flags = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const type = text(bytes, at, 4);
    const length = view.getUint32(at + 4, true);
    const chunk = bytes.slice(at, at + 8 + length + (length % 2));
    const tiff = type === "EXIF" ? upright(chunk.subarray(text(chunk, 8, 6) === "Exif\0\0" ? 14 : 8)) : null;
    if (type === "VP8X" && length) {
      flags = chunk.subarray(8, 9);
      flags[0] &= ~(HAS_EXIF | HAS_XMP);
    }
    if (tiff && flags) {
      flags[0] |= HAS_EXIF;
      kept.push(Uint8Array.of(0x45, 0x58, 0x49, 0x46, tiff.length, 0, 0, 0), tiff);
    } else if (WEBP_LOOKS.has(type)) kept.push(chunk);
    at += 8 + length + (length % 2);
  }
  const head = bytes.slice(0, 12);
  viewOf(head).setUint32(4, 4 + kept.reduce((sum, { length }) => sum + length, 0), true);
  return [head, ...kept];
}

// GIF: blocks up to the trailer.

const GIF_LOOPS = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);

function gif(bytes) {
  const table = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let at = 13 + table(bytes[10]);
  const kept = [bytes.subarray(0, at)];
  while (at < bytes.length && bytes[at] !== 0x3b) {
    const from = at;
    const label = bytes[at + 1];
    if (bytes[at] === 0x2c) at += 11 + table(bytes[at + 9]);
    else if (bytes[at] === 0x21) at += 2;
    else return null; // no picture, but something that begins like one
    while (bytes[at]) at += bytes[at] + 1;
    at += 1;
    const isSaid = bytes[from] === 0x21 && (label === 0xfe || (label === 0xff && !GIF_LOOPS.has(text(bytes, from + 3, 11))));
    if (!isSaid) kept.push(bytes.subarray(from, at));
  }
  return [...kept, bytes.subarray(at, at + 1)];
}
