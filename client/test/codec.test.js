import assert from "node:assert/strict";
import { test } from "node:test";
import { base16384Length, fromBase16384, fromBase64Url, toBase16384, toBase64Url } from "../crypto/codec.js";

const bytesOf = (length) => crypto.getRandomValues(new Uint8Array(length));

test("bytes of every length survive both codecs", () => {
  for (let length = 0; length < 200; length += 1) {
    const bytes = bytesOf(length);
    assert.deepEqual(fromBase16384(toBase16384(bytes)), bytes);
    assert.deepEqual(fromBase64Url(toBase64Url(bytes)), bytes);
    assert.equal([...toBase16384(bytes)].length, base16384Length(length));
  }
});

test("base16384 text is left as it is by every Unicode normalization", () => {
  const every = new Uint8Array(28_672).map((_, at) => at * 31 + (at >> 8));
  const text = toBase16384(every);
  for (const form of ["NFC", "NFD", "NFKC", "NFKD"]) assert.equal(text.normalize(form), text);
});

test("text that no encoder made is refused", () => {
  for (const text of ["", "hello", "一一", "一\u{1f600}"]) assert.throws(() => fromBase16384(text), TypeError);
  for (const text of ["a+b", "a/b", "ä"]) assert.throws(() => fromBase64Url(text), TypeError);
});
