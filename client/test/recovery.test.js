import assert from "node:assert/strict";
import { test } from "node:test";

import { Recovery } from "../call/recovery.js";

const SECOND_MS = 1_000;

/** A recovery on a clock of the test's own, with what it does and says. */
function patient(t, { polite = false } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const done = [];
  const said = [];
  let state = "connecting";
  let now = 0;
  let packets = 0;
  const port = {
    polite,
    state: () => state,
    become(next) {
      if (next !== state) said.push(next);
      state = next;
    },
    restart: () => done.push("restart"),
    open() {
      done.push("open");
      state = "connecting";
      recovery.begun();
    },
    now: () => now,
  };
  const recovery = new Recovery(port);
  recovery.begun();
  return {
    recovery,
    done,
    said,
    get state() {
      return state;
    },
    /** So many seconds, with a look in each; `flows`: something comes in. */
    pass(seconds, { flows = false, expected = true } = {}) {
      for (let second = 0; second < seconds; second += 1) {
        now += SECOND_MS;
        t.mock.timers.tick(SECOND_MS);
        if (flows) packets += 50;
        recovery.look({ packets, expected });
      }
    },
    sleep(seconds) {
      now += seconds * SECOND_MS;
    },
  };
}

/** One that was connected, and something came in. */
function well(t, options) {
  const seen = patient(t, options);
  seen.recovery.connected();
  seen.pass(5, { flows: true });
  assert.equal(seen.state, "connected");
  seen.said.length = 0;
  return seen;
}

test("an offer without a connection is made anew after ten seconds", (t) => {
  const seen = patient(t);
  seen.pass(9);
  assert.deepEqual(seen.done, []);
  seen.pass(1);
  assert.deepEqual(seen.done, ["open"]);
});

test("the polite side leaves that to the other one for a while", (t) => {
  const seen = patient(t, { polite: true });
  seen.pass(12);
  assert.deepEqual(seen.done, []);
  seen.pass(1);
  assert.deepEqual(seen.done, ["open"]);
});

test("nothing comes in although the browser says that it is connected: an ICE restart, then a new session", (t) => {
  const seen = well(t);
  seen.pass(4);
  assert.deepEqual([seen.said, seen.done], [["reconnecting"], []]);
  seen.pass(1);
  assert.deepEqual(seen.done, ["restart"]);
  seen.pass(4);
  assert.deepEqual(seen.done, ["restart", "open"]);
});

test("somebody whose microphone and camera are off sends nothing, and nothing is wrong", (t) => {
  const seen = well(t);
  seen.pass(60, { expected: false });
  assert.deepEqual([seen.said, seen.done], [[], []]);
});

test("a page that slept has missed nothing", (t) => {
  const seen = well(t);
  seen.sleep(600);
  seen.pass(3);
  assert.deepEqual([seen.said, seen.done], [[], []]);
});

test("what comes in shows that a connection is alive of which the browser says otherwise", (t) => {
  const seen = well(t);
  seen.recovery.lost("disconnected");
  seen.pass(1, { flows: true });
  seen.pass(1);
  assert.equal(seen.state, "reconnecting", "something was still on its way");
  seen.pass(2, { flows: true });
  assert.equal(seen.state, "connected");
});

test("after a restart in vain, what is connected again and stays silent is made anew within seconds", (t) => {
  const seen = well(t);
  seen.recovery.lost("disconnected");
  seen.pass(8);
  assert.ok(seen.done.includes("restart"));
  seen.done.length = 0;
  seen.recovery.connected();
  assert.equal(seen.state, "reconnecting", "nothing has come in yet");
  seen.pass(4);
  assert.deepEqual(seen.done, ["open"]);
});

test("connected again, and it shows", (t) => {
  const seen = well(t);
  seen.recovery.lost("disconnected");
  seen.pass(3);
  seen.recovery.connected();
  seen.pass(1, { flows: true });
  assert.equal(seen.state, "connected");
  seen.pass(20, { flows: true });
  assert.deepEqual(seen.done, []);
});

test("connected → connecting, and it stays so: a restart, then a new session", (t) => {
  const seen = well(t);
  seen.recovery.lost("connecting");
  seen.pass(3, { expected: false });
  assert.deepEqual([seen.said, seen.done], [[], []]);
  seen.pass(2, { expected: false });
  assert.deepEqual([seen.said, seen.done], [["reconnecting"], ["restart"]]);
  seen.pass(10, { expected: false });
  assert.deepEqual(seen.done, ["restart", "open"]);
});

test("a device that gives nothing is repaired no more than three times", (t) => {
  const seen = well(t);
  for (let round = 0; round < 20; round += 1) {
    seen.pass(6);
    if (seen.state === "connecting") seen.recovery.connected();
  }
  assert.equal(seen.done.filter((step) => step === "open").length, 3);
  assert.equal(seen.state, "connected");
  seen.pass(3, { flows: true });
  seen.pass(12);
  assert.equal(seen.done.filter((step) => step === "open").length, 4, "what came in once may be missed again");
});
