/**
 * QR codes (ISO/IEC 18004): byte mode, error correction level M, versions 1 to 20 (666 bytes), best of the eight masks.
 */

const MAX_VERSION = 20;
/** For level M, by version: error correction codewords in each block, and how many blocks. */
const ECC_PER_BLOCK = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
/** Level M in the format information. */
const LEVEL_BITS = 0b00;

const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** @param {string} text @returns {boolean[][]} rows of modules, dark is `true`. Throws `RangeError` if it is too long. */
export function encodeQr(text) {
  const bytes = new TextEncoder().encode(text);
  const version = smallestVersion(bytes.length);
  const codewords = interleave(dataCodewords(bytes, version), version);
  let best = null;
  for (let mask = 0; mask < MASKS.length; mask += 1) {
    const grid = new Grid(version);
    grid.drawFunctionPatterns();
    grid.drawCodewords(codewords, MASKS[mask]);
    grid.drawFormat(mask);
    const penalty = penaltyOf(grid.dark);
    if (!best || penalty < best.penalty) best = { penalty, dark: grid.dark };
  }
  return best.dark;
}

/** One SVG path of all dark modules, each one unit wide, and the side length with a quiet zone of four modules. */
export function qrPath(text) {
  const dark = encodeQr(text);
  const parts = [];
  dark.forEach((row, y) => row.forEach((on, x) => on && parts.push(`M${x + 4} ${y + 4}h1v1h-1z`)));
  return { path: parts.join(""), size: dark.length + 8 };
}

const lengthBits = (version) => (version < 10 ? 8 : 16);
const dataBytes = (version) => totalCodewords(version) - ECC_PER_BLOCK[version] * BLOCKS[version];

function totalCodewords(version) {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const alignments = Math.floor(version / 7) + 2;
    modules -= (25 * alignments - 10) * alignments - 55;
    if (version >= 7) modules -= 36;
  }
  return Math.floor(modules / 8);
}

function smallestVersion(byteCount) {
  for (let version = 1; version <= MAX_VERSION; version += 1) {
    if (4 + lengthBits(version) + byteCount * 8 <= dataBytes(version) * 8) return version;
  }
  throw new RangeError("too long for a QR code");
}

function dataCodewords(bytes, version) {
  const bits = [];
  const push = (value, count) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, lengthBits(version));
  for (const byte of bytes) push(byte, 8);
  const capacity = dataBytes(version) * 8;
  push(0, Math.min(4, capacity - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 0xec; bits.length < capacity; pad ^= 0xec ^ 0x11) push(pad, 8);
  const codewords = [];
  for (let at = 0; at < bits.length; at += 8) codewords.push(Number.parseInt(bits.slice(at, at + 8).join(""), 2));
  return codewords;
}

/** Blocks with their error correction, written column by column. */
function interleave(data, version) {
  const count = BLOCKS[version];
  const short = Math.floor(data.length / count);
  const longBlocks = data.length % count;
  const blocks = [];
  let from = 0;
  for (let at = 0; at < count; at += 1) {
    const size = short + (at >= count - longBlocks ? 1 : 0);
    const block = data.slice(from, from + size);
    from += size;
    blocks.push({ block, ecc: remainder(block, ECC_PER_BLOCK[version]) });
  }
  const result = [];
  for (let at = 0; at <= short; at += 1) for (const { block } of blocks) if (at < block.length) result.push(block[at]);
  for (let at = 0; at < ECC_PER_BLOCK[version]; at += 1) for (const { ecc } of blocks) result.push(ecc[at]);
  return result;
}

/** Multiplication in GF(2^8) with the code's polynomial 0x11d. */
export function multiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

function remainder(data, degree) {
  const divisor = generator(degree);
  const result = new Array(degree).fill(0);
  for (const byte of data) {
    const factor = byte ^ result.shift();
    result.push(0);
    divisor.forEach((coefficient, at) => (result[at] ^= multiply(coefficient, factor)));
  }
  return result;
}

function generator(degree) {
  const coefficients = new Array(degree).fill(0);
  coefficients[degree - 1] = 1;
  let root = 1;
  for (let at = 0; at < degree; at += 1) {
    for (let j = 0; j < degree; j += 1) {
      coefficients[j] = multiply(coefficients[j], root) ^ (coefficients[j + 1] ?? 0);
    }
    root = multiply(root, 2);
  }
  return coefficients;
}

class Grid {
  constructor(version) {
    this.version = version;
    this.size = version * 4 + 17;
    const rows = () => Array.from({ length: this.size }, () => new Array(this.size).fill(false));
    this.dark = rows();
    this.reserved = rows();
  }

  set(x, y, dark) {
    this.dark[y][x] = Boolean(dark);
    this.reserved[y][x] = true;
  }

  drawFunctionPatterns() {
    const { size } = this;
    for (let at = 0; at < size; at += 1) {
      this.set(6, at, at % 2 === 0);
      this.set(at, 6, at % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.drawFinder(x, y);
    const centres = this.alignmentCentres();
    const last = centres.length - 1;
    centres.forEach((y, row) =>
      centres.forEach((x, column) => {
        const inFinder = (row === 0 && (column === 0 || column === last)) || (row === last && column === 0);
        if (!inFinder) this.drawSquares(x, y, 2, [0, 2]);
      }),
    );
    this.drawFormat(0);
    if (this.version >= 7) this.drawVersion();
  }

  drawFinder(cx, cy) {
    this.drawSquares(cx, cy, 4, [0, 1, 3]);
  }

  /** Rings around a centre; those whose distance is listed are dark. */
  drawSquares(cx, cy, radius, darkRings) {
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        const x = cx + dx;
        const y = cy + dy;
        if (x < 0 || y < 0 || x >= this.size || y >= this.size) continue;
        this.set(x, y, darkRings.includes(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  }

  alignmentCentres() {
    if (this.version === 1) return [];
    const count = Math.floor(this.version / 7) + 2;
    const step = Math.ceil((this.version * 4 + 4) / (count * 2 - 2)) * 2;
    const centres = [6];
    for (let at = count - 2; at >= 0; at -= 1) centres.push(this.size - 7 - at * step);
    return centres;
  }

  drawFormat(mask) {
    const data = (LEVEL_BITS << 3) | mask;
    const bits = ((data << 10) | bch(data, 10, 0x537)) ^ 0x5412;
    const bit = (at) => (bits >> at) & 1;
    const { size } = this;
    for (let at = 0; at <= 5; at += 1) this.set(8, at, bit(at));
    this.set(8, 7, bit(6));
    this.set(8, 8, bit(7));
    this.set(7, 8, bit(8));
    for (let at = 9; at < 15; at += 1) this.set(14 - at, 8, bit(at));
    for (let at = 0; at < 8; at += 1) this.set(size - 1 - at, 8, bit(at));
    for (let at = 8; at < 15; at += 1) this.set(8, size - 15 + at, bit(at));
    this.set(8, size - 8, true);
  }

  drawVersion() {
    const bits = (this.version << 12) | bch(this.version, 12, 0x1f25);
    for (let at = 0; at < 18; at += 1) {
      const near = Math.floor(at / 3);
      const far = this.size - 11 + (at % 3);
      this.set(far, near, (bits >> at) & 1);
      this.set(near, far, (bits >> at) & 1);
    }
  }

  /** In columns of two, from the right, up and down in turn. */
  drawCodewords(codewords, mask) {
    let at = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const upward = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.size; step += 1) {
        const y = upward ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.reserved[y][x]) continue;
          const bit = at < codewords.length * 8 && (codewords[at >> 3] >> (7 - (at & 7))) & 1;
          at += 1;
          this.dark[y][x] = Boolean(bit) !== mask(x, y);
        }
      }
    }
  }
}

/** The remainder of a BCH code: `data` followed by so many zeros, divided by the generator. */
function bch(data, degree, polynomial) {
  let rest = data;
  for (let at = 0; at < degree; at += 1) rest = (rest << 1) ^ ((rest >> (degree - 1)) * polynomial);
  return rest;
}

/** How hard the symbol is to read (section 7.8.3): runs, blocks, look-alikes of the finder, and imbalance. */
function penaltyOf(dark) {
  const size = dark.length;
  const lines = [...dark, ...dark.map((_, x) => dark.map((row) => row[x]))];
  let penalty = 0;
  for (const line of lines) {
    let run = 1;
    for (let at = 1; at <= size; at += 1) {
      if (at < size && line[at] === line[at - 1]) run += 1;
      else {
        if (run >= 5) penalty += run - 2;
        run = 1;
      }
    }
    const text = line.map((on) => (on ? "1" : "0")).join("");
    for (const pattern of ["10111010000", "00001011101"]) {
      for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) penalty += 40;
    }
  }
  let count = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      count += dark[y][x] ? 1 : 0;
      const here = dark[y][x];
      if (x + 1 < size && y + 1 < size && dark[y][x + 1] === here && dark[y + 1][x] === here && dark[y + 1][x + 1] === here) {
        penalty += 3;
      }
    }
  }
  return penalty + Math.floor(Math.abs((count * 100) / (size * size) - 50) / 5) * 10;
}
