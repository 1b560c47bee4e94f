// Who has the floor, by how loud everybody is four times a second.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Speaker } from "../../../web/app/speaker.js";

const STEP_MS = 250;

/** `ada: "1110"`: loud in the first three steps. @returns who had the floor after each step */
function listen(voices) {
  const speaker = new Speaker();
  const steps = Math.max(...Object.values(voices).map((voice) => voice.length));
  return Array.from({ length: steps }, (_, step) => {
    const here = Object.entries(voices).filter(([, voice]) => step < voice.length && voice[step] !== " ");
    speaker.heard(here.map(([id, voice]) => [id, voice[step] === "1" ? 0.3 : 0]), step * STEP_MS);
    return speaker.current;
  });
}

test("whoever speaks for a while has the floor, a cough does not", () => {
  assert.deepEqual(listen({ ada: "01100", ben: "00000" }), [null, null, null, null, null]);
  assert.deepEqual(listen({ ada: "01111", ben: "00000" }), [null, null, null, null, "ada"]);
});

test("a beep in every second is no speech", () => {
  assert.ok(listen({ ada: "1000".repeat(8) }).every((id) => id === null));
});

test("who has the floor keeps it while somebody speaks at the same time, and for a moment of silence", () => {
  const seen = listen({ ada: "1111111100000000000", ben: "0001111111111111111" });
  assert.equal(seen[7], "ada");
  assert.equal(seen[12], "ada");
  assert.equal(seen.at(-1), "ben");
});

test("silence changes nothing, and whoever is gone has no floor", () => {
  assert.equal(listen({ ada: "1111100000000000", ben: "0000000000000000" }).at(-1), "ada");
  assert.equal(listen({ ada: "11111   ", ben: "00000000" }).at(-1), null);
});
