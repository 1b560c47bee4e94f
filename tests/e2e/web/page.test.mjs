// The parts of the page that need no browser: QR codes, names, durations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { displayName, initials, listNames, remaining } from "../../../web/app/format.js";
import { encodeQr, multiply } from "../../../web/app/qr.js";

// For level M (ISO/IEC 18004, table 9), by version: codewords, error correction codewords per block, blocks.
const TABLE = {
  1: [26, 10, 1], 2: [44, 16, 1], 3: [70, 26, 1], 4: [100, 18, 2], 5: [134, 24, 2], 6: [172, 16, 4], 7: [196, 18, 4],
  8: [242, 22, 4], 9: [292, 22, 5], 10: [346, 26, 5], 11: [404, 30, 5], 12: [466, 22, 8], 13: [532, 22, 9],
  14: [581, 24, 9], 15: [655, 24, 10], 16: [733, 28, 10], 17: [815, 28, 11], 18: [901, 26, 13], 19: [991, 26, 14],
  20: [1085, 26, 16],
};
const CENTRES = {
  1: [], 2: [18], 3: [22], 4: [26], 5: [30], 6: [34], 7: [22, 38], 8: [24, 42], 9: [26, 46], 10: [28, 50], 11: [30, 54],
  12: [32, 58], 13: [34, 62], 14: [26, 46, 66], 15: [26, 48, 70], 16: [26, 50, 74], 17: [30, 54, 78], 18: [30, 56, 82],
  19: [30, 58, 86], 20: [34, 62, 90],
};
const MASKS = [
  (r, c) => (r + c) % 2, (r) => r % 2, (r, c) => c % 3, (r, c) => (r + c) % 3, (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2,
  (r, c) => ((r * c) % 2) + ((r * c) % 3), (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
];

/** Reads a symbol as a scanner would, from the standard's tables alone, and insists that there is nothing to correct. */
function decode(dark) {
  const size = dark.length;
  const version = (size - 17) / 4;
  const [total, ecc, count] = TABLE[version];
  const format = [0, 1, 2, 3, 4, 5, 7, 8].map((r) => dark[r][8]).concat([7, 5, 4, 3, 2, 1, 0].map((c) => dark[8][c]));
  const bits = format.reduce((sum, on, at) => sum | (Number(on) << at), 0) ^ 0x5412;
  assert.equal(bits >> 13, 0, "level M");
  const mask = MASKS[(bits >> 10) & 7];
  const isFunction = (r, c) => {
    if (r === 6 || c === 6) return true;
    if ((r < 9 && c < 9) || (r < 9 && c >= size - 8) || (r >= size - 8 && c < 9)) return true;
    if (version >= 7 && ((r < 6 && c >= size - 11) || (c < 6 && r >= size - 11))) return true;
    const all = version === 1 ? [] : [6, ...CENTRES[version]];
    return all.some((y) => all.some((x) => {
      const onFinder = (y === 6 && (x === 6 || x === size - 7)) || (x === 6 && y === size - 7);
      return !onFinder && Math.abs(r - y) <= 2 && Math.abs(c - x) <= 2;
    }));
  };
  const stream = [];
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const r = up ? size - 1 - step : step;
      for (const c of [right, right - 1]) if (!isFunction(r, c)) stream.push(Number(dark[r][c]) ^ Number(mask(r, c) === 0));
    }
  }
  const codewords = Array.from({ length: total }, (_, at) => Number.parseInt(stream.slice(at * 8, at * 8 + 8).join(""), 2));
  const data = total - ecc * count;
  const short = Math.floor(data / count);
  const blocks = Array.from({ length: count }, () => []);
  let at = 0;
  for (let column = 0; column <= short; column += 1) {
    blocks.forEach((block, index) => (column < short || index >= count - (data % count)) && block.push(codewords[at++]));
  }
  const payload = blocks.flatMap((block) => [...block]);
  for (let column = 0; column < ecc; column += 1) for (const block of blocks) block.push(codewords[at++]);
  for (const block of blocks) assert.ok(syndromes(block, ecc).every((s) => s === 0), "nothing to correct");
  const text = payload.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  assert.equal(text.slice(0, 4), "0100", "byte mode");
  const lengthBits = version < 10 ? 8 : 16;
  const length = Number.parseInt(text.slice(4, 4 + lengthBits), 2);
  const bytes = Array.from({ length }, (_, n) => Number.parseInt(text.slice(4 + lengthBits + n * 8, 12 + lengthBits + n * 8), 2));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function syndromes(block, ecc) {
  let root = 1;
  return Array.from({ length: ecc }, () => {
    const sum = block.reduce((rest, codeword) => multiply(rest, root) ^ codeword, 0);
    root = multiply(root, 2);
    return sum;
  });
}

test("a QR code of every version reads as what was written", () => {
  const versions = new Set();
  for (let length = 1; length <= 660; length += 13) {
    const text = `ü${"https://example.org/r/aZ9-_#=&".repeat(30).slice(0, length)}`;
    const symbol = encodeQr(text);
    versions.add((symbol.length - 17) / 4);
    assert.equal(decode(symbol), text);
  }
  assert.equal(versions.size, 20);
});

test("a link that no supported QR code holds is refused", () => {
  assert.throws(() => encodeQr("x".repeat(700)), RangeError);
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
