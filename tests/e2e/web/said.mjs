// The client in Node.js against the real server: edits, deletions, reactions, reads, polls, what disappears and what is
// seen once, in rooms with and without a key; refusals are taken back, and whoever was away erases on return.
import assert from "node:assert/strict";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { PACE } from "../../support/pace.mjs";

const [url, part] = process.argv.slice(2);
const LIMIT_MS = 10_000 * PACE;

class MemoryStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => void this.delete(key);
  holds = (word) => [...this.values()].some((value) => value.includes(word));
}

/** Connects as socket.io-client does, notes all that is sent, and can be cut off. */
function wire() {
  const sent = [];
  const sockets = [];
  const forged = { event: (name, payload) => payload };
  const connect = (...args) => {
    const socket = io(...args);
    sockets.push(socket);
    const emit = socket.emit.bind(socket);
    socket.emit = (event, ...rest) => {
      sent.push(JSON.stringify([event, rest[0]]));
      return emit(event, ...rest);
    };
    const onAny = socket.onAny.bind(socket);
    socket.onAny = (listener) => onAny((event, payload) => listener(event, forged.event(event, payload)));
    return socket;
  };
  return { client: makeClient(connect), sent, forged, cut: () => sockets.at(-1).disconnect(), back: () => sockets.at(-1).connect() };
}

async function person(link, name, storage = new MemoryStorage()) {
  const lines = wire();
  const room = await lines.client.joinRoom(link, { name, storage });
  return { room, storage, ...lines };
}

async function until({ room }, condition, what) {
  const passes = () => condition(room.getSnapshot());
  if (passes()) return room.getSnapshot();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), LIMIT_MS);
    const end = room.subscribe(() => {
      if (!passes()) return;
      clearTimeout(timer);
      end();
      resolve(room.getSnapshot());
    });
  });
}

const of = ({ room }, text) => room.getSnapshot().messages.find((message) => message.text === text);
const sees = (who, text) => until(who, () => of(who, text)?.state === "sent", `sees ${text}`).then(() => of(who, text));
const seesNo = (who, text) => until(who, () => !of(who, text), `no longer sees ${text}`);
async function says(who, text, options) {
  who.room.sendMessage(text, options);
  return sees(who, text);
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function two(encrypt, settings = {}) {
  const made = await makeClient(io).createRoom({ server: url, encrypt, ...settings });
  const ada = await person(made.hostLink, "Ada");
  const ben = await person(made.link, "Ben");
  await until(ada, ({ participants }) => participants.length === 1, "Ben");
  return { ada, ben, link: made.link };
}
const leave = (...people) => Promise.all(people.map(({ room }) => room.leave()));

async function editing(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const told = await says(ada, "first-word", { data: { n: 1 } });
  const seen = await sees(ben, "first-word");
  assert.deepEqual(seen.data, { n: 1 });
  const done = ada.room.editMessage(told.key, "second-word");
  assert.equal(of(ada, "second-word").key, told.key, "at once");
  await done;
  const edited = await sees(ben, "second-word");
  assert.equal(edited.key, seen.key);
  assert.ok(edited.editedAt);
  assert.deepEqual(edited.data, { n: 1 });
  assert.ok(!of(ben, "first-word") && !ben.storage.holds("first-word"));
  // Nobody edits for another: what was shown is taken back.
  await assert.rejects(ben.room.editMessage(edited.key, "forged"), { code: "FORBIDDEN" });
  assert.ok(of(ben, "second-word"));
  const answer = await says(ben, "an answer", { replyTo: edited.key });
  assert.equal((await sees(ada, "an answer")).replyTo, told.id);
  assert.equal(answer.replyTo, told.id);
  const eve = await person(link, "Eve");
  assert.ok((await sees(eve, "second-word")).editedAt);
  if (encrypt) for (const { sent } of [ada, ben]) assert.ok(!sent.some((line) => /first-word|second-word|an answer/.test(line)));
  await leave(ada, ben, eve);
}

async function deleting(encrypt) {
  const { ada, ben } = await two(encrypt);
  const told = await says(ada, "planted-word");
  await sees(ben, "planted-word");
  const undone = ada.room.deleteMessage(told.key);
  assert.equal(of(ada, "planted-word").deleting, "undoable");
  assert.equal(ada.room.undoDelete(told.key), true);
  await undone;
  assert.equal(of(ada, "planted-word").deleting, undefined);
  assert.ok(!ada.sent.some((line) => line.startsWith('["delete-message"')));
  await pause(300); // The session is written.
  assert.ok(ben.storage.holds("planted-word"));
  const gone = new Promise((resolve) => ben.room.on("message-deleted", resolve));
  await ada.room.deleteMessage(told.key, { undoMs: 50 });
  await seesNo(ben, "planted-word");
  assert.equal((await gone).reason, "deleted");
  for (const who of [ada, ben]) assert.ok(!of(who, "planted-word") && !who.storage.holds("planted-word"));
  // A member may not delete what another said; the host may.
  const hers = await says(ada, "hers");
  const refused = (await sees(ben, "hers")).key;
  await assert.rejects(ben.room.deleteMessage(refused, { undoMs: 0 }), { code: "FORBIDDEN" });
  assert.equal(of(ben, "hers").deleting, undefined, "taken back");
  await says(ben, "his");
  await ada.room.deleteMessage((await sees(ada, "his")).key, { undoMs: 0 });
  await seesNo(ben, "his");
  // Whoever leaves within the five seconds has decided.
  const last = ada.room.deleteMessage(hers.key);
  await ada.room.leave();
  await last;
  await seesNo(ben, "hers");
  await leave(ben);
}

async function away(encrypt) {
  const { ada, ben } = await two(encrypt);
  const gone = await says(ada, "gone-word");
  const changed = await says(ada, "old-word");
  const stays = await says(ada, "stays");
  for (const text of ["gone-word", "old-word", "stays"]) await sees(ben, text);
  await pause(300);
  assert.ok(ben.storage.holds("gone-word") && ben.storage.holds("old-word"));
  ben.cut();
  await until(ben, ({ status }) => status === "reconnecting", "away");
  await ada.room.deleteMessage(gone.key, { undoMs: 0 });
  await ada.room.editMessage(changed.key, "new-word");
  await ada.room.react(stays.key, "🎉");
  const late = await says(ada, "late");
  await ada.room.deleteMessage(late.key, { undoMs: 0 });
  // What is done while away is shown at once, and sent on return.
  const reacting = ben.room.react(of(ben, "stays").key, "👍");
  assert.equal(of(ben, "stays").reactions[0].mine, true);
  ben.back();
  await sees(ben, "new-word");
  await reacting;
  await until(ben, () => of(ben, "stays")?.reactions?.length === 2, "both reactions");
  for (const word of ["gone-word", "old-word", "late"]) {
    assert.ok(!of(ben, word), word);
    assert.ok(!ben.storage.holds(word), `${word} in the session`);
  }
  await until(ada, () => of(ada, "stays").reactions.length === 2, "both reactions");
  await leave(ada, ben);
}

/** Away for so long that nobody tells any more what was deleted: the full picture replaces what was on screen. */
async function pictured(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const gone = await says(ada, "gone-word");
  for (const text of ["stays", "stays, too"]) await says(ada, text);
  for (const text of ["gone-word", "stays, too"]) await sees(ben, text);
  ben.room.close();
  const [[key, value]] = [...ben.storage];
  assert.ok(value.includes("gone-word"));
  const { epoch, lastSeq, ...saved } = JSON.parse(value);
  ben.storage.setItem(key, JSON.stringify(saved));
  await ada.room.deleteMessage(gone.key, { undoMs: 0 });
  const again = await person(link, "Ben", ben.storage);
  assert.equal(again.room.getSnapshot().self.id, saved.participantId);
  assert.deepEqual(again.room.getSnapshot().messages.map(({ text }) => text), ["stays", "stays, too"]);
  assert.ok(!again.storage.holds("gone-word"));
  await leave(ada, again);
}

/** A deletion that a reload came before is made after it; what expired meanwhile is shown to nobody. */
async function reloaded(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const told = await says(ada, "taken-back");
  await sees(ben, "taken-back");
  await says(ben, "short-lived", { ttlS: 5 });
  await sees(ada, "short-lived");
  ada.room.deleteMessage(told.key).catch(() => {});
  ada.cut(); // Nothing is sent before the page is gone.
  ada.room.close();
  assert.ok(ada.storage.holds("taken-back") && ada.storage.holds("short-lived"));
  await pause(5_100);
  const again = await person(link, "Ada", ada.storage);
  assert.ok(!of(again, "short-lived") && !again.storage.holds("short-lived"));
  await seesNo(ben, "taken-back");
  await seesNo(again, "taken-back");
  assert.ok(!again.storage.holds("taken-back"));
  await leave(again, ben);
}

async function reactions(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const { key } = await says(ada, "react to this");
  const seen = await sees(ben, "react to this");
  await ben.room.react(seen.key, "🎉");
  await ada.room.react(key, "🎉");
  const both = ({ messages }) => messages[0]?.reactions?.[0]?.count === 2;
  for (const who of [ada, ben]) assert.equal((await until(who, both, "two")).messages[0].reactions[0].mine, true);
  const eve = await person(link, "Eve");
  const shown = (await until(eve, both, "two")).messages[0].reactions[0];
  assert.equal(shown.emoji, "🎉");
  assert.equal(shown.mine, false);
  // Pressed twice and quickly it is as before, and never flickers.
  const states = [];
  ada.room.subscribe(() => states.push(ada.room.getSnapshot().messages[0].reactions.some(({ emoji, mine }) => emoji === "👀" && mine)));
  await Promise.all([ada.room.react(key, "👀"), ada.room.react(key, "👀"), ada.room.react(key, "👀")]);
  assert.equal(states.filter((on, at) => on !== (states[at - 1] ?? false)).length, 3);
  await ben.room.react(seen.key, "🎉", false);
  await until(eve, ({ messages }) => messages[0].reactions.find(({ emoji }) => emoji === "🎉").count === 1, "one");
  if (encrypt) for (const { sent } of [ada, ben]) assert.ok(!sent.some((line) => line.includes("🎉")), "sealed");
  await leave(ada, ben, eve);
}

async function polls(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const { pollId } = await ada.room.createPoll({ question: "When-word?", options: ["monday-word", "Tuesday"], multiple: true });
  const asked = (await until(ben, ({ polls: [poll] }) => poll, "the poll")).polls[0];
  assert.deepEqual([asked.question, ...asked.options, asked.authorName], ["When-word?", "monday-word", "Tuesday", "Ada"]);
  const voting = ben.room.vote(pollId, [0, 1]);
  assert.deepEqual(ben.room.getSnapshot().polls[0].counts, [1, 1], "at once");
  await voting;
  await ben.room.vote(pollId, [1]);
  await ada.room.vote(pollId, [1]);
  await until(ada, ({ polls: [poll] }) => poll.counts.join() === "0,2", "both");
  const secret = await ada.room.createPoll({ question: "Who?", options: ["a", "b"], anonymous: true });
  await until(ben, ({ polls: all }) => all.length === 2, "the second poll");
  await ben.room.vote(secret.pollId, [0]);
  assert.deepEqual(ben.room.getSnapshot().polls[1].mine, [0]);
  // Two at one moment: what was shown at once does not hide what the other chose.
  await Promise.all([ben.room.vote(pollId, [0]), ada.room.vote(pollId, [0])]);
  for (const who of [ada, ben]) await until(who, ({ polls: [poll] }) => poll.counts.join() === "2,0", "both votes");
  await Promise.all([ben.room.vote(pollId, [1]), ada.room.vote(pollId, [1])]);
  for (const who of [ada, ben]) await until(who, ({ polls: [poll] }) => poll.counts.join() === "0,2", "both votes");
  await ada.room.closePoll(pollId);
  await until(ben, ({ polls: [poll] }) => poll.closed, "closed");
  await assert.rejects(ben.room.vote(pollId, [0]), { code: "POLL_CLOSED" });
  assert.deepEqual(ben.room.getSnapshot().polls[0].counts, [0, 2], "taken back");
  assert.deepEqual(ben.room.getSnapshot().polls[0].mine, [1]);
  const eve = await person(link, "Eve");
  assert.equal((await until(eve, ({ polls: all }) => all.length === 2, "all")).polls[0].question, "When-word?");
  await ada.room.deletePoll(pollId);
  for (const who of [ada, ben, eve]) await until(who, ({ polls: all }) => all.length === 1, "gone");
  if (encrypt) for (const { sent } of [ada]) assert.ok(!sent.some((line) => /-word/.test(line)), "sealed");
  await leave(ada, ben, eve);
}

async function passing(encrypt) {
  const { ada, ben } = await two(encrypt);
  const told = await says(ada, "for five seconds", { ttlS: 5 });
  const left = Date.parse(told.expiresAt) - Date.parse(told.timestamp);
  assert.equal(left, 5_000);
  assert.equal((await sees(ben, "for five seconds")).expiresAt, told.expiresAt);
  // Nobody tells one who is away: its own clock does.
  ben.cut();
  const once = await says(ada, "only-once", { viewOnce: true });
  ben.back();
  const hidden = (await until(ben, ({ messages }) => messages.find((m) => m.viewOnce), "hidden")).messages.find((m) => m.viewOnce);
  assert.equal(hidden.text, "");
  ben.cut();
  await Promise.all([seesNo(ada, "for five seconds"), seesNo(ben, "for five seconds")]);
  assert.ok(!ben.storage.holds("for five seconds") && !ada.storage.holds("for five seconds"));
  ben.back();
  await until(ben, ({ status }) => status === "joined", "back");
  assert.equal((await ben.room.viewMessage(hidden.key)).text, "only-once");
  assert.ok(!ben.storage.holds("only-once"));
  await until(ada, ({ messages }) => !messages.some(({ id }) => id === once.id), "viewed by all");
  assert.ok(!ada.storage.holds("only-once"));
  await ada.room.update({ messageTtlS: 5 });
  const next = await says(ada, "by the room's rule");
  assert.equal(Date.parse(next.expiresAt) - Date.parse(next.timestamp), 5_000);
  await leave(ada, ben);
}

async function people(encrypt) {
  const { ada, ben } = await two(encrypt);
  const told = await says(ada, "have you read this");
  ben.room.markRead((await sees(ben, "have you read this")).seq);
  const benId = ben.room.getSnapshot().self.id;
  await until(ada, ({ reads }) => reads[benId] >= told.seq, "read");
  const renamed = ben.room.updateSelf({ name: "Benedict", idle: true });
  assert.equal(ben.room.getSnapshot().self.name, "Benedict");
  await renamed;
  await until(ada, ({ participants: [person] }) => person.name === "Benedict" && person.idle, "the new name");
  await ada.room.pinMessage(told.key);
  await until(ben, ({ room }) => room.pinnedMessageId === told.id, "pinned");
  await assert.rejects(ben.room.pinMessage(null), { code: "FORBIDDEN" });
  const heard = new Promise((resolve) => ada.room.on("broadcast", resolve));
  assert.deepEqual(await ben.room.broadcast("wave", { hand: "left-hand" }), { deliveredTo: 1 });
  assert.deepEqual(await heard, { from: benId, type: "wave", data: { hand: "left-hand" } });
  if (encrypt) assert.ok(!ben.sent.some((line) => /Benedict|left-hand/.test(line)), "sealed");
  await leave(ada, ben);
}

/** A server that says the words of one message as the edit of another, or brings back what was edited away. */
async function forging() {
  const { ada, ben } = await two(true);
  const original = {};
  ben.forged.event = (event, payload) => {
    if (event === "message-received") original[payload.id] ??= payload.text;
    return payload;
  };
  const one = await says(ada, "one");
  await says(ada, "two");
  await sees(ben, "two");
  const texts = Object.values(original);
  await ada.room.editMessage(one.key, "one, better");
  await sees(ben, "one, better");
  ben.forged.event = (event, payload) => (event === "message-updated" ? { ...payload, text: texts[0] } : payload);
  await ada.room.editMessage(one.key, "one, best");
  await pause(200);
  assert.ok(of(ben, "one, better") && !of(ben, "one"), "not brought back");
  ben.forged.event = (event, payload) => (event === "message-updated" ? { ...payload, text: texts[1] } : payload);
  await ada.room.editMessage(one.key, "one, at last");
  await until(ben, ({ messages }) => messages[0].unreadable, "unreadable");
  assert.equal(ben.room.getSnapshot().messages.filter(({ text }) => text === "two").length, 1);
  await leave(ada, ben);
}

const PARTS = { editing, deleting, away, pictured, reloaded, reactions, polls, passing, people };
const wanted = part ? [part] : [...Object.keys(PARTS), "forging"];
const passed = [];
for (const name of wanted) {
  for (const encrypt of name === "forging" ? [true] : [false, true]) {
    await (PARTS[name] ?? forging)(encrypt);
    passed.push(`${name}${encrypt ? " sealed" : ""}`);
  }
}
console.log(JSON.stringify({ passed }));
process.exit(0);
