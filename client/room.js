/**
 * A room as this browser sees it: one object that connects, joins, comes back by itself, and holds a snapshot of
 * everything known. Types and the meaning of each field: `index.d.ts`.
 */

import { Call } from "./call.js";
import { Connection } from "./connection.js";
import { openKeyring } from "./crypto.js";
import { canCall } from "./devices.js";
import { Entry } from "./entry.js";
import { asMayflyError, MayflyError } from "./errors.js";
import { Intake, UNNAMED } from "./intake.js";
import { KeyGuard } from "./key.js";
import { parseLink } from "./link.js";
import { MessageList } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Seen } from "./seen.js";
import { Sequence } from "./sequence.js";
import { Session } from "./session.js";
import { EMPTY_ROOM } from "./snapshot.js";
import { Emitter, Store } from "./store.js";
import { Typist } from "./typist.js";

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
  #outbox;
  #session;
  #sequence = new Sequence();
  #list = new MessageList();
  #seen = new Seen();
  #keyring = null;
  #credentials = {};
  #media;
  #settle = {};
  #timers = {};
  /** A hint, not worth a repetition. */
  #typist = new Typist((isTyping) => this.request("typing", { isTyping }).catch(() => {}));
  #keyGuard;
  #leaving = null;
  #over = new AbortController();
  /** Whether the seat is held by the present connection. */
  #seated = false;
  /** Counts connections made and lost, to tell an answer of an earlier one. */
  #connectionNumber = 0;

  /** @param {{io: Function, link: string | URL, options?: import("./index.js").JoinOptions}} parts */
  constructor({ io, link, options = {} }) {
    this.#link = parseLink(link);
    this.#options = options;
    this.#store = new Store({ ...EMPTY_ROOM, encrypted: Boolean(this.#link.e2e) });
    this.#session = new Session(this.#link.roomId, options.storage);
    this.#media = { ...(canCall() ? {} : { canCall: false }), ...options.media };
    /** Fulfilled once inside; rejected with why not. */
    this.joined = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.joined.catch(() => {}); // Whoever watches the snapshot need not handle it.
    this.#restore();
    const server = options.server ?? this.#link.server;
    this.#keyGuard = new KeyGuard(server, this.id, this.#over.signal);
    this.#connection = new Connection(io, server, this.#connectionListeners(), options.socket);
    this.#entry = new Entry(this.#entryPort(), this.#session.load()?.clientJoinId);
    this.#outbox = new Outbox(this.#outboxPort());
    this.#intake = new Intake(this.#intakePort());
    /** The room's call: nothing is opened before its `start()`. */
    this.call = new Call({
      room: this,
      keyring: () => this.#keyring,
      request: this.request,
      options: options.call ?? {},
      suspicious: () => this.#connection.check(),
    });
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

  sendMessage(text, { to } = {}) {
    this.#assertInside();
    this.setTyping(false);
    return this.#outbox.post(text, to);
  }

  retryMessage = (key) => this.#outbox.retry(key);

  discardMessage = (key) => {
    if (this.#list.get(key)?.state !== "failed") return;
    this.#list.remove(key);
    this.#messagesChanged();
  };

  /** Call it at every keystroke; it tells the others at a sensible pace and stops by itself. */
  setTyping = (isTyping) => this.#typist.set(isTyping);

  async updateMedia(patch) {
    this.#media = { ...this.#media, ...patch };
    const { self, status } = this.getSnapshot();
    if (self) this.#store.update({ self: Object.freeze({ ...self, media: { ...self.media, ...patch } }) });
    // While away the next join carries it.
    if (status === "joined") await this.request("update-media", patch).catch(ignoreLoss);
  }

  answerKnock = async (knockId, admit) => {
    await this.request("answer-knock", { knockId, admit });
    this.#store.update({ knocks: this.getSnapshot().knocks.filter((knock) => knock.knockId !== knockId) });
  };

  kick = (participantId) => this.request("kick", { participantId });
  ban = (participantId) => this.request("ban", { participantId });
  update = (settings) => this.request("update-room", settings);
  lock = (locked = true) => this.update({ locked });
  transferHost = (participantId) => this.request("transfer-host", { participantId });
  end = () => this.request("end-room");

  /** Give the seat up for good, once what was said just before is sent, or two seconds have passed. */
  leave() {
    this.#leaving ??= this.#leave().finally(() => (this.#leaving = null));
    return this.#leaving;
  }

  async #leave() {
    if (this.#isOver) return;
    this.call.stop(); // Devices go off before anything is waited for.
    const inside = () => ["joined", "reconnecting"].includes(this.getSnapshot().status);
    if (inside()) await this.#outbox.settled(LEAVE_FLUSH_MS);
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
    const { name, password } = this.#options;
    this.#credentials = {
      name: name ?? saved?.name,
      hostKey: this.#link.key ?? saved?.hostKey,
      invite: this.#link.invite ?? saved?.invite,
      password,
    };
    if (!saved?.participantId) return;
    const { participantId, resumeToken, epoch } = saved;
    this.#credentials.seat = { participantId, resumeToken, epoch };
    this.#sequence.reset(saved.lastSeq);
    this.#seen.restore(saved.seen);
    for (const message of saved.messages) this.#list.add(message);
    this.#store.update({ messages: this.#list.all });
  }

  #save = () => {
    clearTimeout(this.#timers.save);
    this.#timers.save = undefined;
    const { status } = this.getSnapshot();
    if (status === "left" || status === "failed" || status === "connecting") return;
    const { seat, name, hostKey, invite } = this.#credentials;
    const messages = this.#list.all.filter((message) => !message.error);
    const seen = this.#keyring ? String(this.#seen) : undefined;
    this.#session.save({ ...seat, lastSeq: this.#sequence.last, name, hostKey, invite, seen, messages });
  };

  #hide = () => {
    // Closed or reloaded before it is inside: a closed tab leaves no ghost, and a reloaded one repeats its join.
    if (this.#entry.mayBeSeated && !this.getSnapshot().self) this.#freeSeat();
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
      onEvent: (event, payload) => this.#isOver || this.#intake.take(event, payload),
      // Any answer proves that the connection lives.
      probe: (timeoutMs) => this.request("typing", { isTyping: false }, { timeoutMs }),
      onAlive: () => {
        if (this.getSnapshot().status !== "reconnecting") return;
        if (!this.#seated) return this.#entry.enter();
        this.#store.update({ status: "joined" });
        this.#outbox.flush();
      },
    };
  }

  #entryPort() {
    return {
      credentials: this.#credentials,
      request: this.request,
      online: () => this.#connection.online,
      fields: async () => ({ name: await this.#wireName(), media: this.#media }),
      lastSeq: () => this.#sequence.last,
      entered: (data, { asked }) => {
        const number = this.#connectionNumber;
        this.#intake.take("entered", data, { asked, isCurrent: () => number === this.#connectionNumber });
      },
      keyFits: () => this.#keyGuard.fits(this.#keyring),
      joining: (clientJoinId) => this.#session.save({ clientJoinId }),
      waiting: () => this.#store.update({ status: "waiting" }),
      seatLost: () => this.#sequence.reset(0),
      reconnect: () => this.#connection.restart(),
      refused: (error) => this.#fail(error),
    };
  }

  #outboxPort() {
    return {
      list: this.#list,
      request: this.request,
      keyring: () => this.#keyring,
      self: () => this.getSnapshot().self,
      joined: () => this.getSnapshot().status === "joined",
      epoch: () => this.#credentials.seat?.epoch,
      sealed: (sender, id) => this.#seen.note(sender, id),
      changed: () => this.#messagesChanged(),
      noteSeq: (seq) => this.#noteSeq(seq),
      suspicious: () => this.#connection.check(),
    };
  }

  #intakePort() {
    return {
      roomId: this.id,
      store: this.#store,
      emitter: this.#emitter,
      list: this.#list,
      sequence: this.#sequence,
      seen: this.#seen,
      keyring: () => this.#keyring,
      isMaker: () => Boolean(this.#credentials.hostKey),
      wrongKey: (code) => this.#fail(new MayflyError(code)),
      messagesChanged: () => this.#messagesChanged(),
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
    this.#credentials.seat = { participantId: self.id, resumeToken, epoch };
    this.#credentials.name ??= self.name;
    this.#save();
    this.#settle.resolve(this);
    this.#outbox.flush();
    // What changed while nobody could be told.
    const stale = Object.keys(this.#media).some((key) => this.#media[key] !== self.media?.[key]);
    if (stale) this.request("update-media", this.#media).catch(ignoreLoss);
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

  #messagesChanged() {
    this.#store.update({ messages: this.#list.all });
    this.#saveSoon();
  }

  #noteSeq(seq) {
    const isNew = this.#sequence.note(seq);
    if (isNew) this.#saveSoon();
    if (this.#sequence.hole) this.#timers.gap ??= setTimeout(() => this.#repairGap(), GAP_PATIENCE_MS);
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
    // With the whole link, a seat or a join of before can be taken up again.
    this.#finish("failed", { error }, { keepSession: KEY_PROBLEMS.has(error.code) });
    this.#settle.reject(error);
  }

  /** A join is on its way, and nobody will be there to sit down: it is taken back behind it, and may be repeated. */
  #giveBack(clientJoinId) {
    if (clientJoinId) this.#session.save({ clientJoinId });
    this.#freeSeat().then(() => this.#isOver && this.#connection.close());
  }

  #finish(status, patch, { keepSession = false } = {}) {
    for (const timer of ["save", "gap"]) clearTimeout(this.#timers[timer]);
    this.#typist.stop();
    this.#store.update({ status, ...patch, typing: Object.freeze([]), knocks: Object.freeze([]) });
    const joinId = this.#session.load()?.clientJoinId;
    if (!keepSession) this.#session.clear();
    this.#entry.stop();
    this.#outbox.stop();
    this.#over.abort();
    if (this.#entry.mayBeSeated && !this.#seated && patch.ending?.action !== "resume") this.#giveBack(joinId);
    else this.#connection.close();
    globalThis.window?.removeEventListener?.("pagehide", this.#hide);
    this.#emitter.emit("left", this.getSnapshot());
    if (patch.ending) this.#settle.reject(new MayflyError("LEFT"));
  }
}

const KEY_PROBLEMS = new Set(["KEY_MISSING", "KEY_WRONG", "KEY_INVALID"]);

function ignoreLoss(error) {
  if (error.code !== "CONNECTION_LOST") throw error;
}
