import assert from "node:assert/strict";
import { test } from "node:test";
import { createInvite, createRoom, joinRoom, openRoom } from "../index.js";
import { installTestMedia, startTestClock, startTestServer } from "../testing.js";

/** A server and a clock for one test, with Ada as host of a room. */
async function stage(t, { media = false, ...wish } = {}) {
  const clock = startTestClock();
  const server = startTestServer();
  const seen = media ? installTestMedia(media === true ? {} : media) : null;
  t.after(async () => {
    server.stop();
    await clock.settle();
    seen?.restore();
    clock.restore();
  });
  const { link, hostLink, roomId, hostKey } = server.makeRoom(wish);
  const ada = await server.join(hostLink, { name: "Ada" });
  return { clock, server, media: seen, link, roomId, hostKey, ada, join: (name, more) => server.join(link, { name, ...more }) };
}

const status = (room) => room.getSnapshot().status;
const texts = (room) => room.getSnapshot().messages.map(({ text, state }) => `${text} (${state})`);
const names = (room) => room.getSnapshot().participants.map(({ name }) => name);
const idOf = (room) => room.getSnapshot().self.id;

test("people come, talk and go, as on a server", async (t) => {
  const { clock, ada, join } = await stage(t);
  const ben = await join("Ben");
  ben.setTyping(true);
  await clock.pass(10);
  assert.deepEqual(ada.getSnapshot().typing, [idOf(ben)]);
  ben.sendMessage("Hello");
  ada.sendMessage("Hi");
  await clock.pass(10);
  assert.deepEqual(texts(ada), ["Hello (sent)", "Hi (sent)"]);
  assert.deepEqual(ada.getSnapshot().typing, []);
  assert.deepEqual(names(ada), ["Ben"]);
  assert.equal(ada.getSnapshot().room.hostId, idOf(ada));
  await ben.leave();
  await clock.pass(10);
  assert.deepEqual(names(ada), []);
});

test("what the client makes itself is encrypted, and opens for whoever has the link", async (t) => {
  const { server, clock } = await stage(t);
  const { link, hostLink, roomId, hostKey, encryptionKey } = await createRoom({ server: server.url, capacity: 3 });
  const ada = await joinRoom(hostLink, { name: "Ada" });
  const invite = await createInvite({ server: server.url, roomId, hostKey, encryptionKey });
  const ben = await joinRoom(invite.link, { name: "Ben" });
  ben.sendMessage("sealed");
  await clock.pass(10);
  assert.deepEqual(texts(ada), ["sealed (sent)"]);
  assert.deepEqual(names(ada), ["Ben"]);
  await assert.rejects(joinRoom(invite.link), { code: "INVITE_USED" });
  await assert.rejects(joinRoom(link.replace(/#.*/, "")), { code: "KEY_MISSING" });
});

test("a lost connection comes back by itself, and is shown what it missed", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  server.drop(ben);
  await clock.pass(10);
  assert.equal(status(ben), "reconnecting");
  assert.equal(ada.getSnapshot().participants[0].connected, false);
  ada.sendMessage("missed");
  ben.sendMessage("meanwhile");
  await clock.pass(1_000);
  assert.equal(status(ben), "joined");
  assert.deepEqual(texts(ben).sort(), ["meanwhile (sent)", "missed (sent)"]);
  assert.deepEqual(texts(ada).sort(), ["meanwhile (sent)", "missed (sent)"]);
});

test("a seat that nobody comes back to ends with its grace period", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  ben.close();
  await clock.pass(29_000);
  assert.deepEqual(names(ada), ["Ben"]);
  const left = new Promise((resolve) => ada.on("user-left", resolve));
  await clock.pass(2_000);
  assert.equal((await left).reason, "timeout");
  assert.equal(server.isOnline, true);
});

test("a server that is away is come back to", async (t) => {
  const { clock, server, ada } = await stage(t);
  server.goOffline();
  await clock.pass(10_000);
  assert.equal(status(ada), "reconnecting");
  await assert.rejects(createRoom({ server: server.url, signal: AbortSignal.abort() }), { code: "ABORTED" });
  server.goOnline();
  await clock.pass(1_000);
  assert.equal(status(ada), "joined");
});

test("after a restart the seat is there under another epoch, and what was said is still on screen", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  ada.sendMessage("before");
  await clock.pass(10);
  server.restart();
  await clock.pass(1_000);
  assert.deepEqual([status(ada), status(ben)], ["joined", "joined"]);
  ada.sendMessage("after");
  await clock.pass(10);
  assert.deepEqual(texts(ben), ["before (sent)", "after (sent)"]);
  assert.deepEqual(names(ada), ["Ben"]);
});

test("after a restart, who was away lets go of what was deleted or edited, and nobody of anything else", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  for (const text of ["stays", "gone", "changed"]) ada.sendMessage(text);
  await clock.pass(10);
  server.drop(ben); // for 300 ms
  await clock.pass(10);
  const [, gone, changed] = ada.getSnapshot().messages;
  await Promise.all([ada.deleteMessage(gone.key, { undoMs: 0 }), ada.editMessage(changed.key, "other"), clock.pass(10)]);
  const told = [];
  ben.on("message-deleted", ({ reason }) => told.push(reason));
  assert.deepEqual(texts(ben), ["stays (sent)", "gone (sent)", "changed (sent)"]);
  server.restart();
  await clock.pass(5_000);
  assert.deepEqual([texts(ben), texts(ada)], [["stays (sent)"], ["stays (sent)", "other (sent)"]]);
  assert.deepEqual(told, ["forgotten", "deleted"]);
  // Once told, it is not told again.
  server.restart();
  await clock.pass(5_000);
  assert.deepEqual([told.length, texts(ada)], [2, ["stays (sent)", "other (sent)"]]);
});

test("where too much was taken back, all of before a restart goes from the screen of who was away", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  ada.sendMessage("stays");
  await clock.pass(10);
  const admit = server.refuse("join-room", "UNAVAILABLE", { times: 1_000 });
  server.drop(ben);
  for (let count = 0; count < 200; count += 1) {
    ada.sendMessage("gone");
    await clock.pass(10);
    const { key } = ada.getSnapshot().messages.at(-1);
    await Promise.all([ada.deleteMessage(key, { undoMs: 0 }), clock.pass(10)]);
  }
  assert.equal(status(ben), "reconnecting");
  admit();
  server.restart();
  await clock.pass(12_000);
  assert.deepEqual([texts(ben), texts(ada)], [[], ["stays (sent)"]]);
});

test("a full room, a locked one, a wrong password and a ban are told as such", async (t) => {
  const { clock, server, ada, join, link } = await stage(t, { capacity: 2 });
  const ben = await join("Ben");
  await assert.rejects(join("Cyd"), { code: "ROOM_FULL" });
  await ada.ban(idOf(ben));
  await clock.pass(10);
  assert.deepEqual([status(ben), ben.getSnapshot().ending.reason], ["left", "banned"]);
  await ada.lock(true);
  await assert.rejects(join("Cyd"), { code: "ROOM_LOCKED" });
  const secret = server.makeRoom({ password: "a long one" });
  await assert.rejects(server.join(secret.link, { password: "another" }), { code: "PASSWORD_INVALID" });
  await ada.end();
  await clock.pass(10);
  await assert.rejects(server.join(link), { code: "ROOM_ENDED" });
});

test("who is kicked has left, and its seat is free", async (t) => {
  const { clock, ada, join } = await stage(t, { capacity: 2 });
  const ben = await join("Ben");
  await ada.kick(idOf(ben));
  await clock.pass(10);
  assert.equal(ben.getSnapshot().ending.reason, "kicked");
  assert.equal(status(await join("Cyd")), "joined");
});

test("a lobby: one knocks, the host opens, and who is sent away is told", async (t) => {
  const { clock, ada, link } = await stage(t, { lobby: true });
  const [ben, cyd] = ["Ben", "Cyd"].map((name) => openRoom(link, { name, storage: null }));
  const sentAway = assert.rejects(cyd.joined, { code: "KNOCK_REFUSED" });
  await clock.pass(10);
  assert.deepEqual([status(ben), status(cyd)], ["waiting", "waiting"]);
  const [first, second] = ada.getSnapshot().knocks;
  assert.deepEqual([first.name, second.name], ["Ben", "Cyd"]);
  await ada.answerKnock(first.knockId, true);
  await ada.answerKnock(second.knockId, false);
  await clock.pass(10);
  assert.equal(status(ben), "joined");
  await sentAway;
});

test("a refusal that may pass is waited for, and one that does not is shown", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  server.refuse("send-message", "RATE_LIMITED", { who: ben, times: 2, retryAfterMs: 5_000 });
  ben.sendMessage("patient");
  await clock.pass(9_000);
  assert.deepEqual(texts(ben), ["patient (sending)"]);
  await clock.pass(2_000);
  assert.deepEqual(texts(ada), ["patient (sent)"]);
  const calledOff = server.refuse("send-message", "FORBIDDEN", { times: 2 });
  ada.sendMessage("refused");
  await clock.pass(10);
  calledOff();
  ada.sendMessage("granted");
  await clock.pass(10);
  assert.deepEqual(texts(ada).slice(1), ["granted (sent)", "refused (failed)"]);
  assert.throws(() => server.refuse("send-message", "NO_SUCH_CODE"));
});

test("an answer that is lost doubles nothing: not a message, not a seat, not a one-time link", async (t) => {
  const { clock, server, ada, roomId } = await stage(t);
  const { link } = server.makeInvite(roomId);
  server.dropAnswer("join-room");
  server.dropAnswer("send-message");
  const ben = openRoom(link, { name: "Ben", storage: null });
  await clock.pass(2_000);
  assert.equal(status(ben), "joined");
  ben.sendMessage("once");
  await clock.pass(3_000);
  assert.deepEqual(texts(ada), ["once (sent)"]);
  assert.deepEqual(texts(ben), ["once (sent)"]);
  assert.deepEqual(names(ada), ["Ben"]);
});

test("a network that swallows everything is noticed by the message that nobody answers", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  server.silence(ben);
  ben.sendMessage("into the void");
  await clock.pass(5_000);
  assert.deepEqual([status(ben), ...texts(ben)], ["joined", "into the void (sending)"]);
  assert.deepEqual(texts(ada), []);
  await clock.pass(10_000);
  assert.deepEqual([status(ben), ...texts(ben)], ["joined", "into the void (sent)"]);
  assert.deepEqual(texts(ada), ["into the void (sent)"]);
});

test("without a word of one's own, the heartbeat notices", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  server.silence(ben);
  ada.sendMessage("unheard");
  await clock.pass(44_000);
  assert.deepEqual(texts(ben), []);
  await clock.pass(2_000);
  assert.deepEqual(texts(ben), ["unheard (sent)"]);
});

test("a slow network takes its time each way, and keeps the order", async (t) => {
  const { clock, server, ada, join } = await stage(t);
  const ben = await join("Ben");
  server.slow(ben, 300);
  for (const text of ["one", "two", "three"]) ada.sendMessage(text);
  ben.sendMessage("mine");
  await clock.pass(290);
  assert.deepEqual(texts(ben), ["mine (sending)"]);
  await clock.pass(320);
  assert.deepEqual(texts(ben).sort(), ["mine (sent)", "one (sent)", "three (sent)", "two (sent)"]);
  assert.deepEqual(texts(ada), ["one (sent)", "two (sent)", "three (sent)", "mine (sent)"]);
});

test("messages that disappear, polls that close and rooms that expire do so in their time", async (t) => {
  const { clock, server } = await stage(t);
  const { hostLink } = server.makeRoom({ expiresInS: 120 });
  const ada = await server.join(hostLink, { name: "Ada" });
  ada.sendMessage("soon gone", { ttlS: 10 });
  await ada.createPoll({ question: "Tea?", options: ["yes", "no"], closesInS: 20 });
  await clock.pass(11_000);
  assert.deepEqual(texts(ada), []);
  assert.equal(ada.getSnapshot().polls[0].closed, false);
  await clock.pass(10_000);
  assert.equal(ada.getSnapshot().polls[0].closed, true);
  const warned = [];
  ada.on("expiring", (warning) => warned.push(warning));
  await clock.pass(100_000);
  assert.equal(warned.length, 2);
  assert.equal(ada.getSnapshot().ending.reason, "room-expired");
});

const peerOf = (room) => room.call.getSnapshot().peers[0];

test("a call of two is connected, with what each sends", async (t) => {
  const { clock, ada, join, media } = await stage(t, { media: true });
  const ben = await join("Ben");
  await Promise.all([ada.call.start({ audio: true, video: true }), clock.pass(10)]);
  await Promise.all([ben.call.start({ audio: true, video: false }), clock.pass(10)]);
  await clock.pass(3_000);
  for (const room of [ada, ben]) assert.equal(peerOf(room).state, "connected");
  assert.equal(peerOf(ben).stream.getTracks().length, 2);
  assert.equal(ada.call.quality.getSnapshot().peers.get(idOf(ben)).bars, 4);
  assert.equal(ada.getSnapshot().participants[0].media.audio, true);
  assert.equal(media.devices.live.length, 3);
  await Promise.all([ben.call.setScreen(true), clock.pass(10)]);
  await clock.pass(100);
  assert.equal(peerOf(ada).screenStream.getVideoTracks().length, 1);
  ada.call.stop();
  ben.call.stop();
  await clock.pass(10);
  assert.equal(media.devices.live.length, 0);
});

test("a peer that is slow to connect is waited for, and a network that goes is come back from", async (t) => {
  const { clock, ada, join, media } = await stage(t, { media: { connectMs: 3_000 } });
  const ben = await join("Ben");
  for (const room of [ada, ben]) await Promise.all([room.call.start({ audio: true, video: false }), clock.pass(10)]);
  await clock.pass(1_000);
  assert.equal(peerOf(ada).state, "connecting");
  await clock.pass(3_000);
  assert.equal(peerOf(ada).state, "connected");
  media.connectMs = 0;
  media.cut();
  await clock.pass(1_000);
  assert.equal(peerOf(ada).state, "reconnecting");
  media.mend();
  await clock.pass(5_000);
  assert.equal(peerOf(ada).state, "connected");
});

test("devices that are forbidden, busy or unplugged say so", async (t) => {
  const { clock, ada, media } = await stage(t, { media: true });
  media.devices.failing.video = "NotAllowedError";
  await Promise.all([ada.call.start(), clock.pass(10)]);
  assert.equal(ada.call.getSnapshot().errors.video.code, "DEVICE_BLOCKED");
  assert.equal(ada.call.getSnapshot().audio, true);
  media.devices.plugIn("audioinput", "headset");
  const lost = new Promise((resolve) => ada.call.on("device-lost", resolve));
  media.devices.unplug("microphone");
  await clock.pass(10);
  assert.deepEqual(await lost, { slot: "audio", replaced: true });
  assert.deepEqual(media.devices.live.map(({ deviceId }) => deviceId), ["headset"]);
});

test("all of it ends with the test: other servers were never touched, and this one is gone", async () => {
  const before = { ...globalThis, fetch: globalThis.fetch, Date: globalThis.Date, setTimeout: globalThis.setTimeout };
  const clock = startTestClock({ now: 0 });
  const server = startTestServer({ url: "https://one.test" });
  const other = startTestServer({ url: "https://two.test" });
  const media = installTestMedia();
  assert.equal(Date.now(), 0);
  const rooms = [await server.join(server.makeRoom().link), await other.join(other.makeRoom().link)];
  assert.deepEqual(rooms.map(status), ["joined", "joined"]);
  other.stop();
  server.stop();
  await clock.settle();
  assert.deepEqual(rooms.map((room) => room.getSnapshot().ending.reason), ["room-ended", "room-ended"]);
  media.restore();
  clock.restore();
  for (const name of ["fetch", "setTimeout", "Date", "RTCPeerConnection", "MediaStream"]) {
    assert.equal(globalThis[name], before[name], name);
  }
  assert.equal(globalThis[Symbol.for("mayfly")], undefined);
});
