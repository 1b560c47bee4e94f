/** What each request does in a room in memory. `ask` has the room, the seat of who asks, and what it says. */

import { newId } from "../core/entry.js";
import { Refusal, refuse } from "./codes.js";
import { deleteMessage, editMessage, found, react, sendMessage, viewMessage } from "./messages.js";
import { closePoll, createPoll, deletePoll, vote } from "./polls.js";
import { bare, clean, has } from "./seat.js";

const CHANGES_OF_CALL = new Set(["joined", "ended"]);

function asHost({ room, seat }) {
  if (room.hostId !== seat.id) refuse("FORBIDDEN");
}

function other({ room }, id) {
  return room.seats.get(id) ?? refuse("PEER_NOT_FOUND");
}

function read({ room, seat, fields }) {
  const reached = Math.min(fields.seq, room.seq);
  if (!room.view.receipts || reached <= seat.readSeq) return {};
  seat.readSeq = reached;
  room.tell("read-changed", { participantId: seat.id, seq: reached });
  return {};
}

/** An offer, an answer or a candidate: now, or when its target is back. */
const signal = (event) => (ask) => {
  const { room, seat, fields } = ask;
  const others = [...room.seats.values()].filter(({ id }) => id !== seat.id);
  const there = others.filter(({ socket }) => socket);
  const meant = has(fields.to) ? others.filter(({ id }) => id === fields.to) : there.length ? there : others;
  if (meant.length !== 1) refuse(has(fields.to) ? "PEER_NOT_FOUND" : "TARGET_REQUIRED");
  const [target] = meant;
  const { description, candidate, negotiationId } = fields;
  const body = event === "ice-candidate" ? { candidate } : { description };
  const payload = { roomId: room.id, from: seat.id, ...bare({ negotiationId }), ...body };
  if (event !== "ice-candidate" && !seat.saidInCall) inCall(room, seat, true);
  if (target.socket) target.socket.deliver(`${event}-received`, payload);
  else target.waiting.push([`${event}-received`, payload]);
  return { delivery: target.socket ? "sent" : "buffered" };
};

function inCall(room, seat, on) {
  if (seat.inCall === on) return;
  seat.inCall = on;
  room.updated(seat, "call");
}

function callState({ room, seat, fields }) {
  if (CHANGES_OF_CALL.has(fields.state)) seat.saidInCall = true;
  if (fields.state !== "failed") inCall(room, seat, fields.state !== "ended");
  return {};
}

function updateMedia({ room, seat, fields }) {
  const { audio, video, screen, handRaised, canCall } = fields;
  const before = JSON.stringify(seat.media);
  seat.media = { ...seat.media, ...bare({ audio, video, screen, handRaised, canCall }) };
  if (JSON.stringify(seat.media) !== before) room.updated(seat, "media");
  return {};
}

function updateSelf({ room, seat, fields }) {
  const before = JSON.stringify(seat.view);
  if (has(fields.name)) seat.name = clean(fields.name) || seat.name;
  if (has(fields.idle)) seat.idle = fields.idle;
  if (has(fields.attributes)) seat.attributes = fields.attributes;
  if (JSON.stringify(seat.view) !== before) room.updated(seat, "self");
  return { seq: room.seq };
}

function broadcast({ room, seat, fields }) {
  const { type, data, to } = fields;
  if (has(to) && (to === seat.id || !room.seats.has(to))) refuse("PEER_NOT_FOUND");
  const reached = [...room.seats.values()].filter(({ id, socket }) => socket && id !== seat.id && (!has(to) || id === to));
  room.tell("broadcast-received", { from: seat.id, type, data }, { to: to ?? null, but: seat.id });
  return { deliveredTo: reached.length };
}

function typing({ room, seat, fields }) {
  const isTyping = fields.isTyping ?? true;
  if (!isTyping) room.stopTyping(seat);
  else if (!seat.typing) {
    seat.typing = true;
    room.tell("typing-changed", { participantId: seat.id, isTyping }, { but: seat.id });
  }
  return {};
}

function putOut(reason) {
  return (ask) => {
    const { room, seat, fields } = ask;
    asHost(ask);
    const target = other(ask, fields.participantId);
    if (target === seat) refuse("FORBIDDEN");
    const { socket } = target;
    if (reason === "banned" && socket) room.banned.add(socket.device);
    socket?.removedFrom.add(room.id);
    room.leave(target, reason);
    return {};
  };
}

function updateRoom(ask) {
  const { room, fields } = ask;
  asHost(ask);
  const before = JSON.stringify(room.view);
  Object.assign(room, bare({ locked: fields.locked, capacity: fields.capacity, lobby: fields.lobby, receipts: fields.receipts }));
  if ("messageTtlS" in fields) room.messageTtlS = fields.messageTtlS;
  if (has(fields.expiresInS)) room.expireIn(fields.expiresInS);
  if (JSON.stringify(room.view) !== before) room.changed();
  return room.view;
}

function pinMessage(ask) {
  const { room, fields } = ask;
  asHost(ask);
  if (fields.id !== null && found(ask).to) refuse("FORBIDDEN");
  if (room.pinned !== fields.id) {
    room.pinned = fields.id;
    room.changed();
  }
  return { seq: room.seq };
}

function answerKnock(ask) {
  const { room, fields } = ask;
  asHost(ask);
  const [device, knock] = [...room.knocks].find(([, { knockId }]) => knockId === fields.knockId) ?? refuse("PEER_NOT_FOUND");
  room.knocks.delete(device);
  const invite = fields.admit ? { invite: room.admitKnock() } : {};
  knock.socket.deliver("knock-answered", { roomId: room.id, admitted: fields.admit, ...invite });
  return {};
}

const hosting = (act) => (ask) => (asHost(ask), act(ask), {});

/** Requests of who has a seat. */
export const REQUESTS = {
  "leave-room": ({ room, seat }) => (room.leave(seat, "left"), {}),
  "send-message": sendMessage,
  "edit-message": editMessage,
  "delete-message": deleteMessage,
  "view-message": viewMessage,
  react,
  read,
  "create-poll": createPoll,
  vote,
  "close-poll": closePoll,
  "delete-poll": deletePoll,
  offer: signal("offer"),
  answer: signal("answer"),
  "ice-candidate": signal("ice-candidate"),
  "get-ice-servers": () => ({ iceServers: [], expiresAt: null }),
  "call-state": callState,
  "update-media": updateMedia,
  "update-self": updateSelf,
  broadcast,
  typing,
  "answer-knock": answerKnock,
  kick: putOut("kicked"),
  ban: putOut("banned"),
  "update-room": updateRoom,
  "pin-message": pinMessage,
  "transfer-host": hosting((ask) => ask.room.makeHost(other(ask, ask.fields.participantId))),
  "end-room": hosting(({ room }) => room.end("room-ended")),
};

/** Of who stands at the door. */
export const AT_THE_DOOR = {
  "join-room"({ room, socket, fields }) {
    if (socket.removedFrom.has(room.id)) refuse("FORBIDDEN");
    const held = socket.seats.get(room.id);
    if (held && fields.resume?.participantId !== held.id) refuse("ALREADY_JOINED");
    const seat = room.admit(fields, socket);
    room.takeBack(seat, socket);
    socket.seats.set(room.id, seat);
    const picture = room.snapshot(seat, fields.resume);
    seat.arrives = false;
    if (fields.snapshot !== "ack") socket.deliver("room-joined", picture);
    for (const [event, payload] of seat.waiting.splice(0)) socket.deliver(event, payload);
    if (room.hostId === seat.id) room.tellKnocks();
    if (fields.snapshot !== "event") return picture;
    return { roomId: room.id, participantId: seat.id, resumeToken: seat.token, resumeTtlS: picture.resumeTtlS };
  },
  knock({ room, socket, fields }) {
    if (room.banned.has(socket.device)) refuse("BANNED");
    if (!room.lobby) refuse("FORBIDDEN");
    if (room.locked) refuse("ROOM_LOCKED");
    room.knocks.set(socket.device, { knockId: newId().slice(0, 16), name: clean(fields.name) || "Guest", socket });
    room.tellKnocks(socket.device);
    return {};
  },
};

/** The answer to a request, as its acknowledgement carries it. */
export function answer(act) {
  try {
    return { ok: true, data: act() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, error: error.error };
  }
}
