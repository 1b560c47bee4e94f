/** Polls of encrypted rooms: question and options are sealed one by one, and bound to each other. */

import { newId } from "../core/entry.js";

/**
 * @param {any} keyring @param {string} author participant id
 * @param {{question: string, options: string[], multiple?: boolean, anonymous?: boolean}} poll
 * @param {string} name the author's
 */
export async function sealPoll(keyring, author, { question, options, multiple, anonymous }, name) {
  const id = newId();
  const rules = { count: options.length, multiple: Boolean(multiple), anonymous: Boolean(anonymous) };
  return {
    question: await keyring.sealJson("question", author, { id, name, text: question, ...rules }),
    options: await Promise.all(options.map((text, at) => keyring.sealJson("option", author, { id, at, text }))),
    encrypted: true,
  };
}

/**
 * Throws where it was not sealed by its author, or is not as that one made it: a server can neither exchange options, nor
 * show as anonymous what is not.
 * @returns {Promise<{question: string, options: string[], authorName: string}>}
 */
export async function openPoll(keyring, { author, question, options, multiple, anonymous }) {
  const asked = await keyring.openJson("question", author, question);
  const choices = await Promise.all(options.map((option) => keyring.openJson("option", author, option)));
  const fits = choices.every((choice, at) => choice.id === asked.id && choice.at === at && typeof choice.text === "string");
  const sameRules = asked.count === options.length && asked.multiple === multiple && asked.anonymous === anonymous;
  if (!fits || !sameRules || typeof asked.text !== "string") throw new TypeError("not the poll that its author made");
  return { question: asked.text, options: choices.map(({ text }) => text), authorName: String(asked.name ?? "") };
}
