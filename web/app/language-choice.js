/** The list of languages on the pages outside of a room. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { LANGUAGES } from "./language.js";
import { setPrefs } from "./prefs.js";
import { language, t, useLanguage } from "./words.js";

/** The choice is kept in this browser, and the view shown anew. */
export function languageChoice() {
  const select = h(
    "select",
    { "aria-label": t("language"), title: t("language"), onchange: () => choose(select.value) },
    Object.entries(LANGUAGES).map(([code, { name, tag }]) => h("option", { value: code, lang: tag, selected: code === language() }, name)),
  );
  return h("label", { class: "language" }, icon("globe", 18), select);
}

async function choose(code) {
  setPrefs({ language: code });
  await useLanguage(code);
  // The page shows what its address says, as after a step back.
  dispatchEvent(new PopStateEvent("popstate"));
  /** @type {HTMLElement | null} */ (document.querySelector(".language select"))?.focus();
}
