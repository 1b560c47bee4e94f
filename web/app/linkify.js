/** Finds addresses in a text, so that they can be pressed. Pure: what comes of it is put on the page as text and `href`. */

/** More than these in one message stay text. */
const MAX_LINKS = 50;
const ADDRESS = /\bhttps?:\/\/[^\s<>"“”«»]+/giu;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…'’*_~]+$/u;
/** Marks that turn the direction of reading could show another address than the one that opens. */
const UNSEEN = /[\p{Cf}\p{Cc}\u2028\u2029]/u;

/** @param {string} text @returns {{text: string, href?: string}[]} whose texts together are the text */
export function linkParts(text) {
  const parts = [];
  let from = 0;
  let links = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = links < MAX_LINKS ? hrefOf(address) : null;
    if (!href) continue;
    links += 1;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** Without what closes a sentence or a bracket that was opened before the address. */
function trimmed(found) {
  let address = found;
  for (;;) {
    const shorter = address.replace(TRAILING, "");
    const unopened = /[)\]}]$/.test(shorter) && !isBalanced(shorter);
    if (shorter === address && !unopened) return address;
    address = unopened ? shorter.slice(0, -1) : shorter;
  }
}

function isBalanced(address) {
  const closing = address.at(-1);
  const opening = { ")": "(", "]": "[", "}": "{" }[closing];
  return address.split(opening).length >= address.split(closing).length;
}

/** The address to open; null where it is none, or would pass for another one than it is. */
function hrefOf(address) {
  if (UNSEEN.test(address)) return null;
  try {
    const url = new URL(address);
    // "https://bank.example@evil.example" leads to the second.
    if (url.username || url.password || !/^https?:$/.test(url.protocol)) return null;
    return url.href;
  } catch {
    return null;
  }
}
