import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../core/clock.js";
import { generateSecret, openKeyring } from "../crypto/crypto.js";
import { Deeds } from "../messages/deeds.js";
import { Deletions } from "../messages/deletions.js";
import { Edits } from "../messages/edits.js";
import { EMOJI } from "../messages/emoji.js";
import { MayflyError } from "../errors.js";
import { Expiry } from "../messages/expiry.js";
import { MessageList } from "../messages/messages.js";
import { changed, Reactions, UNKNOWN } from "../messages/reactions.js";
import { Reads } from "../messages/reads.js";
import { openPoll, sealPoll } from "../messages/sealed-poll.js";

const ROOM = "room-0123456789abcdef";
const keyring = await openKeyring(generateSecret(), ROOM);
const sent = (seq, more = {}) => ({ key: `k${seq}`, id: `m${seq}`, seq, epoch: "e", state: "sent", text: `text ${seq}`, timestamp: "2026-11-20T09:00:00.000Z", ...more });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function listOf(...messages) {
  const list = new MessageList();
  for (const message of messages) list.add(message);
  return list;
}

test("an erased message does not come back, by whatever way it comes", () => {
  const list = listOf(sent(1), { key: "own", own: true, state: "sending", text: "own", timestamp: "2026-11-20T09:00:01.000Z" });
  assert.equal(list.erase("m1").key, "k1");
  assert.equal(list.add(sent(1)), false);
  // Deleted before its acknowledgement came.
  list.erase("m2");
  list.update("own", { state: "sent", id: "m2", seq: 2, epoch: "e" });
  assert.deepEqual(list.all, []);
});

test("what is pruned is what the predicate does not keep", () => {
  const list = listOf(sent(1), sent(2), sent(3));
  assert.deepEqual(list.prune(({ seq }) => seq !== 2).map(({ id }) => id), ["m2"]);
  assert.deepEqual(list.all.map(({ id }) => id), ["m1", "m3"]);
});

const on = (emoji, participantId, more = {}) => ({ emoji, participantId, on: true, own: false, ...more });

test("a reaction counts once for each, and the last one that is taken back takes it away", () => {
  let now = changed(undefined, on("👍", "a"));
  now = changed(now, on("👍", "a"));
  now = changed(now, on("👍", "me", { own: true }));
  assert.deepEqual(now, [{ emoji: "👍", count: 2, participantIds: ["a", "me"], mine: true }]);
  now = changed(now, on("👍", "me", { own: true, on: false }));
  assert.equal(now[0].mine, false);
  assert.deepEqual(changed(now, on("👍", "a", { on: false })), []);
  assert.equal(changed(now, on("🔥", "b", { on: false })), now, "taken back without having been there");
});

test("of more people than are named, those who are not are counted all the same", () => {
  const named = Array.from({ length: 20 }, (_, at) => `p${at}`);
  const many = [{ emoji: "👍", count: 23, participantIds: named, mine: true }];
  assert.equal(changed(many, on("👍", "x"))[0].count, 24);
  assert.equal(changed(many, on("👍", "x", { on: false }))[0].count, 22);
  assert.equal(changed(many, on("👍", "me", { own: true }))[0].count, 23, "mine already");
});

test("a reaction's token says nothing, differs between messages, and is read by whoever has the key", async () => {
  const reactions = new Reactions(() => keyring);
  const token = await reactions.tokenOf("m1", "🎉");
  assert.match(token, /^[\w-]{22}$/);
  assert.equal(await reactions.tokenOf("m1", "🎉"), token);
  assert.notEqual(await reactions.tokenOf("m2", "🎉"), token);
  assert.equal(await reactions.emojiOf("m1", token), "🎉");
  assert.equal(await reactions.emojiOf("m2", token), UNKNOWN);
  const other = new Reactions(() => null);
  assert.equal(await other.emojiOf("m1", "🎉"), "🎉");
});

test("each emoji is there once, and has a name", () => {
  assert.equal(new Set(EMOJI.map(({ emoji }) => emoji)).size, EMOJI.length);
  assert.ok(EMOJI.every(({ emoji, name }) => name.length > 1 && [...emoji].length <= 32));
});

const poll = { question: "When?", options: ["Monday", "Tuesday"], multiple: false, anonymous: true };

async function wirePoll(more = {}) {
  return { author: "p1", multiple: false, anonymous: true, ...(await sealPoll(keyring, "p1", poll, "Ada")), ...more };
}

test("a poll is read as its author made it", async () => {
  const sealed = await wirePoll();
  assert.ok(!JSON.stringify(sealed).includes("Monday"));
  assert.deepEqual(await openPoll(keyring, sealed), { question: "When?", options: ["Monday", "Tuesday"], authorName: "Ada" });
});

test("a poll whose options, rules or author a server has changed is not read", async () => {
  const sealed = await wirePoll();
  const other = await wirePoll();
  const forged = [
    { options: [...sealed.options].reverse() },
    { options: sealed.options.slice(0, 1) },
    { options: [sealed.options[0], other.options[1]] },
    { question: other.question },
    { anonymous: false },
    { multiple: true },
    { author: "p2" },
  ];
  for (const change of forged) await assert.rejects(openPoll(keyring, { ...sealed, ...change }), Object.keys(change)[0]);
});

/** Answers requests as told, one after the other; `null` for never. */
function deedsWith(answers, { joined = () => true } = {}) {
  const asked = [];
  const request = async (event, fields) => {
    asked.push(fields.n);
    const answer = answers.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, deeds: new Deeds({ request, joined, suspicious: () => {} }) };
}
const deed = (n, log = [], more = {}) => ({ event: "x", fields: () => ({ n }), done: () => log.push(`done ${n}`), undo: () => log.push(`undo ${n}`), ...more });

test("deeds are sent in order; one that is refused is taken back, and the next one goes on", async () => {
  const { asked, deeds } = deedsWith([{}, new MayflyError("FORBIDDEN"), {}]);
  const log = [];
  const results = await Promise.allSettled([1, 2, 3].map((n) => deeds.do(deed(n, log))));
  assert.deepEqual(asked, [1, 2, 3]);
  assert.deepEqual(log, ["done 1", "undo 2", "done 3"]);
  assert.equal(results[1].reason.code, "FORBIDDEN");
});

test("a deed waits until one is inside, and is said again where the connection was lost", async () => {
  let inside = false;
  const { asked, deeds } = deedsWith([new MayflyError("CONNECTION_LOST", "", { retryable: true }), {}], { joined: () => inside });
  const log = [];
  const doing = deeds.do(deed(1, log));
  await pause(5);
  assert.deepEqual(asked, []);
  inside = true;
  await deeds.flush();
  assert.deepEqual(log, [], "nothing is taken back for a lost connection");
  await deeds.flush();
  await doing;
  assert.deepEqual([asked, log], [[1, 1], ["done 1"]]);
});

test("a repetition that finds it done has done it", async () => {
  const again = new MayflyError("RATE_LIMITED", "", { retryable: true, retryAfterMs: 1 });
  const { deeds } = deedsWith([again, new MayflyError("NOT_FOUND")]);
  const log = [];
  await deeds.do(deed(1, log, { asDone: ["NOT_FOUND"] }));
  assert.deepEqual(log, ["done 1"]);
});

test("whoever leaves lets go of what waits", async () => {
  const { deeds } = deedsWith([], { joined: () => false });
  const doing = deeds.do(deed(1));
  deeds.stop();
  await assert.rejects(doing, { code: "LEFT" });
});

test("an edit that is refused leaves what the server has, also where that has changed meanwhile", () => {
  const list = listOf(sent(1));
  const edits = new Edits(list);
  edits.begin("k1", { text: "first try" });
  edits.begin("k1", { text: "second try" });
  edits.done("k1", { text: "first try" });
  assert.equal(list.get("k1").text, "second try");
  edits.refused("k1");
  assert.equal(list.get("k1").text, "first try");
  assert.equal(edits.isPending("k1"), false);
});

function deletionsOf(list, answer) {
  const log = [];
  const deeds = { do: async ({ fields, done }) => (log.push(fields().id), answer ? Promise.reject(answer) : done()) };
  return { log, deletions: new Deletions({ list, deeds, changed: () => {}, erased: (id) => log.push(`erased ${id}`) }) };
}

test("a deletion is sent when it can no longer be undone, and not before", async () => {
  const list = listOf(sent(1), sent(2));
  const { log, deletions } = deletionsOf(list);
  const first = deletions.delete("k1", { undoMs: 20 });
  const second = deletions.delete("k2", { undoMs: 20 });
  assert.equal(list.get("k1").deleting, "undoable");
  assert.equal(deletions.undo("k2"), true);
  assert.deepEqual(log, []);
  await Promise.all([first, second]);
  assert.deepEqual(log, ["m1", "erased m1"]);
  assert.deepEqual(list.all.map(({ id, deleting }) => [id, deleting]), [["m2", undefined]]);
  assert.equal(deletions.undo("k1"), false, "too late");
});

test("whoever goes has decided: what could still be undone is sent at once", async () => {
  const { log, deletions } = deletionsOf(listOf(sent(1)));
  const doing = deletions.delete("k1");
  deletions.sendNow();
  await doing;
  assert.deepEqual(log, ["m1", "erased m1"]);
});

test("a deletion chosen before a reload is sent after it", async () => {
  const { log, deletions } = deletionsOf(listOf(sent(1, { deleting: "undoable" }), sent(2)));
  deletions.resume();
  await pause(1);
  assert.deepEqual(log, ["m1", "erased m1"]);
});

test("what the server has not any more is gone here, too", async () => {
  const list = listOf(sent(1));
  const { log, deletions } = deletionsOf(list, new MayflyError("MESSAGE_NOT_FOUND"));
  await deletions.delete("k1", { undoMs: 0 });
  assert.deepEqual(log, ["m1", "erased m1"]);
});

test("what expires goes by the server's clock, whatever this device's says", (t) => {
  const from = Date.parse("2026-11-20T09:00:00Z");
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: from });
  t.mock.method(performance, "now", () => Date.now() - from);
  const clock = new ServerClock();
  clock.note(new Date(from + 3_600_000).toISOString());
  const list = listOf(sent(1, { expiresAt: new Date(from + 3_600_040).toISOString() }), sent(2));
  const gone = [];
  const expiry = new Expiry(list, clock, (messages) => gone.push(...messages.map(({ id, key }) => `${id} ${key}`)));
  expiry.watch();
  assert.equal(expiry.sweep(), false);
  t.mock.timers.tick(39);
  assert.deepEqual(gone, []);
  t.mock.timers.tick(1);
  assert.deepEqual(gone, ["m1 k1"]);
  assert.deepEqual(list.all.map(({ id }) => id), ["m2"]);
  expiry.stop();
});

test("a stamp that was long on its way does not set the clock back, nor does a device whose clock is set", (t) => {
  const clock = new ServerClock();
  const from = Date.now();
  clock.note(new Date(from + 1_000).toISOString());
  clock.note(new Date(from - 60_000).toISOString());
  assert.ok(clock.now() >= from + 1_000);
  t.mock.method(Date, "now", () => from + 86_400_000);
  assert.ok(clock.now() < from + 10_000);
});

test("what was read is told at a pace, only forward, and again where it could not be told", async () => {
  const told = [];
  let may = false;
  const reads = new Reads({ request: async (event, { seq }) => void told.push(seq), may: () => may });
  reads.mark(3);
  reads.mark(7);
  reads.mark(5);
  reads.flush();
  assert.deepEqual(told, []);
  may = true;
  reads.flush();
  reads.flush();
  assert.deepEqual(told, [7]);
  reads.stop();
});

test("to read a usual reaction, few tokens are made, and each once", async () => {
  const made = [];
  const keyring = { reactionToken: async (id, emoji) => (made.push(emoji), `${id} ${emoji}`) };
  const reactions = new Reactions(() => keyring);
  assert.equal(await reactions.emojiOf("m1", "m1 🎉"), "🎉");
  assert.ok(made.length < 9, `${made.length} tokens`);
  assert.equal(await reactions.emojiOf("m1", "m1 👍"), "👍");
  assert.equal(await reactions.emojiOf("m1", "nobody's"), "⍰");
  assert.equal(await reactions.emojiOf("m1", "nobody's"), "⍰");
  assert.equal(made.length, EMOJI.length);
});
