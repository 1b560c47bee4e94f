// The report of `/check`, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reportOf, verdictOf } from "../../../web/app/check/report.js";

const ROWS = [
  { label: "Browser", state: "good", words: "Has what it takes.", essential: true },
  { label: "TURN over UDP", state: "bad", words: "Gives no relay." },
  { label: "Camera", state: "open", words: "Not tried yet." },
];

test("a line for each, in columns", () => {
  assert.equal(
    reportOf({ when: "2026-11-29T12:00:00.000Z", browser: "Some browser", rows: ROWS }),
    [
      "Mayfly check, 2026-11-29T12:00:00.000Z",
      "Browser: Some browser",
      "",
      "[ok] Browser        Has what it takes.",
      "[NO] TURN over UDP  Gives no relay.",
      "[--] Camera         Not tried yet.",
      "",
    ].join("\n"),
  );
});

test("the verdict is the worst of what was tried; what was not tried says nothing", () => {
  const [browser, turn, camera] = ROWS;
  assert.equal(verdictOf([browser, camera]), "Everything that could be tried works.");
  assert.match(verdictOf(ROWS), /^Calls should work/);
  assert.match(verdictOf([{ ...browser, state: "bad" }, turn]), /^Something that a call needs/);
});
