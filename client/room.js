/**
 * A room as this browser sees it: one object that connects, joins, comes back by itself, and holds a snapshot of
 * everything known. Types and the meaning of each field: `index.d.ts`.
 */

import { Call } from "./call/call.js";
import { Connection } from "./core/connection.js";
import { openKeyring } from "./crypto/crypto.js";
import { canCall } from "./call/devices.js";
import { Entry } from "./core/entry.js";
import { asMayflyError, MayflyError } from "./errors.js";
import { UNNAMED } from "./core/crowd.js";
import { hostActions } from "./core/host-actions.js";
import { Intake } from "./core/intake.js";
import { KeyGuard } from "./core/key.js";
import { parseLink } from "./core/link.js";
import { SelfActions } from "./core/self-actions.js";
import { Sequence } from "./core/sequence.js";
import { Session } from "./core/session.js";
import { EMPTY_ROOM } from "./core/snapshot.js";
import { Emitter, Store } from "./core/store.js";
import { Talk } from "./talk.js";

const SAVE_DELAY_MS = 200;
const LEAVE_TIMEOUT_MS = 2_000;
/** How long whoever leaves waits for what was said just before to be sent. */
const LEAVE_FLUSH_MS = 2_000;
/** How long a missing `seq` may be on its way before the room asks for it, and how often it asks at most. */
const GAP_PATIENCE_MS = 1_500;
const GAP_REPAIR_EVERY_MS = 15_000;

export class Room {
  #link;
  #options;
  #store;
  #emitter = new Emitter();
  #connection;
  #entry;
  #intake;
  #talk;
  #me;
  #session;
  #sequence = new Sequence();
  #keyring = null;
  #credentials = {};
  #settle = {};
  #timers = {};
  #keyGuard;
  #leaving = null;
  #over = new AbortController();
  /** Whether the seat is held by the present connection. */
  #seated = false;
  /** Counts connections made and lost, to tell an answer of an earlier one. */
  #connectionNumber = 0;

  /** @param {{io: typeof import("socket.io-client").io, link: string | URL, options?: import("./index.js").JoinOptions}} parts */
  constructor({ io, link, options = {} }) {
    this.#link = parseLink(link);
    this.#options = options;
    const server = options.server ?? this.#link.server;
    this.#store = new Store({ ...EMPTY_ROOM, encrypted: Boolean(this.#link.e2e) });
    this.#session = new Session(this.#link.roomId, options.storage);
    this.#talk = new Talk(this.#talkPort(server));
    this.#me = new SelfActions(this.#selfPort(), { ...(canCall() ? {} : { canCall: false }), ...options.media });
    Object.assign(this, this.#talk.api, this.#me.api, hostActions(this.request, this.#store));
    /** Fulfilled once inside; rejected with why not. */
    this.joined = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.joined.catch(() => {}); // Whoever watches the snapshot need not handle it.
    this.#restore();
    this.#keyGuard = new KeyGuard(server, this.id, this.#over.signal);
    this.#connection = new Connection(io, server, this.#connectionListeners(), options.socket);
    this.#entry = new Entry(this.#entryPort(), this.#session.load()?.clientJoinId);
    this.#intake = new Intake(this.#intakePort());
    /** The room's call: nothing is opened before its `start()`. */
    this.call = new Call({
      room: this,
      keyring: () => this.#keyring,
      request: this.request,
      options: options.call ?? {},
      suspicious: () => this.#connection.check(),
    });
    this.#talk.files.watch(this.call);
    globalThis.window?.addEventListener?.("pagehide", this.#hide);
    options.signal?.addEventListener("abort", () => this.#giveUp(), { once: true, signal: this.#over.signal });
    if (options.signal?.aborted) this.#giveUp();
    else this.#start();
  }

  get id() {
    return this.#link.roomId;
  }

  getSnapshot = () => this.#store.getSnapshot();
  subscribe = (listener) => this.#store.subscribe(listener);
  on = (event, listener) => this.#emitter.on(event, listener);

  /** Sends a request about this room. @returns {Promise<any>} the acknowledgement's data */
  request = (event, fields = {}, options) =>
    this.#connection.request(event, { roomId: this.id, ...fields }, options);

  /** Give the seat up for good, once what was said just before is sent, or two seconds have passed. */
  leave() {
    this.#leaving ??= this.#leave().finally(() => (this.#leaving = null));
    return this.#leaving;
  }

  async #leave() {
    if (this.#isOver) return;
    this.call.stop(); // Devices go off before anything is waited for.
    const inside = () => ["joined", "reconnecting"].includes(this.getSnapshot().status);
    if (inside()) await this.#talk.settled(LEAVE_FLUSH_MS);
    if (inside() && this.#connection.online) await this.#freeSeat();
    if (!this.#isOver) this.#finish("left", { ending: { reason: "left", action: "none" } });
  }

  /** Unanswered, the seat ends with its grace period. */
  #freeSeat() {
    this.#entry.mayBeSeated = false;
    return this.request("leave-room", {}, { timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
  }

  get #isOver() {
    return ["left", "failed"].includes(this.getSnapshot().status);
  }

  /** Drop the connection and keep the seat for its grace period, as a reload would. */
  close() {
    if (this.#isOver) return;
    this.#talk.sendDeletions();
    this.#save();
    this.#finish("left", { ending: { reason: "left", action: "resume" } }, { keepSession: true });
  }

  /** After `replaced`: take the seat back to this tab. */
  takeBack() {
    if (this.getSnapshot().status !== "left") return;
    this.#store.update({ status: "connecting", ending: null });
    this.#entry.restart();
    this.#over = new AbortController();
    globalThis.window?.addEventListener?.("pagehide", this.#hide);
    this.#connection.connect();
  }

  async #start() {
    const { e2e } = this.#link;
    // Whoever has taken a seat with a key before needs no look at the room.
    if (!e2e || !this.#credentials.seat) this.#keyGuard.look();
    try {
      this.#keyring = e2e ? await openKeyring(e2e, this.id) : null;
    } catch (error) {
      return this.#fail(asMayflyError(error));
    }
    if (!this.#isOver) this.#connection.connect();
  }

  #restore() {
    const saved = this.#session.load();
    const { name, password, token } = this.#options;
    this.#credentials = {
      name: name ?? saved?.name,
      hostKey: this.#link.key ?? saved?.hostKey,
      invite: this.#link.invite ?? saved?.invite,
      password,
      token,
    };
    if (!saved?.participantId) return;
    const { participantId, resumeToken, epoch } = saved;
    this.#credentials.seat = { participantId, resumeToken, epoch };
    this.#sequence.reset(saved.lastSeq);
    this.#talk.restore(saved);
  }

  #save = () => {
    clearTimeout(this.#timers.save);
    this.#timers.save = undefined;
    const { status } = this.getSnapshot();
    if (status === "left" || status === "failed") return;
    if (status === "connecting") return this.#session.keepOnly(this.#talk.saved(this.#sequence.last).messages);
    const { seat, name, hostKey, invite } = this.#credentials;
    this.#session.save({ ...seat, name, hostKey, invite, ...this.#talk.saved(this.#intake.applied) });
  };

  #hide = () => {
    // Closed or reloaded before it is inside: a closed tab leaves no ghost, and a reloaded one repeats its join.
    if (this.#entry.mayBeSeated && !this.getSnapshot().self) this.#freeSeat();
    this.#talk.sendDeletions();
    this.#save();
  };

  #saveSoon() {
    this.#timers.save ??= setTimeout(this.#save, SAVE_DELAY_MS);
  }

  #connectionListeners() {
    return {
      onOnline: () => {
        this.#seated = false;
        this.#entry.offline();
        this.#connectionNumber += 1;
        this.#entry.enter();
      },
      onOffline: () => {
        this.#connectionNumber += 1;
        if (["joined", "waiting"].includes(this.getSnapshot().status)) this.#store.update({ status: "reconnecting" });
      },
      onEvent: (event, payload) => this.#intake.take(event, payload),
      // Any answer proves that the connection lives.
      probe: (timeoutMs) => this.request("typing", { isTyping: false }, { timeoutMs }),
      onAlive: () => {
        if (this.getSnapshot().status !== "reconnecting") return;
        if (!this.#seated) return this.#entry.enter();
        this.#store.update({ status: "joined" });
        this.#talk.flush();
      },
    };
  }

  #entryPort() {
    return {
      credentials: this.#credentials,
      request: this.request,
      online: () => this.#connection.online,
      fields: async () => ({ name: await this.#wireName(), media: this.#me.media }),
      lastSeq: () => (this.#talk.messages.asked = this.#sequence.last),
      entered: (data, { asked, lastSeq }) => {
        const number = this.#connectionNumber;
        this.#intake.take("entered", data, { asked, lastSeq, isCurrent: () => number === this.#connectionNumber });
      },
      keyFits: () => this.#keyGuard.fits(this.#keyring),
      joining: (clientJoinId) => this.#session.save({ clientJoinId }),
      waiting: () => this.#store.update({ status: "waiting" }),
      seatLost: () => this.#sequence.reset(0),
      reconnect: () => this.#connection.restart(),
      refused: (error) => this.#fail(error),
    };
  }

  #talkPort(server) {
    return {
      roomId: this.id,
      server,
      token: () => this.#credentials.seat?.resumeToken,
      store: this.#store,
      emitter: this.#emitter,
      request: this.request,
      keyring: () => this.#keyring,
      epoch: () => this.#credentials.seat?.epoch,
      noteSeq: (seq) => this.#intake.later(() => this.#noteSeq(seq)),
      suspicious: () => this.#connection.check(),
      saveSoon: () => this.#saveSoon(),
      saveNow: () => this.#save(),
      assertInside: () => this.#assertInside(),
    };
  }

  #selfPort() {
    return {
      store: this.#store,
      request: this.request,
      deeds: this.#talk.deeds,
      keyring: () => this.#keyring,
      named: (name) => {
        this.#credentials.name = name;
        this.#saveSoon();
      },
    };
  }

  #intakePort() {
    return {
      roomId: this.id,
      store: this.#store,
      emitter: this.#emitter,
      list: this.#talk.list,
      crowd: this.#talk.crowd,
      messages: this.#talk.messages,
      polls: this.#talk.polls,
      sequence: this.#sequence,
      keyring: () => this.#keyring,
      isOver: () => this.#isOver,
      isMaker: () => Boolean(this.#credentials.hostKey),
      wrongKey: (code) => this.#fail(new MayflyError(code)),
      messagesChanged: () => this.#talk.changed(),
      erased: () => this.#talk.erased(),
      noteSeq: (seq) => this.#noteSeq(seq),
      inside: (data) => this.#inside(data),
      roomLeft: (payload) => this.#roomLeft(payload),
      draining: ({ retryAfterMs }) => this.#connection.restart(retryAfterMs),
      knockAnswered: (answer) => this.#entry.knockAnswered(answer),
    };
  }

  async #wireName() {
    const { name } = this.#credentials;
    // Nobody is named by the server where names are sealed.
    return this.#keyring ? this.#keyring.sealName(name || UNNAMED) : name;
  }

  #inside({ self, epoch, resumeToken, seated }) {
    this.#seated = seated;
    const { seat } = this.#credentials;
    const isNewSeat = seat?.participantId !== self.id || seat.epoch !== epoch;
    this.#credentials.seat = { participantId: self.id, resumeToken, epoch };
    this.#credentials.name ??= self.name;
    this.#save();
    this.#settle.resolve(this);
    this.#talk.inside({ isNewSeat });
    this.#me.inside(self);
  }

  #roomLeft({ reason, action }) {
    if (action === "resume") return this.#connection.restart();
    if (action === "rejoin") {
      this.#credentials.seat = undefined;
      this.#sequence.reset(0);
      return this.#connection.restart();
    }
    // A tab that was replaced keeps what it needs to take the seat back.
    this.#finish("left", { ending: { reason, action } }, { keepSession: reason === "replaced" });
  }

  #noteSeq(seq) {
    const isNew = this.#sequence.note(seq);
    if (isNew) this.#saveSoon();
    if (this.#sequence.hole) this.#timers.gap ??= setTimeout(() => this.#intake.later(() => this.#repairGap()), GAP_PATIENCE_MS);
    return isNew;
  }

  #repairGap() {
    this.#timers.gap = undefined;
    if (!this.#sequence.hole || this.getSnapshot().status !== "joined") return;
    this.#emitter.emit("gap", { after: this.#sequence.last });
    const now = performance.now();
    if (now - (this.#timers.repairedAt ?? -Infinity) < GAP_REPAIR_EVERY_MS) return this.#sequence.acceptHole();
    this.#timers.repairedAt = now;
    this.#entry.enter();
  }

  #assertInside() {
    const { status } = this.getSnapshot();
    if (status === "left" || status === "failed") throw new MayflyError("LEFT");
  }

  #giveUp() {
    if (this.getSnapshot().self) return; // Once inside, it is left, not given up.
    this.#fail(new MayflyError("ABORTED"));
  }

  #fail(error) {
    if (this.#isOver) return;
    // What is wrong with the key (`KEY_…`): with the whole link, a seat or a join of before can be taken up again.
    this.#finish("failed", { error }, { keepSession: error.code.startsWith("KEY_") });
    this.#settle.reject(error);
  }

  /** A join is on its way, and nobody will be there to sit down: it is taken back behind it, and may be repeated. */
  #giveBack(clientJoinId) {
    if (clientJoinId) this.#session.save({ clientJoinId });
    this.#freeSeat().then(() => this.#isOver && this.#connection.close());
  }

  #finish(status, patch, { keepSession = false } = {}) {
    for (const timer of ["save", "gap"]) clearTimeout(this.#timers[timer]);
    this.#store.update({ status, ...patch, typing: Object.freeze([]), knocks: Object.freeze([]) });
    const joinId = this.#session.load()?.clientJoinId;
    if (!keepSession) this.#session.clear();
    this.#entry.stop();
    this.#talk.stop();
    this.#over.abort();
    if (this.#entry.mayBeSeated && !this.#seated && patch.ending?.action !== "resume") this.#giveBack(joinId);
    else this.#connection.close();
    globalThis.window?.removeEventListener?.("pagehide", this.#hide);
    this.#emitter.emit("left", this.getSnapshot());
    if (patch.ending) this.#settle.reject(new MayflyError("LEFT"));
  }
}
