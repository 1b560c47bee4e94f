/** A room in memory: seats, who is host, who is let in, and what everybody is told, by the rules of docs/protocol.md. */

import { newId } from "../core/entry.js";
import { refuse } from "./codes.js";
import { replayable } from "./replay.js";
import { Retractions } from "./retractions.js";
import { about, bare, clean, guestName, iso, LIMITS, NO_MEDIA, Seat, visible } from "./seat.js";

const DAY_S = 86_400;
const RECEIPTS_CAPACITY = 50;
const KNOCK_INVITE_S = 300;
const BACKLOG = 50;

export class TestRoom {
  id = newId().slice(0, 26);
  hostKey = newId();
  epoch = newId().slice(0, 16);
  seq = 0;
  locked = false;
  hostId = null;
  pinned = null;
  ended = false;
  inviteOnly = false;
  lobby = false;
  encrypted = false;
  ordinals = 0;
  /** @type {Map<string, Seat>} */
  seats = new Map();
  invites = new Map();
  knocks = new Map();
  banned = new Set();
  /** Ids of seats that have ended → why, and the token. */
  gone = new Map();
  history = [];
  /** message id → message */
  messages = new Map();
  /** What all have seen who were to see it once, for a minute. */
  viewed = new Map();
  polls = new Map();
  retractions = new Retractions();
  createdAt = Date.now();

  /**
   * @param {import("../testing.js").TestRoomWish & {encrypted?: boolean, keyCheck?: string}} wish as `POST /api/rooms` takes it
   * @param {{later: Function, graceS: number}} server
   */
  constructor(wish, server) {
    this.server = server;
    this.capacity = wish.capacity ?? 8;
    this.password = wish.password ?? null;
    for (const name of ["inviteOnly", "lobby", "encrypted", "receipts"]) this[name] = Boolean(wish[name]);
    this.receipts = wish.receipts ?? true;
    this.keyCheck = wish.keyCheck ?? undefined;
    this.messageTtlS = wish.messageTtlS ?? null;
    this.expireIn(wish.expiresInS ?? DAY_S);
  }

  get isSmall() {
    return this.capacity <= RECEIPTS_CAPACITY;
  }

  get view() {
    const { id, capacity, hostId, inviteOnly, lobby, encrypted, messageTtlS, createdAt, expiresAt, keyCheck } = this;
    const status = this.ended ? "ended" : this.locked ? "locked" : "open";
    return {
      id, status, capacity, participantCount: this.seats.size, hostId, inviteOnly, passwordRequired: this.password !== null,
      lobby, encrypted, receipts: this.receipts && this.isSmall, messageTtlS, pinnedMessageId: this.pinned,
      createdAt: iso(createdAt), expiresAt: iso(expiresAt),
      ...(keyCheck === undefined ? {} : { keyCheck }),
    };
  }

  expireIn(seconds) {
    const expiresAt = (this.expiresAt = Date.now() + seconds * 1_000);
    const holds = () => this.expiresAt === expiresAt && !this.ended;
    for (const ahead of [60, 10]) {
      const warn = () => holds() && this.tell("room-expiring", { expiresAt: iso(expiresAt) });
      if (seconds > ahead) this.server.later((seconds - ahead) * 1_000, warn);
    }
    this.server.later(seconds * 1_000, () => holds() && this.end("room-expired"));
  }

  // Telling

  /**
   * To whoever is there.
   * @param {string} event @param {object} fields @param {{to?: string | null, but?: string | null}} [whom] participant ids
   */
  tell(event, fields, { to = null, but = null } = {}) {
    for (const seat of this.seats.values()) {
      if (seat.id !== but && (to === null || seat.id === to)) seat.hear(event, { roomId: this.id, ...fields });
    }
  }

  /**
   * A durable event.
   * @param {string} event @param {(viewer: Seat) => object} fields
   * @param {{audience?: string[] | null, but?: string | null, about?: object}} [more]
   * `audience`: those who may ever hear of it; `but`: is not told now; `about`: what a replay goes by
   */
  happened(event, fields, { audience = null, but = null, about = {} } = {}) {
    const seq = (this.seq += 1);
    const payload = (viewer) => ({ roomId: this.id, seq, ...fields(viewer) });
    this.history.push({ seq, event, payload, audience, about });
    for (const seat of this.seats.values()) {
      if (seat.id !== but && (!audience || audience.includes(seat.id))) seat.hear(event, payload(seat));
    }
    return seq;
  }

  updated(seat, change) {
    const participant = seat.view;
    const but = change === "connected" ? seat.id : null;
    this.happened("user-updated", () => ({ participant }), { but, about: { member: seat.id, change } });
  }

  changed() {
    const room = this.view;
    this.happened("room-updated", () => ({ room }));
  }

  // Coming

  /** The seat for a join; throws a refusal. */
  admit(request, socket) {
    const { hostKey, invite, password, resume, clientJoinId } = request;
    if (resume) return this.#reclaim(resume);
    const own = clientJoinId && [...this.seats.values()].find((seat) => seat.joinId === clientJoinId);
    if (own) return own;
    if (hostKey && hostKey !== this.hostKey) refuse("FORBIDDEN");
    let use = null;
    if (!hostKey) {
      if (!invite && this.banned.has(socket.device)) refuse("BANNED");
      if (this.locked) refuse("ROOM_LOCKED");
      if (!invite && this.inviteOnly) refuse("INVITE_REQUIRED");
      if (this.password !== null && !password) refuse("PASSWORD_REQUIRED");
      if (this.password !== null && password !== this.password) refuse("PASSWORD_INVALID");
      if (!invite && this.lobby) refuse("LOBBY_WAITING");
      use = invite ? this.checkInvite(invite, clientJoinId) : null;
    }
    if (this.seats.size >= this.capacity) refuse("ROOM_FULL", { retryAfterMs: 5_000 });
    if (use && !use.regretted.delete(clientJoinId)) use.used += 1;
    this.knocks.delete(socket.device);
    const ordinal = (this.ordinals += 1);
    const name = clean(request.name) || guestName(ordinal);
    const seat = new Seat({ name, media: bare(request.media ?? {}), ordinal, joinId: clientJoinId });
    seat.invite = use;
    this.#sit(seat, socket, Boolean(hostKey));
    return seat;
  }

  #sit(seat, socket, asHost) {
    const isFirst = this.hostId === null;
    if (isFirst) Object.assign(this, { hostId: seat.id }), (seat.role = "host");
    seat.socket = socket;
    this.seats.set(seat.id, seat);
    const participant = seat.view;
    // Of two seats the later one is polite: towards a newcomer nobody is.
    const fields = () => ({ participant, polite: false, participantCount: this.seats.size });
    this.happened("user-joined", fields, { about: { member: seat.id, change: "joined" } });
    if (asHost && !isFirst) this.makeHost(seat);
  }

  #reclaim({ participantId, resumeToken }) {
    const seat = this.seats.get(participantId);
    if (seat?.token === resumeToken) return seat;
    const gone = this.gone.get(participantId);
    if (gone?.reason === "banned") refuse("BANNED");
    refuse(gone?.token === resumeToken && gone.reason !== "kicked" ? "RESUME_EXPIRED" : "RESUME_INVALID");
  }

  /** Somebody takes the seat back, which may still be held. */
  takeBack(seat, socket) {
    if (seat.socket === socket) return;
    const before = seat.socket;
    seat.graceOver?.();
    Object.assign(seat, { socket, arrives: true });
    if (before) {
      before.deliver("room-left", { roomId: this.id, reason: "replaced", action: "none" });
      before.seats.delete(this.id);
    } else this.updated(seat, "connected");
  }

  /** The full picture, or what was missed. */
  snapshot(seat, resume) {
    const continues = resume && resume.epoch === this.epoch && Number.isInteger(resume.lastSeq) && resume.lastSeq <= this.seq;
    const missed = continues ? replayable(this.history.filter(({ seq }) => seq > resume.lastSeq), seat) : null;
    const others = [...this.seats.values()].filter((other) => other !== seat);
    const said = [...this.messages.values()].filter((message) => visible(message, seat.id)).slice(-BACKLOG);
    const untold = this.retractions.untold(this, resume ?? {});
    this.retractions.mark(this.epoch);
    const reads = [...this.seats.values()].filter(({ readSeq }) => readSeq).map(({ id, readSeq }) => [id, readSeq]);
    return {
      roomId: this.id,
      self: seat.view,
      room: this.view,
      participants: others.map((other) => ({ ...other.view, polite: seat.ordinal > other.ordinal })),
      typing: others.filter(({ typing }) => typing).map(({ id }) => id),
      messages: missed ? [] : said.map((message) => message.view(seat.id)),
      polls: [...this.polls.values()].map((poll) => poll.view(this.isSmall)),
      ...(this.receipts && this.isSmall ? { reads: Object.fromEntries(reads) } : {}),
      iceServers: [],
      iceExpiresAt: null,
      epoch: this.epoch,
      seq: this.seq,
      recovered: Boolean(missed),
      ...(missed ? { missed } : untold),
      resumeToken: seat.token,
      resumeTtlS: this.server.graceS,
      limits: LIMITS,
    };
  }

  // Hosts

  makeHost(seat) {
    const old = this.seats.get(this.hostId);
    if (old === seat) return;
    this.hostId = seat.id;
    if (old) {
      old.role = "member";
      this.updated(old, "role");
    }
    seat.role = "host";
    this.updated(seat, "role");
    this.changed();
    this.tellKnocks();
  }

  tellKnocks(only) {
    for (const [device, { knockId, name }] of this.knocks) {
      if (!only || only === device) this.tell("knock-received", { knockId, name }, { to: this.hostId });
    }
  }

  // Going

  /** The connection is gone: the seat waits. */
  drop(seat) {
    seat.socket = null;
    this.stopTyping(seat);
    this.updated(seat, "connected");
    seat.graceOver = this.server.later(this.server.graceS * 1_000, () => seat.socket ?? this.leave(seat, "timeout"));
  }

  leave(seat, reason) {
    if (!this.seats.delete(seat.id)) return;
    seat.graceOver?.();
    this.gone.set(seat.id, { reason, token: seat.token });
    if (reason === "left" && seat.invite && seat.joinId) seat.invite.regretted.add(seat.joinId);
    this.stopTyping(seat);
    this.happened("user-left", () => ({ participantId: seat.id, reason, participantCount: this.seats.size }));
    for (const message of [...this.messages.values()]) {
      // Nobody waits for one who has left to see what is seen once.
      if (message.viewers?.delete(seat.id) && !message.viewers.size) this.erase(message, "", "viewed");
    }
    seat.socket?.seats.delete(this.id);
    seat.socket?.deliver("room-left", { roomId: this.id, reason, action: "none" });
    if (this.hostId !== seat.id) return;
    this.hostId = null;
    const heirs = [...this.seats.values()].sort((a, b) => Number(!a.socket) - Number(!b.socket) || a.ordinal - b.ordinal);
    if (heirs[0]) this.makeHost(heirs[0]);
  }

  end(reason) {
    if (this.ended) return;
    this.ended = true;
    this.reason = reason;
    for (const seat of this.seats.values()) {
      seat.graceOver?.();
      seat.socket?.deliver("room-left", { roomId: this.id, reason, action: "none" });
      seat.socket?.seats.delete(this.id);
    }
    for (const part of [this.seats, this.messages, this.viewed, this.polls, this.knocks, this.invites, this.gone]) part.clear();
    this.history.length = 0;
  }

  /** As after a restart of a server with a database: seats without connections, and nothing of what was said but what was taken back. */
  restart() {
    this.epoch = newId().slice(0, 16);
    this.seq = 0;
    this.history.length = 0;
    this.pinned = null;
    for (const part of [this.messages, this.polls, this.knocks]) part.clear();
    const anew = () => ({ inCall: false, saidInCall: false, typing: false, readSeq: 0, waiting: [], media: NO_MEDIA });
    for (const seat of this.seats.values()) Object.assign(seat, anew());
  }

  /** Takes a message away, with everything that hung on it. */
  erase(message, by, reason) {
    this.messages.delete(message.id);
    message.gone = true;
    const { id } = message;
    const seq = this.happened("message-deleted", () => ({ id, by, reason }), about(message));
    // Whoever holds what has expired knows when it does.
    if (reason !== "expired") this.retractions.note(message, seq, "deleted");
    if (this.pinned !== id) return seq;
    this.pinned = null;
    this.changed();
    return seq;
  }

  stopTyping(seat) {
    if (!seat.typing) return;
    seat.typing = false;
    this.tell("typing-changed", { participantId: seat.id, isTyping: false }, { but: seat.id });
  }

  // Invites

  addInvite(uses = 1, expiresInS = (this.expiresAt - Date.now()) / 1_000) {
    const now = Date.now();
    const invite = { inviteId: newId().slice(0, 16), uses, used: 0, createdAt: now, expiresAt: now + expiresInS * 1_000 };
    /** Joins that were given up, and may be repeated. */
    invite.regretted = new Set();
    const token = newId();
    this.invites.set(token, invite);
    return { ...viewOf(invite), invite: token };
  }

  get inviteViews() {
    return [...this.invites.values()].map(viewOf);
  }

  revokeInvite(id) {
    const invite = [...this.invites.values()].find(({ inviteId }) => inviteId === id);
    if (!invite) refuse("INVITE_INVALID");
    invite.revoked = true;
  }

  admitKnock = () => this.addInvite(1, KNOCK_INVITE_S).invite;

  checkInvite(token, joinId) {
    const invite = this.invites.get(token);
    if (!invite || invite.revoked) refuse("INVITE_INVALID");
    if (invite.expiresAt <= Date.now()) refuse("INVITE_EXPIRED");
    if (invite.used >= invite.uses && !invite.regretted.has(joinId)) refuse("INVITE_USED");
    return invite;
  }
}

const viewOf = ({ inviteId, uses, used, createdAt, expiresAt, revoked = false }) =>
  ({ inviteId, uses, used, createdAt: iso(createdAt), expiresAt: iso(expiresAt), revoked });
