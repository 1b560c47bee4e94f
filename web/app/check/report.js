/** The report as plain text, to be pasted into a message to whoever helps. It names no address, no device and no secret. */

import { t } from "../words.js";

const MARKS = { good: "ok", unsure: "??", bad: "NO", open: "--" };

/**
 * @param {{when: string, browser: string, rows: {label: string, state: string, words: string}[]}} seen `when`: ISO 8601
 */
export function reportOf({ when, browser, rows }) {
  const width = Math.max(...rows.map(({ label }) => label.length));
  return [
    t("check.reportHead", { when }),
    t("check.reportBrowser", { browser }),
    "",
    ...rows.map(({ label, state, words }) => `[${MARKS[state] ?? MARKS.open}] ${label.padEnd(width)}  ${words}`),
    "",
  ].join("\n");
}

/** All in one sentence, for the heading of the results. @param {{state: string, essential?: boolean}[]} rows */
export function verdictOf(rows) {
  if (rows.some(({ state, essential }) => state === "bad" && essential)) return t("check.verdictBad");
  if (rows.some(({ state }) => state === "bad")) return t("check.verdictUnsure");
  return t("check.verdictGood");
}
