/**
 * What a server answers and tells, step by step: `node transcript.mjs memory|URL` prints it as JSON. With `memory` it is the one of
 * `@mayfly/client/testing`, else one that runs. Both are asked the same.
 */

import { io } from "../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { startTestServer } from "../../client/testing.js";
import { PACE } from "./pace.mjs";

const [where] = process.argv.slice(2);
const memory = where === "memory" ? startTestServer() : null;
const url = memory?.url ?? where;
const HOOK = globalThis[Symbol.for("mayfly")];
const ACK_MS = 5_000 * PACE;
const lines = [];
const clients = {};

const rest = async (method, path, { key, body } = {}) => {
  const headers = { ...(key ? { Authorization: `Bearer ${key}` } : {}), "Content-Type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const said = await response.json();
  lines.push({ rest: `${method} ${path.replace(/rooms\/[^/]+/, "rooms/ID").replace(/invites\/.+/, "invites/ID")}`, status: response.status, said });
  return said;
};

async function connect(name) {
  const socket = (HOOK?.(url) ?? io)(url, { forceNew: true, transports: ["websocket"], auth: { offsets: false }, reconnection: false });
  const heard = [];
  socket.onAny((event, payload) => heard.push({ event, payload }));
  const there = new Promise((resolve) => socket.on("connect", resolve));
  socket.connect();
  await there;
  clients[name] = { socket, heard, again: clients[name]?.again ?? [] };
}

/** A request, and then what everybody has heard of it. */
async function ask(name, event, fields) {
  const { socket } = clients[name];
  const ack = await new Promise((resolve, reject) =>
    socket.timeout(ACK_MS).emit(event, fields, (lost, answer) => (lost ? reject(new Error(`${event}: no answer`)) : resolve(answer))),
  );
  const told = {};
  // All that was told before is there once each has been answered something.
  for (const [who, client] of Object.entries(clients)) {
    await new Promise((resolve) => client.socket.timeout(ACK_MS).emit("a-round-trip", {}, resolve));
    if (client.heard.length) told[who] = client.heard.splice(0);
  }
  lines.push({ who: name, event, ack, told });
  return ack.data ?? {};
}

async function gone(name) {
  clients[name].socket.disconnect();
  delete clients[name];
  const told = {};
  for (const [who, client] of Object.entries(clients)) {
    const knows = () => client.heard.some(({ payload }) => payload.participant?.connected === false);
    while (!knows()) await new Promise((resolve) => setTimeout(resolve, 5));
    told[who] = client.heard.splice(0);
  }
  lines.push({ gone: name, told });
}

const made = await rest("POST", "/api/rooms", { body: { capacity: 4 } });
const { roomId, hostKey } = made;
const r = (fields = {}) => ({ roomId, ...fields });
await rest("GET", `/api/rooms/${roomId}`);
await rest("GET", "/api/rooms/nosuchroom");
for (const name of ["ada", "ben", "cyd"]) await connect(name);

// Coming in
await ask("ada", "join-room", { roomId: "nosuchroom" });
await ask("ada", "send-message", r({ text: "too early" }));
const ada = await ask("ada", "join-room", r({ name: "  Ada   L. ", snapshot: "ack" }));
await ask("ada", "join-room", r());
const ben = await ask("ben", "join-room", r({ name: "Ben", media: { audio: true }, clientJoinId: "a-join-of-ben-1234" }));
await ask("cyd", "join-room", r({ hostKey: "wrong" }));
await ask("cyd", "join-room", r({ name: "Cyd", hostKey, snapshot: "event" }));
await ask("cyd", "transfer-host", r({ participantId: ada.self.id }));
await ask("ben", "transfer-host", r({ participantId: ben.self.id }));

// Talking
const one = await ask("ada", "send-message", r({ text: "one", clientMessageId: "m1", kind: "text", data: { a: 1 } }));
await ask("ada", "send-message", r({ text: "one", clientMessageId: "m1" }));
await ask("ben", "send-message", r({ text: "private", to: ada.self.id }));
await ask("ben", "send-message", r({ text: "nobody", to: "nosuchone" }));
await ask("ben", "send-message", r({ text: "" }));
await ask("ben", "send-message", r({ text: "x".repeat(4_001) }));
await ask("ben", "typing", r({ isTyping: true }));
const answered = await ask("ben", "send-message", r({ text: "answer", replyTo: one.id, ttlS: 600 }));
await ask("ada", "edit-message", r({ id: one.id, text: "one, edited" }));
await ask("ben", "edit-message", r({ id: one.id, text: "not mine" }));
await ask("ben", "react", r({ id: one.id, emoji: "👍", on: true }));
await ask("ben", "react", r({ id: one.id, emoji: "👍", on: true }));
await ask("cyd", "react", r({ id: "nosuchone", emoji: "👍", on: true }));
await ask("ben", "read", r({ seq: 1_000 }));
await ask("ada", "pin-message", r({ id: one.id }));
await ask("ben", "pin-message", r({ id: null }));
await ask("ben", "delete-message", r({ id: one.id }));
await ask("ada", "delete-message", r({ id: answered.id }));
await ask("ada", "delete-message", r({ id: one.id }));
const once = await ask("ada", "send-message", r({ text: "once", viewOnce: true }));
await ask("ada", "view-message", r({ id: once.id }));
await ask("ben", "view-message", r({ id: once.id }));
await ask("ben", "view-message", r({ id: once.id }));
await ask("cyd", "view-message", r({ id: once.id }));

// Polls
const poll = await ask("ben", "create-poll", r({ question: "Tea?", options: ["yes", "no"] }));
const { pollId } = poll;
await ask("cyd", "vote", r({ pollId, choices: [1] }));
await ask("cyd", "vote", r({ pollId, choices: [0, 1] }));
await ask("cyd", "vote", r({ pollId: "nosuchone", choices: [] }));
await ask("cyd", "close-poll", r({ pollId }));
await ask("ben", "close-poll", r({ pollId }));
await ask("cyd", "vote", r({ pollId, choices: [0] }));
const secret = await ask("ada", "create-poll", r({ question: "Who?", options: ["a", "b"], anonymous: true, multiple: true }));
await ask("ben", "vote", r({ pollId: secret.pollId, choices: [0, 1] }));
await ask("ada", "delete-poll", r({ pollId }));

// Oneself, and calls
await ask("ben", "update-media", r({ video: true, handRaised: true }));
await ask("ben", "update-media", r({ video: true }));
await ask("ben", "update-self", r({ name: "Benjamin", idle: true, attributes: { mood: "fine" } }));
await ask("ben", "broadcast", r({ type: "pointer", data: [1, 2] }));
await ask("ben", "broadcast", r({ type: "pointer", data: 3, to: ben.self.id }));
await ask("ben", "call-state", r({ state: "joined" }));
await ask("ben", "offer", r({ description: { type: "offer", sdp: "v=0" } }));
await ask("ben", "offer", r({ to: ada.self.id, negotiationId: "n1", description: { type: "offer", sdp: "v=0" } }));
await ask("ada", "answer", r({ to: ben.self.id, negotiationId: "n1", description: { type: "answer", sdp: "v=0" } }));
await ask("ada", "ice-candidate", r({ to: ben.self.id, negotiationId: "n1", candidate: null }));
await ask("ben", "call-state", r({ state: "ended" }));
await ask("ben", "get-ice-servers", r());

// Going and coming back
await gone("ben");
const left = await ask("ada", "send-message", r({ text: "while Ben is away" }));
await ask("ada", "react", r({ id: left.id, emoji: "🔥", on: true }));
const wrong = await ask("ada", "send-message", r({ text: "soon deleted" }));
await ask("ada", "delete-message", r({ id: wrong.id }));
await ask("ada", "edit-message", r({ id: left.id, text: "while Ben was away" }));
await ask("ada", "update-media", r({ audio: true }));
await ask("ada", "update-media", r({ audio: false, video: true }));
await ask("ada", "ice-candidate", r({ to: ben.self.id, candidate: { candidate: "candidate:1" } }));
await connect("ben");
await ask("ben", "join-room", r({ resume: { participantId: ben.self.id, resumeToken: "wrong" } }));
const resume = { participantId: ben.self.id, resumeToken: ben.resumeToken, epoch: ada.epoch, lastSeq: ben.seq };
await ask("ben", "join-room", r({ resume, snapshot: "ack" }));
await connect("bens-other-tab");
await ask("bens-other-tab", "join-room", r({ resume: { participantId: ben.self.id, resumeToken: ben.resumeToken }, snapshot: "ack" }));

// The door
const invite = await rest("POST", `/api/rooms/${roomId}/invites`, { key: hostKey, body: { uses: 1 } });
await rest("POST", `/api/rooms/${roomId}/invites`, { key: "wrong", body: {} });
await rest("GET", `/api/rooms/${roomId}/invite`, { key: invite.invite });
const withdrawn = await rest("POST", `/api/rooms/${roomId}/invites`, { key: hostKey, body: { uses: 2 } });
await rest("DELETE", `/api/rooms/${roomId}/invites/${withdrawn.inviteId}`, { key: hostKey });
await rest("DELETE", `/api/rooms/${roomId}/invites/nosuchone`, { key: hostKey });
await rest("GET", `/api/rooms/${roomId}/invite`, { key: withdrawn.invite });
await rest("GET", `/api/rooms/${roomId}/invites`, { key: hostKey });
await rest("GET", `/api/rooms/${roomId}/invites`);
await ask("ada", "update-room", r({ lobby: true }));
await ask("ada", "update-room", r({ lobby: true }));
await connect("dan");
await ask("dan", "join-room", r({ name: "Dan" }));
await ask("dan", "knock", r({ name: "Dan" }));
await ask("ada", "answer-knock", r({ knockId: "nosuchone", admit: true }));
const { knockId } = lines.at(-2).told.ada[0].payload;
await ask("ada", "answer-knock", r({ knockId, admit: true }));
const admitted = lines.at(-1).told.dan[0].payload.invite;
const dan = await ask("dan", "join-room", r({ name: "Dan", invite: admitted }));
await connect("eve");
await ask("eve", "join-room", r({ invite: admitted }));
await ask("eve", "join-room", r({ invite: "wrong" }));
await ask("eve", "join-room", r({ invite: invite.invite }));
await ask("ada", "update-room", r({ locked: true, lobby: false, receipts: false }));
await ask("eve", "join-room", r());
await ask("ada", "update-room", r({ locked: false }));
await ask("ada", "kick", r({ participantId: "nosuchone" }));
await ask("ada", "kick", r({ participantId: ada.self.id }));
await ask("ada", "kick", r({ participantId: dan.self.id }));
await ask("dan", "join-room", r({ invite: invite.invite }));
await ask("ada", "leave-room", r());
await ask("cyd", "no-such-event", r());
await ask("bens-other-tab", "end-room", r());
await ask("cyd", "end-room", r());
await ask("eve", "join-room", r());
await rest("GET", `/api/rooms/${roomId}`);

// Another one, that is encrypted and has a password
const wish = { encrypted: true, keyCheck: "check", password: "a long one", inviteOnly: true, messageTtlS: 60 };
const sealed = await rest("POST", "/api/rooms", { body: wish });
const s = (fields) => ({ roomId: sealed.roomId, ...fields });
await ask("eve", "join-room", s({}));
await ask("eve", "join-room", s({ hostKey: sealed.hostKey, name: "sealed" }));
await ask("eve", "send-message", s({ text: "in the clear" }));
await ask("eve", "send-message", s({ text: "sealed", encrypted: true }));
await ask("eve", "create-poll", s({ question: "?", options: ["a", "b"] }));
const way = await rest("POST", `/api/rooms/${sealed.roomId}/invites`, { key: sealed.hostKey, body: {} });
await ask("cyd", "join-room", s({ invite: way.invite }));
await ask("cyd", "join-room", s({ invite: way.invite, password: "another" }));
await ask("cyd", "join-room", s({ invite: way.invite, password: "a long one", name: "Cyd", snapshot: "ack" }));

memory?.stop();
for (const { socket } of Object.values(clients)) socket.disconnect();
process.stdout.write(JSON.stringify(lines));
