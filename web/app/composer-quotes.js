/** What was quoted into the field: it is taken out again where its message is gone, or says something else now. */

export class Quotes {
  /** By message: what it said, and the lines that it was put into the field as. @type {Map<string, {text: string, lines: string}>} */
  #quoted = new Map();

  /** @returns {string} the lines for the field */
  add({ key, text }) {
    const lines = `${text.split("\n").map((line) => `> ${line}`).join("\n")}\n`;
    this.#quoted.set(key, { text, lines });
    return lines;
  }

  /** @param {readonly any[]} messages as they are now @returns {string[]} the lines that are no more true; each once */
  stale(messages) {
    const gone = [...this.#quoted].filter(([key, { text }]) => messages.find((message) => message.key === key)?.text !== text);
    for (const [key] of gone) this.#quoted.delete(key);
    return gone.map(([, { lines }]) => lines);
  }

  clear() {
    this.#quoted.clear();
  }
}

/** A text without these lines. What somebody has changed of them is their own. */
export const without = (text, lines) => text.split(lines).join("");
