import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSecret, openKeyring } from "../crypto/crypto.js";
import { Edits } from "../messages/edits.js";
import { MayflyError } from "../errors.js";
import { Intake } from "../core/intake.js";
import { MessageActions } from "../messages/message-actions.js";
import { MessageIntake } from "../messages/message-intake.js";
import { MessageList } from "../messages/messages.js";
import { OwnReactions } from "../messages/own-reactions.js";
import { Reactions } from "../messages/reactions.js";
import { Seen } from "../messages/seen.js";
import { Sequence } from "../core/sequence.js";
import { Store } from "../core/store.js";

const ROOM = "room-0123456789abcdef";
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("until a message is on screen, whoever reloads is told it again", async () => {
  const sequence = new Sequence();
  sequence.reset(4);
  const opened = Promise.withResolvers?.() ?? gate();
  const messages = { received: () => opened.promise, accounted: () => {} };
  const intake = new Intake({ roomId: ROOM, isOver: () => false, sequence, messages, messagesChanged: () => {}, noteSeq: (seq) => sequence.note(seq), emitter: { emit: (_, error) => assert.ifError(error) } });
  intake.take("message-received", { seq: 5 });
  await settled();
  sequence.note(6); // an own one, acknowledged meanwhile
  assert.deepEqual([sequence.last, intake.applied], [6, 4]);
  opened.resolve(true);
  await settled();
  assert.equal(intake.applied, 6);
});

function gate() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test("what is seen once and answers something is read, though nobody is told what it answers", async () => {
  const keyring = await openKeyring(generateSecret(), ROOM);
  const text = await keyring.sealMessage("ada", { id: "1", name: "Ada", text: "look", replyTo: "m1" });
  const list = new MessageList();
  const seen = new Seen();
  const told = { id: "m2", key: "m2", seq: 2, state: "sent", text: "", sender: "ada", viewOnce: true };
  list.add(told);
  const intake = new MessageIntake({ keyring: () => keyring });
  const deeds = { do: async () => ({ text, encrypted: true }) };
  const note = (sender, id) => seen.note(sender, id);
  const port = { list, deeds, keyring: () => keyring, intake: () => intake, seen: note, changed: () => {}, erased: () => {} };
  assert.deepEqual(await new MessageActions(port).view("m2"), { text: "look", data: undefined });
  // Of any other message it stays an answer to something else.
  assert.equal((await intake.open({ ...told, viewOnce: undefined, text })).unreadable, true);
  assert.equal((await intake.open({ ...told, replyTo: "m9", text })).unreadable, true);
});

test("an edit that the server cannot make any more leaves the message as it is for everybody", async () => {
  const list = new MessageList();
  list.add({ key: "k", id: "m1", seq: 1, state: "sent", text: "before", sender: "ada", own: true });
  const deeds = { do: async ({ undo }) => undo(new MayflyError("MESSAGE_NOT_FOUND")) };
  const nothing = () => {};
  const port = { list, deeds, edits: new Edits(list), keyring: () => null, self: () => ({ id: "ada" }), changed: nothing, erased: assert.fail };
  await new MessageActions(port).edit("k", "after");
  assert.deepEqual(list.all.map(({ text, editedAt }) => [text, editedAt]), [["before", undefined]]);
});

function reactedIn(list) {
  const port = { list, keyring: () => null, emitter: { emit: () => {} }, self: () => ({ id: "me" }) };
  return new MessageIntake({ ...port, reactions: new Reactions(() => null), ownReactions: new OwnReactions(), edits: new Edits(list) });
}

const reaction = (id, seq, on = true) => ({ id, seq, participantId: "bob", emoji: "👍", on });
const counts = (messages) => messages.map(({ reactions = [] }) => reactions.map(({ count }) => count));

test("what is told again after a reload is not kept as if it had been told", async () => {
  const list = new MessageList();
  for (const n of [1, 2]) list.add({ key: `k${n}`, id: `m${n}`, seq: n, epoch: "e", state: "sent", text: "" });
  const intake = reactedIn(list);
  await intake.reacted(reaction("m1", 3));
  await intake.reacted(reaction("m2", 5)); // 4 is on its way, or is somebody else's
  const kept = intake.saved(3);
  assert.deepEqual([kept.lastSeq, counts(kept.messages), counts(list.all)], [3, [[1], []], [[1], [1]]]);
  // Once all before it has come, it is kept as it is.
  assert.deepEqual(counts(intake.saved(5).messages), [[1], [1]]);
});

test("what became of an own message before its id was known is asked for again after a reload", async () => {
  const list = new MessageList();
  list.add({ key: "mine", own: true, state: "failed", text: "", timestamp: "2026-11-29T09:00:00.000Z" });
  const intake = reactedIn(list);
  await intake.reacted(reaction("m1", 7));
  intake.deleted({ id: "m2", by: "", reason: "moderated", seq: 9 });
  assert.equal(intake.saved(9).lastSeq, 6);
  list.update("mine", { state: "sent", id: "m1", seq: 2, epoch: "e" });
  intake.acknowledged("m1");
  assert.deepEqual([intake.saved(9).lastSeq, counts(list.all)], [9, [[1]]]);
});

test("what came behind that is told again after a reload, too, and not kept as if it had been told", async () => {
  const list = new MessageList();
  list.add({ key: "mine", own: true, state: "sending", text: "", timestamp: "2026-11-30T09:00:00.000Z" });
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "" });
  const intake = reactedIn(list);
  await intake.reacted(reaction("m3", 4)); // maybe to the own one, whose id is not known
  await intake.reacted(reaction("m1", 5));
  intake.accounted(5);
  const kept = intake.saved(5);
  assert.deepEqual([kept.lastSeq, counts(kept.messages), counts(list.all)], [3, [[], []], [[1], []]]);
  // A join of this page has it all, and is told none of it again.
  intake.rewind(5, picture(5));
  assert.deepEqual(counts(list.all), [[1], []]);
  assert.deepEqual(counts(intake.saved(5).messages), [[], []]);
});

test("for an own message that failed, not everything that follows is held", async () => {
  const list = new MessageList();
  list.add({ key: "mine", own: true, state: "failed", text: "", timestamp: "2026-11-30T09:00:00.000Z" });
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "" });
  const intake = reactedIn(list);
  await intake.reacted(reaction("m3", 2));
  for (let seq = 3; seq < 700; seq += 1) {
    await intake.reacted(reaction("m1", seq, seq % 2 === 1));
    intake.accounted(seq);
  }
  assert.equal(intake.saved(699).lastSeq, 699);
});

test("one's own reaction that a reloaded page is told of is one's own, before the room knows who one is", async () => {
  const list = new MessageList();
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "" });
  const port = { list, keyring: () => null, emitter: { emit: () => {} }, self: () => null };
  const messages = new MessageIntake({ ...port, reactions: new Reactions(() => null), ownReactions: new OwnReactions(), edits: new Edits(list) });
  const sequence = new Sequence();
  const store = new Store({ self: null, resumed: false });
  const crowd = { person: async (person) => person };
  const polls = { replace: async () => {} };
  const intake = new Intake({ ...port, roomId: ROOM, isOver: () => false, sequence, messages, store, crowd, polls, inside: () => {}, isMaker: () => true });
  const missed = [{ event: "reaction-changed", payload: { ...reaction("m1", 2), participantId: "me" } }];
  const data = { self: { id: "me", name: "" }, room: { id: ROOM }, participants: [], epoch: "e", seq: 2, recovered: true, missed };
  intake.take("entered", data, { asked: true, lastSeq: 1, isCurrent: () => true });
  await settled();
  assert.deepEqual(list.all[0].reactions.map(({ mine, count }) => [mine, count]), [[true, 1]]);
});

const picture = (seq) => ({ epoch: "e", seq, missed: [], selfId: "me" });

test("a picture of another epoch takes nothing away but what was taken back, or all where that is not known", () => {
  const [sent, own] = [{ state: "sent", text: "", epoch: "before" }, { key: "k4", state: "sending", text: "" }];
  const list = new MessageList();
  for (const seq of [1, 2]) list.add({ ...sent, key: `k${seq}`, id: `m${seq}`, seq });
  list.add({ ...sent, key: "k3", id: "m3", seq: 3, epoch: "e" });
  list.add(own);
  const intake = new MessageIntake({ list, emitter: { emit: () => {} }, edits: new Edits(list) });
  const keys = () => list.all.map(({ key }) => key);
  intake.replaced({ epoch: "e", seq: 3, messages: [{ id: "m3" }] });
  assert.deepEqual(keys(), ["k1", "k2", "k3", "k4"]);
  intake.replaced({ epoch: "e", seq: 3, messages: [{ id: "m3" }], forgotten: true });
  assert.deepEqual(keys(), ["k3", "k4"]);
  intake.replaced({ epoch: "e", seq: 3 });
  assert.deepEqual(keys(), ["k4"]);
});

test("a reaction whose hole an acknowledgement has filled is not told again, and stays", async () => {
  const list = new MessageList();
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "" });
  const intake = reactedIn(list);
  await intake.reacted(reaction("m1", 3)); // 2 is an own message, whose acknowledgement comes now
  intake.rewind(3, picture(3));
  assert.deepEqual(counts(list.all), [[1]]);
});

test("what comes while a join is on its way is told again by its answer, as if it had not come", async () => {
  const list = new MessageList();
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "", reactions: [{ emoji: "👍", count: 1, participantIds: ["bob"], mine: false }] });
  const intake = reactedIn(list);
  intake.asked = 1;
  await intake.reacted(reaction("m1", 2, false));
  intake.accounted(2);
  // Taken back and put again since 1: of what is as it was, nothing is told.
  intake.rewind(1, picture(3));
  assert.deepEqual(counts(list.all), [[1]]);
});

test("the answer to an earlier join leaves alone what the next one has asked for", async () => {
  const list = new MessageList();
  list.add({ key: "k", id: "m1", seq: 1, epoch: "e", state: "sent", text: "", reactions: [{ emoji: "👍", count: 1, participantIds: ["bob"], mine: false }] });
  const port = { list, keyring: () => null, emitter: { emit: () => {} }, self: () => ({ id: "me" }) };
  const messages = new MessageIntake({ ...port, reactions: new Reactions(() => null), ownReactions: new OwnReactions(), edits: new Edits(list) });
  const sequence = new Sequence();
  const store = new Store({ self: null, resumed: false });
  const intake = new Intake({ ...port, roomId: ROOM, isOver: () => false, sequence, messages, store, crowd: { person: async (person) => person }, polls: { replace: async () => {} }, inside: () => {}, isMaker: () => true });
  const answer = (seq, missed) => ({ self: { id: "me", name: "" }, room: { id: ROOM }, participants: [], epoch: "e", seq, recovered: true, missed });
  // Both asked for what was after 1, since the first answer was not read when the connection broke again.
  messages.asked = 1;
  intake.take("entered", answer(2, [{ event: "reaction-changed", payload: reaction("m1", 2, false) }]), { asked: true, lastSeq: 1, isCurrent: () => false });
  // Taken back and put again since: of what is as it was, nothing is told.
  intake.take("entered", answer(3, []), { asked: true, lastSeq: 1, isCurrent: () => true });
  await settled();
  assert.deepEqual(counts(list.all), [[1]]);
});
