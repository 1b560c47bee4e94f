/** What the page says, in the language in use. English is always there: at first, and where another one cannot be fetched. */

import english from "../words/en.js";
import { FALLBACK, LANGUAGES, localeOf, wantedLanguage } from "./language.js";

/** The addresses stand in the imports themselves, where the bundler finds them. */
const LOAD = {
  ar: () => import("../words/ar.js"),
  de: () => import("../words/de.js"),
  es: () => import("../words/es.js"),
  fr: () => import("../words/fr.js"),
  ja: () => import("../words/ja.js"),
  pt: () => import("../words/pt.js"),
};
const HOLE = /\{(\w+)\}/;
const HOLES = new RegExp(HOLE, "g");
/** Around what is put into a sentence that runs the other way: first strong isolate, pop directional isolate (UAX 9). */
const [FSI, PDI] = ["\u2068", "\u2069"];

let code = FALLBACK;
/** @type {Record<string, string | Record<string, string>>} */
let words = english;
let made = {};

/** Fetches and uses it, and tells the document. @param {keyof typeof LANGUAGES} wanted a code */
export async function useLanguage(wanted = wantedLanguage()) {
  const catalogue = wanted === FALLBACK ? english : await LOAD[wanted]().then((found) => found.default, () => english);
  speak(catalogue === english ? FALLBACK : wanted, catalogue);
  const { tag, dir } = LANGUAGES[code];
  Object.assign(document.documentElement, { lang: tag, dir });
  document.getElementById("announcer")?.setAttribute("aria-label", t("news"));
}

/** @param {string} next @param {Record<string, string | Record<string, string>>} catalogue */
export function speak(next, catalogue) {
  [code, words, made] = [next, catalogue, {}];
}

export const language = () => code;
export const isRightToLeft = () => LANGUAGES[code].dir === "rtl";

/** A formatter of this language, made once. */
const format = (name, make) => (made[name] ??= make(localeOf(code)));

/**
 * The words of a key. What has forms by number takes the one that `values.count` asks for.
 * @param {string} key @param {Record<string, string | number>} [values] for `{name}` in it
 */
export function t(key, values = {}) {
  return textOf(key, values).replace(HOLES, (_, name) => filled(values[name]));
}

/** As `t`, with elements in it. @param {Record<string, Node | string | number>} values @returns {(Node | string)[]} */
export function pieces(key, values) {
  return textOf(key, values).split(HOLE).map((part, at) => (at % 2 ? (values[part] instanceof Node ? values[part] : filled(values[part])) : part));
}

export const hasWords = (key) => key in words;

/** @param {string} key @param {Record<string, any>} values */
function textOf(key, { count }) {
  const found = words[key] ?? english[key];
  if (typeof found === "string") return found;
  return found[format("plural", (locale) => new Intl.PluralRules(locale)).select(count)] ?? found.other;
}

function filled(value) {
  if (typeof value === "number") return number(value);
  return isRightToLeft() ? `${FSI}${value}${PDI}` : String(value);
}

/** @param {number} [digits] behind the point, exactly */
export function number(value, digits) {
  const exactly = digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`number-${digits}`, (locale) => new Intl.NumberFormat(locale, { useGrouping: false, ...exactly })).format(value);
}

/** @param {string} name of this format @param {Intl.DateTimeFormatOptions} options */
export function dateWords(name, options, date) {
  return format(name, (locale) => new Intl.DateTimeFormat(locale, options)).format(date);
}

/** "Ada", "Ada and Ben", "Ada, Ben and Cleo" */
export function list(items) {
  // American English would have a comma before its "and".
  return format("list", (locale) => new Intl.ListFormat(code === FALLBACK ? "en-GB" : locale, { type: "conjunction" })).format(items);
}

/** One after the other, as this language writes them. */
export const sentences = (all) => all.filter(Boolean).join(code === "ja" ? "" : " ");

export const lower = (text) => text.toLocaleLowerCase(localeOf(code));
