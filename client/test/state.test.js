import assert from "node:assert/strict";
import { test } from "node:test";
import { buildLink, parseLink } from "../core/link.js";
import { MAX_MESSAGES, MessageList } from "../messages/messages.js";
import { MAX_SEEN, MAX_SEEN_SAVED, Seen } from "../messages/seen.js";
import { Sequence } from "../core/sequence.js";
import { Session } from "../core/session.js";
import { Store } from "../core/store.js";

test("a link gives back what it was made of, and its secrets ride in the fragment alone", () => {
  const parts = { roomId: "abcDEF0123456789", invite: "i/1+2", key: "k=3", e2e: "e4" };
  const link = buildLink({ site: "https://example.org/", ...parts });
  assert.deepEqual(parseLink(link), { server: "https://example.org", ...parts });
  assert.equal(new URL(link).search, "");
  assert.equal(link.split("#")[0], "https://example.org/r/abcDEF0123456789");
});

test("what is no link to a room is refused", () => {
  for (const link of ["", "hello", "https://example.org/", "https://example.org/r/", "javascript:/r/abcdefgh12"]) {
    assert.throws(() => parseLink(link), { code: "LINK_INVALID" });
  }
});

test("a snapshot stays the same object until something changes", () => {
  const store = new Store({ a: 1, b: 2 });
  const first = store.getSnapshot();
  let told = 0;
  const end = store.subscribe(() => (told += 1));
  store.update({ a: 1 });
  assert.equal(store.getSnapshot(), first);
  store.update({ a: 3 });
  assert.deepEqual(store.getSnapshot(), { a: 3, b: 2 });
  assert.deepEqual(first, { a: 1, b: 2 });
  assert.throws(() => (store.getSnapshot().a = 4), TypeError);
  end();
  store.update({ a: 5 });
  assert.equal(told, 1);
});

test("numbers that arrive out of order leave no hole, and none counts twice", () => {
  const sequence = new Sequence();
  sequence.reset(10);
  assert.equal(sequence.note(12), true);
  assert.equal(sequence.hole, true);
  assert.equal(sequence.note(11), true);
  assert.equal(sequence.hole, false);
  assert.equal(sequence.last, 12);
  assert.equal(sequence.note(11), false);
  assert.equal(sequence.note(5), false);
});

test("a hole that is accepted is not asked for again", () => {
  const sequence = new Sequence();
  sequence.note(3);
  assert.equal(sequence.last, 0);
  sequence.acceptHole();
  assert.equal(sequence.last, 3);
  assert.equal(sequence.hole, false);
});

const received = (seq, more = {}) => ({
  key: `m${seq}`,
  id: `m${seq}`,
  seq,
  epoch: "e1",
  own: false,
  state: "sent",
  timestamp: `2026-11-20T09:00:${String(seq).padStart(2, "0")}.000Z`,
  ...more,
});

test("messages are in the server's order, and one still being sent waits at the end", () => {
  const list = new MessageList();
  list.add({ key: "own", own: true, state: "sending", timestamp: "2026-11-20T09:00:01.000Z" });
  list.add(received(3));
  list.add(received(1));
  assert.deepEqual(list.all.map((m) => m.key), ["m1", "m3", "own"]);
  list.update("own", { state: "sent", id: "m2", seq: 2, epoch: "e1" });
  assert.deepEqual(list.all.map((m) => m.key), ["m1", "own", "m3"]);
});

test("a message that comes again is on screen once, under a new id too where its sealed key is known", () => {
  const list = new MessageList();
  assert.equal(list.add(received(1)), true);
  assert.equal(list.add(received(1)), false);
  assert.equal(list.add({ ...received(7), key: "m1" }), false);
  assert.equal(list.all.length, 1);
});

test("the list is bounded", () => {
  const list = new MessageList();
  for (let seq = 1; seq <= MAX_MESSAGES + 5; seq += 1) list.add(received(seq, { timestamp: "t" }));
  assert.equal(list.all.length, MAX_MESSAGES);
  assert.equal(list.all.at(-1).seq, MAX_MESSAGES + 5);
});

class MemoryStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => void this.set(key, value);
  removeItem = (key) => void this.delete(key);
}

test("a session survives a reload, and nothing is left of it once cleared", () => {
  const storage = new MemoryStorage();
  const session = new Session("room-1", storage);
  session.save({ participantId: "p1", resumeToken: "t", lastSeq: 4, messages: [received(1)] });
  const again = new Session("room-1", storage).load();
  assert.equal(again.participantId, "p1");
  assert.equal(again.messages.length, 1);
  session.clear();
  assert.equal(storage.size, 0);
});

const heavy = Array.from({ length: 300 }, (_, at) => received(at, { text: "漢".repeat(4_000) }));

test("a session that is too large keeps the seat and the newest messages", () => {
  const storage = new MemoryStorage();
  const session = new Session("room-1", storage);
  session.save({ participantId: "p1", resumeToken: "t", lastSeq: 299, messages: heavy });
  const { messages, lastSeq, participantId } = session.load();
  assert.ok(messages.length > 200, `${messages.length} of 300`);
  assert.deepEqual(messages, heavy.slice(-messages.length));
  assert.deepEqual([participantId, lastSeq], ["p1", 299]);
  assert.ok([...storage.values()][0].length <= 1_000_000);
});

test("where the browser has less room, fewer messages are kept, and what is kept is of one moment", () => {
  const storage = new MemoryStorage();
  const set = storage.setItem;
  let quota = 100_000;
  storage.setItem = (key, value) => {
    if (value.length > quota) throw new DOMException("full", "QuotaExceededError");
    set(key, value);
  };
  const session = new Session("room-1", storage);
  session.save({ participantId: "p1", resumeToken: "t", lastSeq: 299, seen: "s".repeat(800), messages: heavy });
  assert.ok(session.load().messages.length > 10);
  assert.equal(session.load().messages.at(-1).seq, 299);
  quota = 4_000;
  session.save({ participantId: "p1", resumeToken: "t", lastSeq: 300, seen: "s".repeat(800), messages: heavy });
  // None fits: the backlog is asked for, and nothing in it counts as seen.
  assert.deepEqual([session.load().messages, session.load().lastSeq, session.load().seen], [[], undefined, undefined]);
  assert.equal(session.load().participantId, "p1");
});

test("a sealed message counts as new once, also after a reload, and what is remembered is bounded", async () => {
  const seen = new Seen();
  assert.equal(await seen.note("p1", "m1"), true);
  assert.equal(await seen.note("p1", "m1"), false);
  assert.equal(await seen.note("p2", "m1"), true);
  for (let at = 0; at < MAX_SEEN_SAVED - 1; at += 1) await seen.note("p3", `m${at}`);
  const again = new Seen();
  again.restore(String(seen));
  assert.equal(String(seen).length, MAX_SEEN_SAVED * 8);
  assert.equal(await again.note("p2", "m1"), false);
  for (let at = 0; at < MAX_SEEN; at += 1) await again.note("p4", `m${at}`);
  assert.equal(await again.note("p2", "m1"), true, "the oldest made way");
});

test("storage that is full or forbidden stops nobody", () => {
  const forbidden = {
    getItem: () => assert.fail("forbidden"),
    setItem: () => assert.fail("forbidden"),
    removeItem: () => assert.fail("forbidden"),
  };
  const session = new Session("room-1", forbidden);
  session.save({ participantId: "p1" });
  session.clear();
  assert.equal(session.load(), null);
});
