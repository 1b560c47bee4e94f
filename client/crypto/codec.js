/**
 * Two ways to write bytes as text: base64url (RFC 4648, section 5) for keys, and base16384 for ciphertext.
 *
 * The wire counts characters (64 for a name, 10,000 for a message), so ciphertext is written 14 bits to a character, with
 * U+4E00 to U+8DFF as digits: assigned, not combining, unchanged by Unicode normalization, one UTF-16 unit each.
 */

const FIRST_DIGIT = 0x4e00;
const DIGIT_BITS = 14;
const DIGITS = 1 << DIGIT_BITS;

/** @param {Uint8Array} bytes */
export function toBase64Url(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} Throws `TypeError` where the text is not base64url. */
export function fromBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** How many characters `toBase16384` makes of so many bytes: one for the length's remainder, then 14 bits each. */
export const base16384Length = (byteCount) => 1 + Math.ceil((byteCount * 8) / DIGIT_BITS);

/** @param {Uint8Array} bytes */
export function toBase16384(bytes) {
  // The first digit says how many bytes the text stands for, modulo 7: 7 bytes are exactly 4 digits.
  const digits = [bytes.length % 7];
  let buffer = 0;
  let held = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    held += 8;
    if (held >= DIGIT_BITS) {
      held -= DIGIT_BITS;
      digits.push((buffer >> held) & (DIGITS - 1));
      buffer &= (1 << held) - 1;
    }
  }
  if (held > 0) digits.push((buffer << (DIGIT_BITS - held)) & (DIGITS - 1));
  return digits.map((digit) => String.fromCharCode(FIRST_DIGIT + digit)).join("");
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} Throws `TypeError` where the text was not made by `toBase16384`. */
export function fromBase16384(text) {
  const digits = Array.from(text, (char) => char.codePointAt(0) - FIRST_DIGIT);
  if (digits.length === 0 || digits.some((digit) => digit < 0 || digit >= DIGITS)) {
    throw new TypeError("not base16384");
  }
  const capacity = Math.floor(((digits.length - 1) * DIGIT_BITS) / 8);
  const surplus = (((capacity - digits[0]) % 7) + 7) % 7;
  const bytes = new Uint8Array(Math.max(0, capacity - surplus));
  if (base16384Length(bytes.length) !== digits.length) throw new TypeError("not base16384");
  let buffer = 0;
  let held = 0;
  let at = 0;
  for (const digit of digits.slice(1)) {
    buffer = (buffer << DIGIT_BITS) | digit;
    held += DIGIT_BITS;
    while (held >= 8 && at < bytes.length) {
      held -= 8;
      bytes[at++] = (buffer >> held) & 0xff;
      buffer &= (1 << held) - 1;
    }
  }
  return bytes;
}
