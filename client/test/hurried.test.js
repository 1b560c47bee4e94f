/** What happens while what was said before is still being opened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoom, joinRoom, openRoom } from "../index.js";
import { startTestClock, startTestServer } from "../testing.js";

/** Ada, Ben and Cyd in a sealed room. */
async function stage(t) {
  const clock = startTestClock();
  const server = startTestServer();
  const { link, hostLink } = await createRoom({ server: server.url });
  const ada = await joinRoom(hostLink, { name: "Ada", storage: null });
  const [ben, cyd] = await Promise.all(["Ben", "Cyd"].map((name) => joinRoom(link, { name, storage: null })));
  t.after(async () => {
    server.stop();
    await clock.settle();
    clock.restore();
  });
  return { clock, server, ada, ben, cyd, link };
}

/**
 * From now on nothing sealed is opened, by anybody, until the function that is returned is called; but names are, where only
 * what has more bytes than they is held.
 */
function holdSeals(t, { above = 0 } = {}) {
  const { subtle } = crypto;
  const { decrypt } = subtle;
  let release;
  const opened = new Promise((resolve) => (release = resolve));
  subtle.decrypt = async (how, key, data) => (data.byteLength > above && (await opened), decrypt.call(subtle, how, key, data));
  t.after(() => delete subtle.decrypt);
  return () => (delete subtle.decrypt, release());
}

/** What a page has over a reload. */
function session() {
  const items = new Map();
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
}

const shown = (room) => room.getSnapshot().messages.map(({ text, reactions = [] }) => [text, ...reactions.map(({ emoji, count }) => emoji + count)]);
const NAME_BYTES = 108;
const MORE = "and more, longer than a name".repeat(4);

const texts = (room) => room.getSnapshot().messages.map(({ text, state }) => `${text} (${state})`);
const idOf = (room) => room.getSnapshot().self.id;

test("what waits to be opened is shown, though one's own message was acknowledged meanwhile", async (t) => {
  const { clock, ada, ben, cyd } = await stage(t);
  const gaps = [];
  ada.on("gap", (gap) => gaps.push(gap));
  // A number that never comes: for that, the room asks anew, and not again for some time.
  ben.sendMessage("between us", { to: idOf(cyd) });
  ben.sendMessage("for all");
  await clock.pass(2_000);
  assert.equal(gaps.length, 1);
  const open = holdSeals(t);
  ben.sendMessage("one");
  ben.sendMessage("two");
  await clock.pass(50);
  ada.sendMessage("mine");
  await clock.pass(3_000);
  open();
  await clock.settle();
  assert.deepEqual(texts(ada), ["for all (sent)", "one (sent)", "two (sent)", "mine (sent)"]);
  assert.equal(gaps.length, 1);
});

test("a room that was closed stays closed, whatever of it was still being opened", async (t) => {
  const { clock, cyd, ben, link } = await stage(t);
  cyd.sendMessage("hello");
  await clock.pass(50);
  ben.close();
  const storage = session();
  const dan = openRoom(link, { name: "Dan", storage });
  const heard = [];
  dan.on("joined", () => heard.push("joined"));
  const open = holdSeals(t);
  await clock.pass(50);
  dan.close();
  const kept = [...storage.items];
  open();
  await clock.settle();
  assert.deepEqual([dan.getSnapshot().status, heard, [...storage.items]], ["left", [], kept]);
});

test("what was not answered is not kept over a reload as if it had been", async (t) => {
  const { clock, server, ada, link } = await stage(t);
  const storage = session();
  const dan = await joinRoom(link, { name: "Dan", storage });
  ada.sendMessage("hello");
  dan.sendMessage("mine");
  await clock.pass(50);
  const [hello, mine] = dan.getSnapshot().messages;
  dan.react(hello.key, "🎉").catch(() => {});
  await clock.pass(50);
  server.silence(dan);
  const lost = [dan.react(hello.key, "👍"), dan.react(hello.key, "🎉", false), dan.editMessage(mine.key, "not mine")];
  assert.deepEqual(shown(dan), [["hello", "👍1"], ["not mine"]]);
  dan.close();
  await Promise.all(lost.map((each) => assert.rejects(each, { code: "LEFT" })));
  const again = await joinRoom(link, { name: "Dan", storage });
  await clock.pass(50);
  assert.deepEqual(shown(again), [["hello", "🎉1"], ["mine"]]);
  assert.deepEqual(shown(ada), shown(again));
});

test("whoever reloads while coming back is told from where they were, and it is kept as it was then", async (t) => {
  const { clock, ada, ben, link } = await stage(t);
  const storage = session();
  const dan = await joinRoom(link, { name: "Dan", storage });
  ada.sendMessage("hello");
  await clock.pass(50);
  await ben.react(ben.getSnapshot().messages[0].key, "👍", true);
  await clock.pass(50);
  dan.close();
  await ben.react(ben.getSnapshot().messages[0].key, "👍", false);
  ada.sendMessage(MORE);
  await clock.pass(50);
  const open = holdSeals(t, { above: NAME_BYTES });
  const half = openRoom(link, { name: "Dan", storage });
  await clock.pass(200);
  assert.equal(half.getSnapshot().status, "connecting");
  half.close();
  open();
  await ben.react(ben.getSnapshot().messages[0].key, "👍", true);
  const again = await joinRoom(link, { name: "Dan", storage });
  assert.deepEqual(shown(again), [["hello", "👍1"], [MORE]]);
});

test("what is seen once is seen, also where the answer is lost and everybody has heard that it is gone", async (t) => {
  const { clock, server, ada, ben } = await stage(t);
  ada.sendMessage("only once", { viewOnce: true, to: idOf(ben) });
  await clock.pass(50);
  const [message] = ben.getSnapshot().messages;
  server.dropAnswer("view-message", { who: ben });
  const seeing = ben.viewMessage(message.key);
  await clock.pass(50);
  assert.deepEqual(texts(ada), []);
  server.drop(ben);
  await clock.pass(3_000);
  assert.equal((await seeing).text, "only once");
  assert.deepEqual(texts(ben), []);
  await assert.rejects(ben.viewMessage(message.key), { code: "MESSAGE_NOT_FOUND" });
});

test("what one is, and could not tell, is told after the next join, and a refusal of it breaks nothing", async (t) => {
  const { clock, server, ada, ben } = await stage(t);
  server.drop(ben);
  ben.updateMedia({ handRaised: true });
  const changed = ben.updateSelf({ idle: true });
  server.refuse("update-self", "NOT_IN_ROOM", { who: ben });
  server.refuse("update-media", "RATE_LIMITED", { who: ben, retryAfterMs: 100 });
  await clock.pass(5_000);
  await changed;
  const { idle, media } = ada.getSnapshot().participants.find(({ id }) => id === idOf(ben));
  assert.deepEqual([idle, media.handRaised], [true, true]);
});
