import assert from "node:assert/strict";
import { test } from "node:test";

import { Typist } from "../messages/typist.js";

const HOUR_MS = 3_600_000;
const AGAIN_MS = 3_100;

/** What a typist tells while somebody goes on typing, and the wall clock is set in between. */
function told(t, stepMs) {
  let now = 1_000;
  t.mock.method(performance, "now", () => now);
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 2 * HOUR_MS });
  const said = [];
  const typist = new Typist((isTyping) => said.push(isTyping));
  typist.set(true);
  t.mock.timers.setTime(2 * HOUR_MS + stepMs);
  typist.set(true);
  now += AGAIN_MS;
  typist.set(true);
  typist.set(false);
  typist.set(false);
  return said;
}

test("typing is told again every three seconds and ended once, also when the clock was set back", (t) => {
  assert.deepEqual(told(t, -HOUR_MS), [true, true, false]);
});

test("a clock that is set forward makes nobody repeat it early", (t) => {
  assert.deepEqual(told(t, 1_000), [true, true, false]);
});
