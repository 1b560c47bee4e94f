/** The page of an address that leads nowhere, in the language of the browser. It stands there in English. */

import { LANGUAGES, wantedLanguage } from "./language.js";

const code = wantedLanguage();
if (code !== "en") translate();

async function translate() {
  // With it comes all that is said; who is lost in English needs nothing of that.
  const { pieces, t, useLanguage } = await import("./words.js");
  await useLanguage(code);
  const { tag } = LANGUAGES[code];
  if (document.documentElement.lang !== tag) return;
  const [heading, text, link] = ["h1", ".lost p", ".lost a"].map((place) => document.querySelector(place));
  heading.textContent = t("lost.title");
  document.title = `${t("lost.title")} · Mayfly`;
  text.replaceChildren(...pieces("lost.more", { path: text.querySelector("code") }));
  link.textContent = t("makeRoom");
}
