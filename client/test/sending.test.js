import assert from "node:assert/strict";
import { test } from "node:test";
import { FileWork } from "../files/file-work.js";
import { MessageList } from "../messages/messages.js";
import { Emitter } from "../core/store.js";

const ascii = (words) => [...words].map((char) => char.charCodeAt(0));
const SECRET = "48.2082N16.3738E";
const comment = [0xff, 0xfe, 0, SECRET.length + 2, ...ascii(SECRET)];
const PICTURE = Uint8Array.from([0xff, 0xd8, ...comment, 0xff, 0xdb, 0, 4, 1, 2, 0xff, 0xd9]);
const CLEAN = Uint8Array.from([...PICTURE.slice(0, 2), ...PICTURE.slice(2 + comment.length)]);

/** What sends files, in front of a server that answers when it is told to. */
function workOf(context, { answers = Promise.resolve() } = {}) {
  const [list, sent, told] = [new MessageList(), [], {}];
  const store = { getSnapshot: () => ({ status: "joined", limits: {}, participants: [] }), subscribe: () => () => {}, update: () => {} };
  const outbox = { ready: (key, patch) => told.done({ key, ...patch }), fail: (key, error) => told.done({ key, error }) };
  const parts = { list, store, outbox, emitter: new Emitter(), roomId: "room", server: "http://127.0.0.1:9", token: () => "token", keyring: () => null };
  const work = new FileWork({ ...parts, changed: () => {}, erased: () => {}, directPeer: () => null });
  const done = new Promise((resolve) => (told.done = resolve));
  const real = globalThis.fetch;
  globalThis.fetch = async (url, { body, signal }) => {
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    await Promise.race([answers, new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))]);
    sent.push(bytes);
    return Response.json({ fileId: "f", bytes: bytes.length }, { status: 201 });
  };
  context.after(() => (globalThis.fetch = real));
  const send = (key, file, more = {}) => {
    const attachments = [{ name: "a.jpg", type: file.type, size: file.size }];
    list.add({ key, text: "", own: true, state: "sending", attachments, upload: { sent: 0, total: file.size } });
    work.send(key, file, more);
  };
  return { work, list, sent, done, send };
}

const picture = () => new Blob([PICTURE], { type: "image/jpeg" });

test("a picture goes without what it tells, under any name, and its message says how long it is", async (context) => {
  for (const type of ["image/jpeg", "application/octet-stream"]) {
    const { sent, send, done } = workOf(context);
    send("k", new Blob([PICTURE], { type }));
    assert.equal((await done).attachments[0].size, CLEAN.length);
    assert.deepEqual(sent, [CLEAN]);
  }
});

test("whoever wants a picture to keep what it tells says so", async (context) => {
  const { sent, send, done } = workOf(context);
  send("k", picture(), { keepMetadata: true });
  assert.equal((await done).attachments[0].size, PICTURE.length);
  assert.deepEqual(sent, [PICTURE]);
});

/** A window that only knows who wants to be asked before it closes. */
function windowOf(context) {
  const asked = new Set();
  const of = (change) => (name, listener) => name === "beforeunload" && asked[change](listener);
  globalThis.window = { addEventListener: of("add"), removeEventListener: of("delete") };
  context.after(() => delete globalThis.window);
  return asked;
}

test("while files are on their way the browser asks before the page is closed, and then no more", async (context) => {
  const asked = windowOf(context);
  let answer;
  const { work, send, done } = workOf(context, { answers: new Promise((resolve) => (answer = resolve)) });
  send("quiet", picture(), { leaveWarning: false });
  assert.equal(asked.size, 0);
  send("one", picture());
  send("two", picture());
  assert.equal(asked.size, 1);
  let prevented = 0;
  for (const listener of asked) listener({ preventDefault: () => (prevented += 1) });
  assert.equal(prevented, 1);
  work.cancel("one");
  assert.equal(asked.size, 1, "the other one is still on its way");
  answer();
  await done;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(asked.size, 0);
});

test("whoever takes a file back, or leaves, is not asked", async (context) => {
  const asked = windowOf(context);
  const { work, send } = workOf(context, { answers: new Promise(() => {}) });
  send("one", picture());
  work.cancel("one");
  assert.equal(asked.size, 0);
  send("two", picture());
  work.stop();
  assert.equal(asked.size, 0);
});
