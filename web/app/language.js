/** Which language the page speaks: the one that was chosen in this browser, else the first of the browser's that there is. */

import { prefs } from "./prefs.js";

/** code → its own name, its tag (BCP 47) and direction. What it says is in `web/words/CODE.js`. */
export const LANGUAGES = {
  en: { name: "English", tag: "en", dir: "ltr" },
  es: { name: "Español", tag: "es", dir: "ltr" },
  pt: { name: "Português", tag: "pt-BR", dir: "ltr" },
  fr: { name: "Français", tag: "fr", dir: "ltr" },
  de: { name: "Deutsch", tag: "de", dir: "ltr" },
  ja: { name: "日本語", tag: "ja", dir: "ltr" },
  ar: { name: "العربية", tag: "ar", dir: "rtl" },
};
export const FALLBACK = "en";

const baseOf = (tag) => tag.toLowerCase().split("-")[0];
const ofBrowser = () => globalThis.navigator?.languages ?? [];

/** @param {string} [chosen] a code, or "" for what the browser says @param {readonly string[]} [tags] the browser's, best first */
export function wantedLanguage(chosen = prefs().language, tags = ofBrowser()) {
  return [chosen, ...tags.map(baseOf)].find((code) => Object.hasOwn(LANGUAGES, code)) ?? FALLBACK;
}

/** How dates, numbers and lists are written: as in the browser's own country where it speaks this language. */
export function localeOf(code, tags = ofBrowser()) {
  const tag = tags.find((each) => baseOf(each) === code) ?? LANGUAGES[code].tag;
  // One set of digits on a page: links, codes and sizes of pictures have these.
  return new Intl.Locale(tag, { numberingSystem: "latn" }).toString();
}
