import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../connection.js";
import { Entry } from "../entry.js";

for (const seat of [undefined, { participantId: "p", resumeToken: "t", epoch: "e" }]) {
  test(`a room asks for its picture once, ${seat ? "coming back" : "as a newcomer"}`, async () => {
    const asked = [];
    const entered = [];
    const entry = new Entry({
      credentials: { seat },
      request: async (event, fields, { answered }) => {
        asked.push([event, fields.snapshot, Boolean(fields.resume)]);
        answered({ seq: 1 });
        return { seq: 1 };
      },
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

test("the picture is taken before whatever came right behind it", async () => {
  const heard = [];
  const socket = { connected: true, on: () => {}, onAny: (listener) => (socket.hear = listener), connect: () => {}, disconnect: () => {} };
  // Both in one piece, as from polling: nothing runs between them but what is called at once.
  socket.timeout = () => ({ emit: (event, payload, answer) => (answer(null, { ok: true, data: { seq: 1 } }), socket.hear("user-joined", { seq: 2 })) });
  const onEvent = (event) => heard.push(event);
  const connection = new Connection(() => socket, "http://localhost", { onOnline: () => {}, onOffline: () => {}, onEvent });
  const entry = new Entry({
    credentials: {},
    request: (...request) => connection.request(...request),
    fields: async () => ({}),
    lastSeq: () => 0,
    entered: () => heard.push("the picture"),
    online: () => true,
    keyFits: async () => {},
    joining: () => {},
  });
  await entry.enter();
  assert.deepEqual(heard, ["the picture", "user-joined"]);
});
