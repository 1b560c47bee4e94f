import assert from "node:assert/strict";
import { test } from "node:test";
import { Entry } from "../entry.js";

for (const seat of [undefined, { participantId: "p", resumeToken: "t", epoch: "e" }]) {
  test(`a room asks for its picture once, ${seat ? "coming back" : "as a newcomer"}`, async () => {
    const asked = [];
    const entered = [];
    const entry = new Entry({
      credentials: { seat },
      request: async (event, fields) => (asked.push([event, fields.snapshot, Boolean(fields.resume)]), { seq: 1 }),
      fields: async () => ({ name: "Ada" }),
      lastSeq: () => 7,
      entered: (data) => entered.push(data),
      online: () => true,
      keyFits: async () => {},
      joining: () => {},
      refused: (error) => {
        throw error;
      },
    });
    await entry.enter();
    assert.deepEqual(asked, [["join-room", "ack", Boolean(seat)]]);
    assert.deepEqual(entered, [{ seq: 1 }]);
  });
}
