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
import { Intake } from "./intake.js";
import { parseLink } from "./link.js";
import { MessageList } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Sequence } from "./sequence.js";
import { Session } from "./session.js";
import { EMPTY_ROOM } from "./snapshot.js";
import { Emitter, Store } from "./store.js";
import { Typist } from "./typist.js";

const SAVE_DELAY_MS = 200;
const LEAVE_TIMEOUT_MS = 2_000;
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
  #keyring = null;
  #credentials = {};
  #media;
  #settle = {};
  #timers = {};
  /** A hint, not worth a repetition. */
  #typist = new Typist((isTyping) => this.request("typing", { isTyping }).catch(() => {}));
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
    this.#connection = new Connection(io, server, this.#connectionListeners(), options.socket);
    this.#entry = new Entry(this.#entryPort());
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
    globalThis.window?.addEventListener?.("pagehide", this.#save);
    options.signal?.addEventListener("abort", () => this.#giveUp(), { once: true });
    this.#start();
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

  /** Give the seat up, at once and for good. */
  async leave() {
    const { status } = this.getSnapshot();
    if (status === "left" || status === "failed") return;
    this.call.stop(); // Devices close before anything is waited for.
    const told = status === "joined" ? this.request("leave-room", {}, { timeoutMs: LEAVE_TIMEOUT_MS }) : null;
    await told?.catch(() => {}); // Unanswered, the seat ends with its grace period.
    this.#finish("left", { ending: { reason: "left", action: "none" } });
  }

  /** Drop the connection and keep the seat for its grace period, as a reload would. */
  close() {
    if (["left", "failed"].includes(this.getSnapshot().status)) return;
    this.#save();
    this.#finish("left", { ending: { reason: "left", action: "resume" } }, { keepSession: true });
  }

  /** After `replaced`: take the seat back to this tab. */
  takeBack() {
    if (this.getSnapshot().status !== "left") return;
    this.#store.update({ status: "connecting", ending: null });
    globalThis.window?.addEventListener?.("pagehide", this.#save);
    this.#connection.connect();
  }

  #start() {
    if (!this.#link.e2e) return this.#connection.connect();
    openKeyring(this.#link.e2e, this.id).then(
      (keyring) => {
        this.#keyring = keyring;
        if (this.getSnapshot().status === "connecting") this.#connection.connect();
      },
      (error) => this.#fail(asMayflyError(error)),
    );
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
    this.#session.save({ ...seat, lastSeq: this.#sequence.last, name, hostKey, invite, messages });
  };

  #saveSoon() {
    this.#timers.save ??= setTimeout(this.#save, SAVE_DELAY_MS);
  }

  #connectionListeners() {
    return {
      onOnline: () => {
        this.#seated = false;
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
      keyring: () => this.#keyring,
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
    return name && this.#keyring ? this.#keyring.sealName(name) : name;
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
    const now = Date.now();
    if (now - (this.#timers.repairedAt ?? 0) < GAP_REPAIR_EVERY_MS) return this.#sequence.acceptHole();
    this.#timers.repairedAt = now;
    this.#entry.enter();
  }

  #assertInside() {
    const { status } = this.getSnapshot();
    if (status === "left" || status === "failed") throw new MayflyError("LEFT");
  }

  #giveUp() {
    if (this.getSnapshot().status === "joined") return;
    this.#fail(new MayflyError("ABORTED"));
  }

  #fail(error) {
    if (["left", "failed"].includes(this.getSnapshot().status)) return;
    this.#finish("failed", { error });
    this.#settle.reject(error);
  }

  #finish(status, patch, { keepSession = false } = {}) {
    for (const timer of ["save", "gap"]) clearTimeout(this.#timers[timer]);
    this.#typist.stop();
    this.#store.update({ status, ...patch, typing: Object.freeze([]), knocks: Object.freeze([]) });
    if (!keepSession) this.#session.clear();
    this.#entry.stop();
    this.#outbox.stop();
    this.#connection.close();
    globalThis.window?.removeEventListener?.("pagehide", this.#save);
    this.#emitter.emit("left", this.getSnapshot());
    if (patch.ending) this.#settle.reject(new MayflyError("LEFT"));
  }
}

function ignoreLoss(error) {
  if (error.code !== "CONNECTION_LOST") throw error;
}
