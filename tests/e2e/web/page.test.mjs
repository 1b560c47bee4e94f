// The parts of the page that need no browser: QR codes, names, durations.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import jsqr from "../../node_modules/jsqr/dist/jsQR.js";
import { displayName, initials, listNames, remaining } from "../../../web/app/format.js";
import { qrPath } from "../../../web/app/qr.js";

const LIBRARY = new URL("../../../web/node_modules/qrcode-generator/dist/qrcode.mjs", import.meta.url);
const PIXELS = 4; // for each module

/** What a scanner reads in the picture. */
function scan({ path, size }) {
  const width = size * PIXELS;
  const picture = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < PIXELS; row += 1) {
      const from = ((y * PIXELS + row) * width + x * PIXELS) * 4;
      for (let at = from; at < from + PIXELS * 4; at += 4) picture.fill(0, at, at + 3);
    }
  }
  return jsqr(picture, width, width)?.data;
}

test("a scanner reads the link in its QR code, whatever its length", async () => {
  for (const length of [20, 60, 120, 300, 660]) {
    const link = `https://example.org/r/${"aZ9-_#=&".repeat(90)}`.slice(0, length);
    assert.equal(scan(await qrPath(link, fileURLToPath(LIBRARY))), link);
  }
});

test("a text that no QR code holds is refused", async () => {
  await assert.rejects(qrPath("x".repeat(3_000), fileURLToPath(LIBRARY)));
});

test("a name is shown without what would turn or hide it", () => {
  assert.equal(displayName("  Ada   Lovelace "), "Ada Lovelace");
  assert.equal(displayName("\u202Eexe.gnp\u2066"), "exe.gnp");
  for (const nothing of ["", "   ", "\u200B\u2060\uFEFF", "\u3164", undefined, null]) assert.equal(displayName(nothing), "Guest");
});

test("initials are one or two letters, whatever the name is made of", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("ada augusta king"), "AK");
  assert.equal(initials("👩‍👩‍👧‍👦 family"), "👩‍👩‍👧‍👦F");
  assert.ok(initials(`Z${"\u0301".repeat(50)}`).length < 6);
  assert.equal(initials("\u200B"), "G");
});

test("what is left is said in the two largest units", () => {
  const minute = 60_000;
  assert.equal(remaining(3 * 24 * 60 * minute + 5 * 60 * minute), "3 d 5 h");
  assert.equal(remaining(23 * 60 * minute + 59 * minute), "23 h 59 min");
  assert.equal(remaining(12 * minute + 5), "12 min");
  assert.equal(remaining(42_000), "0:42");
  assert.equal(remaining(-1), "0:00");
});

test("several names are told in few words", () => {
  assert.equal(listNames(["Ada"]), "Ada");
  assert.equal(listNames(["Ada", "Ben"]), "Ada and Ben");
  assert.equal(listNames(["Ada", "Ben", "Cleo", "Dmitri"]), "Ada, Ben and 2 others");
});
