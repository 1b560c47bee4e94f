/** The client's emoji, with names in the language in use: `emoji.names.GROUP` of its words has them in the client's order. */

import { hasWords, t } from "./words.js";

/** @param {readonly {emoji: string, name: string, group: string}[]} emojis */
export function namedEmoji(emojis) {
  const names = new Map();
  return emojis.map((entry) => {
    const key = `emoji.names.${entry.group}`;
    if (!hasWords(key)) return entry;
    if (!names.has(key)) names.set(key, t(key).split("|"));
    return { ...entry, name: names.get(key).shift() };
  });
}
