// What the page says: all of it in every language, in all the forms that the language has, and none of it in the code.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { EMOJI } from "../../../client/messages/emoji.js";
import { transformSync } from "../../../web/node_modules/esbuild/lib/main.js";
import { errorWords } from "../../../web/app/error-words.js";
import { remaining } from "../../../web/app/format.js";
import { namedEmoji } from "../../../web/app/emoji-names.js";
import { sizeWords } from "../../../web/app/file-words.js";
import { LANGUAGES, localeOf, wantedLanguage } from "../../../web/app/language.js";
import { list, number, speak, t } from "../../../web/app/words.js";

const WEB = fileURLToPath(new URL("../../../web/", import.meta.url));
const read = (path) => readFileSync(`${WEB}${path}`, "utf8");
const CATALOGUES = Object.fromEntries(await Promise.all(Object.keys(LANGUAGES).map(async (code) => [code, (await import(`${WEB}words/${code}.js`)).default])));
const { en: ENGLISH, ...OTHERS } = CATALOGUES;
/** A count on this page is that of people, messages or files; none comes near. */
const MOST_COUNTED = 10_000;
const NAMES = "emoji.names.";

const formsOf = (said) => (typeof said === "string" ? { "": said } : said);
const holesOf = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

function inLanguage(code, body) {
  speak(code, CATALOGUES[code]);
  try {
    body();
  } finally {
    speak("en", ENGLISH);
  }
}

test("there is one file of words for each language, and no other", () => {
  assert.deepEqual(readdirSync(`${WEB}words`).sort(), Object.keys(LANGUAGES).map((code) => `${code}.js`).sort());
});

for (const [code, words] of Object.entries(OTHERS)) {
  test(`${code} says all that English says, in the same order`, () => {
    assert.deepEqual(Object.keys(words).filter((key) => !key.startsWith(NAMES)), Object.keys(ENGLISH));
  });

  test(`${code} fills in what English fills in`, () => {
    for (const [key, said] of Object.entries(words)) {
      if (key.startsWith(NAMES)) continue;
      const english = formsOf(ENGLISH[key]);
      assert.equal(typeof said, typeof ENGLISH[key], key);
      const wanted = new Set(Object.values(english).flatMap(holesOf));
      for (const text of Object.values(formsOf(said))) {
        assert.notEqual(text.trim(), "", key);
        // "One person" needs no numeral; everything else does.
        const missing = [...wanted].filter((name) => name !== "count" && !holesOf(text).includes(name));
        assert.deepEqual([missing, holesOf(text).filter((name) => !wanted.has(name))], [[], []], `${key}: ${text}`);
      }
      const other = formsOf(said).other;
      if (other) assert.equal(holesOf(other).includes("count"), holesOf(english.other).includes("count"), key);
    }
  });

  test(`${code} names each emoji`, () => {
    for (const group of new Set(EMOJI.map((entry) => entry.group))) {
      const names = words[NAMES + group].split("|");
      assert.equal(names.length, EMOJI.filter((entry) => entry.group === group).length, group);
      assert.ok(names.every((name) => name.trim() === name && name), group);
    }
    inLanguage(code, () => assert.equal(new Set(namedEmoji(EMOJI).map(({ name }) => name)).size, EMOJI.length, "no two of the same name"));
  });
}

for (const [code, words] of Object.entries(CATALOGUES)) {
  test(`${code} has just the forms by number that its grammar has`, () => {
    const rules = new Intl.PluralRules(code);
    const wanted = [...new Set(Array.from({ length: MOST_COUNTED + 1 }, (_, count) => rules.select(count)))].sort();
    for (const [key, said] of Object.entries(words)) if (typeof said !== "string") assert.deepEqual(Object.keys(said).sort(), wanted, key);
  });
}

/** All scripts of the page as one runs them: without comments. */
const SCRIPTS = readdirSync(`${WEB}app`, { recursive: true }).filter((name) => name.endsWith(".js")).map((name) => [name, transformSync(read(`app/${name}`), { charset: "utf8", minifyWhitespace: true }).code]);

test("each key that the page asks for is there, and each that is there is asked for", () => {
  const asked = new Set();
  const begun = new Set(["lost."]);
  for (const [name, code] of SCRIPTS) {
    for (const [, key] of code.matchAll(/"([\w.-]+)"/g)) if (key in ENGLISH) asked.add(key);
    for (const [, key] of code.matchAll(/\b(?:t|pieces)\("([^"]+)"/g)) assert.ok(key in ENGLISH, `${name}: ${key}`);
    for (const [, start] of code.matchAll(/\b(?:t|hasWords)\(`([\w.-]+)\$\{/g)) begun.add(start);
  }
  for (const start of begun) assert.ok(Object.keys({ ...ENGLISH, [NAMES]: "" }).some((key) => key.startsWith(start)), start);
  assert.deepEqual(Object.keys(ENGLISH).filter((key) => !asked.has(key) && ![...begun].some((start) => key.startsWith(start))), []);
});

/** Names of the trade, of keys and of things in the browser: nobody is shown these, or they are the same everywhere. */
const NO_WORDS = new Set(
  ("Mayfly|Guest|Often|Files|NotAllowedError|AbortError|Byte|Check|Enter|Escape|ArrowUp|ArrowDown|ArrowLeft|ArrowRight|Home|End|Delete|ContextMenu|Key|Both|Camera|Microphone|" +
    "English|Español|Português|Français|Deutsch|make install|icon-button send|icon-button quiet tool|noopener noreferrer nofollow ugc").split("|"),
);

/** What people would read as words: it begins with a capital letter, or ends as a sentence does, or has words side by side. */
function isSaid(text, before) {
  const words = text.replace(/\$\{[^}]*\}/g, "§").trim();
  if (NO_WORDS.has(words) || /^\.|[{}[\]<>=@#/&]/.test(words)) return false;
  if (/^\p{Lu}\p{Ll}+(?![\w-]*[A-Z:])/u.test(words)) return true;
  if (/\p{L}{2,}(\.|…)$/u.test(words)) return !/^[a-z]+\.$/.test(words);
  return /\p{Ll}{2,} \p{Ll}{2,}/u.test(words) && !/class(Name)?[:=]([^,]*[?:])?$/.test(before);
}

test("no words for people are left in the code", () => {
  const found = [];
  for (const [name, code] of SCRIPTS) {
    for (const { 0: literal, index } of code.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)) {
      const before = code.slice(Math.max(0, index - 60), index);
      if (/from$|import\(?$/.test(before)) continue;
      if (isSaid(literal.slice(1, -1), before)) found.push(`${name}: ${literal.slice(0, 80)}`);
    }
  }
  assert.deepEqual(found, []);
});

test("the page of an address that leads nowhere says in English what the words say", () => {
  const page = read("404.html");
  for (const key of ["lost.title", "makeRoom"]) assert.ok(page.includes(`>${ENGLISH[key]}<`), key);
  assert.ok(page.includes(ENGLISH["lost.more"].replace("{path}", "<code>/r/</code>")));
});

test("the language is the one that was chosen, else the first of the browser's that there is, else English", () => {
  assert.equal(wantedLanguage("", ["nl-NL", "pt-PT", "de"]), "pt");
  assert.equal(wantedLanguage("ja", ["de-AT"]), "ja");
  assert.equal(wantedLanguage("klingon", ["de-AT"]), "de");
  assert.equal(wantedLanguage("", ["toString", "nl"]), "en");
  assert.equal(localeOf("de", ["fr", "de-AT"]), "de-AT-u-nu-latn");
  assert.equal(localeOf("pt", ["fr"]), "pt-BR-u-nu-latn");
});

test("numbers take the form that the language asks for", () => {
  assert.equal(t("persons", { count: 1 }), "1 person");
  assert.equal(t("persons", { count: 1_000 }), "1000 people");
  inLanguage("ar", () => {
    const said = [0, 1, 2, 5, 11, 100].map((count) => t("persons", { count }));
    assert.deepEqual(said, ["لا أحد", "شخص واحد", "شخصان", "5 أشخاص", "11 شخصًا", "100 شخص"]);
  });
  inLanguage("ja", () => assert.equal(t("persons", { count: 1 }), "1人"));
});

test("lists, decimals and times are written as the language writes them", () => {
  assert.deepEqual([list(["Ada", "Ben", "Cleo"]), sizeWords(1_234_567), remaining(3 * 3_600_000)], ["Ada, Ben and Cleo", "1.2 MB", "3 h 0 min"]);
  inLanguage("de", () => assert.deepEqual([list(["Ada", "Ben", "Cleo"]), sizeWords(1_234_567), number(0.5, 1)], ["Ada, Ben und Cleo", "1,2 MB", "0,5"]));
  inLanguage("ja", () => assert.equal(remaining(3 * 3_600_000), "3時間0分"));
});

test("a name that runs the other way leaves the sentence around it in order", () => {
  inLanguage("ar", () => assert.equal(t("news.came", { name: "Ben" }), "دخل \u2068Ben\u2069"));
  assert.equal(t("news.came", { name: "Ben" }), "Ben came in");
});

test("what a server refuses is said in English as the server says it, elsewhere by its code", () => {
  const refused = { code: "RATE_LIMITED", message: "Too many requests, at most 50 a second." };
  assert.equal(errorWords(refused), refused.message);
  assert.equal(errorWords({ code: "RATE_LIMITED" }), "Too many requests.");
  inLanguage("de", () => assert.deepEqual([errorWords(refused), errorWords({ code: "NEW", message: "What?" })], ["Zu viele Anfragen.", "Das hat nicht geklappt."]));
});

test("a key that a language has not is said in English", () => {
  speak("de", {});
  try {
    assert.equal(t("close"), "Close");
  } finally {
    speak("en", ENGLISH);
  }
});
