import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../core/connection.js";
import { Entry } from "../core/entry.js";

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

test("a join token is asked for anew at each join, and not by who comes back", async () => {
  const sent = [];
  const credentials = { token: async () => `token ${sent.length}` };
  const entry = new Entry({
    credentials,
    request: async (event, fields, { answered }) => {
      sent.push(fields.token);
      answered({});
    },
    fields: async () => ({}),
    lastSeq: () => 0,
    entered: () => {},
    online: () => true,
    keyFits: async () => {},
    joining: () => {},
  });
  await entry.enter();
  await entry.enter();
  credentials.seat = { participantId: "p", resumeToken: "t" };
  await entry.enter();
  assert.deepEqual(sent, ["token 0", "token 1", undefined]);
});

test("a site that gives no join token keeps its visitor out, and says so", async () => {
  const refused = [];
  const entry = new Entry({
    credentials: { token: () => Promise.reject(new Error("who are you?")) },
    request: () => assert.fail("nothing is sent"),
    fields: async () => ({}),
    lastSeq: () => 0,
    online: () => true,
    keyFits: async () => {},
    refused: (error) => refused.push(error.code),
  });
  await entry.enter();
  assert.deepEqual(refused, ["UNAUTHORIZED"]);
});

test("a join that was begun on an earlier connection, and answered on this one, is not asked for twice", async () => {
  const asked = [];
  let begin;
  const entry = new Entry({
    credentials: { seat: { participantId: "p", resumeToken: "t", epoch: "e" } },
    request: async (event, fields, { answered }) => (asked.push(event), answered({ seq: 1 })),
    fields: () => (begin ? Promise.resolve({}) : new Promise((resolve) => (begin = () => resolve({})))),
    lastSeq: () => 7,
    entered: () => {},
    online: () => true,
    keyFits: async () => {},
  });
  const first = entry.enter();
  await new Promise((resolve) => setImmediate(resolve));
  entry.offline();
  entry.enter();
  begin();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, ["join-room"]);
});
