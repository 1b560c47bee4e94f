/**
 * A call with everybody in the room: one peer connection to each (a mesh), the same camera, microphone and screen for all.
 * Whoever starts the call offers to those who are there; whoever comes later offers to us.
 */

import { canCall } from "./devices.js";
import { MayflyError } from "../errors.js";
import { IceServers } from "./ice.js";
import { LocalMedia } from "./media.js";
import { Peer } from "./negotiation.js";
import { telling } from "../core/presence.js";
import { Scope } from "../core/scope.js";
import { fingerprintsIn } from "../crypto/sdp.js";
import { EMPTY_CALL, NO_QUALITY } from "../core/snapshot.js";
import { Emitter, Store } from "../core/store.js";
import { Streams } from "./streams.js";

/** Somebody who should call us and stays silent is called after so long. */
const SILENT_PEER_MS = 4_000;
/** Somebody who is not in the call, as far as we know, gets one offer, in case its client does not tell; it has so long. */
const UNTOLD_ANSWER_MS = 8_000;
/** A part that could not be loaded is asked for again after so long. */
const LOAD_AGAIN_MS = 5_000;
/** Signals that may wait, for each peer, until this page starts its call. */
const MAX_EARLY_SIGNALS = 64;

/**
 * One stay in the call, from a start to its stop: what belongs to it ends with it, so that start, stop and start again in
 * a moment leave one call, the last.
 */
class Run extends Scope {
  /** The participant that this side is, once the others are being called; signals wait until then. */
  selfId = null;
  timers = new Map();
  entered = /** @type {Promise<void>} */ (new Promise((resolve) => (this.enter = resolve)));
}

export class Call {
  #port;
  #room;
  #store;
  #emitter = new Emitter();
  #peers = new Map();
  #early = new Map();
  #away = new Set();
  #inCall = new Set();
  #media;
  /** @type {Run | null} */
  #run = null;
  #streams = new Streams();
  #ice;
  #reported = null;
  #presence;
  #devices;
  /** @type {Promise<unknown>} */
  #sending = Promise.resolve();
  /** Whether this page has had a call, or has decided about the one before its reload. */
  #decided = false;
  /** There once its part is loaded. @type {import("./uplink.js").Uplink | undefined} */
  #uplink;
  /** How good the connections are: `{getSnapshot, subscribe}`, anew about once a second. */
  quality = new Store(NO_QUALITY);

  constructor(port) {
    this.#port = port;
    this.#room = port.room;
    this.#media = new LocalMedia({
      ready: () => this.#room.joined,
      changed: (slot, track) => this.#onMedia(slot, track),
      wished: () => this.#store.update({ wanted: this.#media.wanted }),
      failed: (slot, error) => this.#explain(slot, error),
      lost: (slot, replaced) => {
        this.#emitter.emit("device-lost", { slot, replaced });
        this.#tell();
      },
    }, port.options);
    this.#store = new Store(EMPTY_CALL);
    this.#presence = telling(false, (inCall) => port.request("call-state", { state: inCall ? "joined" : "ended" }));
    this.#devices = telling({}, (devices) => this.#room.updateMedia(devices));
    this.#ice = new IceServers(
      () => port.request("get-ice-servers"),
      () => this.#peers.forEach((peer) => peer.configure(this.#config())),
    );
    this.#room.on("joined", (data) => this.#onJoined(data));
    this.#room.on("signal", ({ event, payload }) => this.#onSignal(event, payload));
    this.#room.on("user-joined", ({ participant }) => this.#onPerson(participant.id));
    this.#room.on("user-updated", ({ participant }) => this.#onPerson(participant.id));
    this.#room.on("user-left", ({ participantId }) => {
      this.#away.delete(participantId);
      this.#drop(participantId);
      if (this.#inCall.delete(participantId)) this.#tryFull();
    });
    this.#room.on("left", () => {
      this.#ice.stop();
      this.stop();
    });
  }

  getSnapshot = () => this.#store.getSnapshot();
  subscribe = (listener) => this.#store.subscribe(listener);
  on = (event, listener) => this.#emitter.on(event, listener);

  /**
   * Enter the call; where one is in it, only what the wish names changes. A device that is refused or missing keeps nobody
   * out: the reason is in `errors`. Throws `CALL_UNSUPPORTED` where the browser has no WebRTC.
   * @param {{audio?: boolean | MediaStreamTrack, video?: boolean | MediaStreamTrack,
   *   devices?: {audio?: string, video?: string}}} [wish] `devices`: the ids of those to open, where they are there
   */
  async start(wish = {}) {
    if (!canCall()) throw new MayflyError("CALL_UNSUPPORTED");
    const isNew = !this.#run;
    this.#decided = true;
    const run = this.#run ?? this.#begin();
    const opened = ["audio", "video"].map((slot) => {
      const asked = wish[slot] ?? (isNew ? true : undefined);
      const more = wish.devices?.[slot] ? { deviceId: wish.devices[slot] } : {};
      return asked === undefined ? null : this.#media.use(slot, asked, more);
    });
    try {
      await Promise.all([this.#room.joined, ...opened]);
      await run.entered;
    } catch (error) {
      if (this.#run === run) this.stop();
      throw error;
    }
    await this.#sending;
    if (this.#run === run) this.#tell();
  }

  /** Leave the call and stay in the room. Devices that the call opened are closed, before anybody is told. */
  stop() {
    const run = this.#run;
    if (!run) return;
    this.#run = null;
    this.#media.end();
    run.close();
    run.enter();
    for (const id of [...this.#peers.keys()]) this.#drop(id);
    this.#early.clear();
    this.#reported = null;
    this.#store.update({ active: false, audio: false, video: false, screen: false });
    this.#refresh();
    this.#presence.set(false);
    this.#tell();
  }

  /** Off mutes, and keeps the microphone open. */
  setAudio = (on) => this.#change(() => this.#media.mute(!on));

  /** Off closes the camera, so that its light goes out. */
  setVideo = (on) => this.#change(() => this.#media.use("video", on));

  setScreen = (on) => this.#change(() => this.#media.use("screen", on));

  /** @param {"audio" | "video"} slot @param {string} deviceId */
  switchDevice = (slot, deviceId) => this.#change(() => this.#media.switchTo(slot, deviceId));

  /** Of the microphone that is open, and of those that are opened later. */
  setNoiseSuppression = (on) => import("./noise.js").then(({ suppressNoise }) => suppressNoise(this.#media, on));

  /** A `RTCStatsReport` for each peer that has a connection, for diagnosis. */
  getStats() {
    return import("./monitor.js").then(({ readAll }) => readAll(this.#peers));
  }

  /** How loud each peer is right now, from 0 to 1. */
  levels() {
    const levels = new Map();
    for (const [id, peer] of this.#peers) {
      const { audio } = peer.incoming;
      const receiver = audio && peer.pc.getReceivers().find((candidate) => candidate.track === audio);
      levels.set(id, receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0);
    }
    return levels;
  }

  #begin() {
    const run = (this.#run = new Run());
    this.#watch(run);
    this.#store.update({ active: true, errors: EMPTY_CALL.errors });
    // Otherwise with the next join.
    if (this.#room.getSnapshot().status === "joined") this.#enter(run);
    return run;
  }

  /** Only who calls needs it: it is loaded with the first call. */
  async #watch(run) {
    try {
      const { Monitor, Uplink } = await import("./monitor.js");
      this.#uplink ??= new Uplink();
      this.#shareUplink();
      const port = {
        store: this.quality,
        peers: () => this.#peers,
        expects: (id) => this.#expectsMedia(id),
        seen: (qualities) => this.#uplink?.adapt(qualities) && this.#shareUplink(),
      };
      if (!run.closed) new Monitor(port).watch(run);
    } catch {
      run.later(() => this.#watch(run), LOAD_AGAIN_MS);
    }
  }

  async #enter(run) {
    if (this.#run !== run) return;
    await this.#presence.set(true);
    this.#greetAll();
  }

  /** Nothing is opened outside of a call: a press that comes after the stop is too late. */
  async #change(action) {
    if (!this.#run) return;
    try {
      await action();
      await this.#sending;
    } finally {
      if (this.#run) this.#tell();
    }
  }

  #onMedia(slot, track) {
    this.#store.update({ [slot]: Boolean(track?.enabled) });
    this.#refresh();
    this.#sending = Promise.all([...this.#peers.values()].map((peer) => peer.setTrack(slot, track)));
    this.#sending.then(() => this.#shareUplink());
  }

  #explain(slot, error) {
    const { errors } = this.getSnapshot();
    this.#store.update({ errors: Object.freeze({ ...errors, [slot]: error }) });
  }

  #tell() {
    const { audio, video, screen } = this.getSnapshot();
    this.#devices.set({ audio, video, screen }).catch(() => {}); // The next join says it again.
  }

  #onJoined({ self, participants, iceServers, iceExpiresAt }) {
    this.#ice.use(iceServers, iceExpiresAt);
    this.#away = new Set(participants.filter(({ connected }) => connected === false).map(({ id }) => id));
    this.#inCall = new Set(participants.filter(({ inCall }) => inCall !== false).map(({ id }) => id));
    const run = this.#run;
    if (!run) return this.#onJoinedOutside(self);
    const isNewcomer = run.selfId !== self.id;
    for (const id of [...this.#peers.keys()]) if (isNewcomer || !this.#inCall.has(id)) this.#drop(id);
    if (isNewcomer) run.selfId = null;
    if (!run.selfId) return void this.#enter(run);
    if (self.inCall === false) this.#presence.set(true);
    for (const { id, needsIceRestart } of participants) {
      const peer = this.#peers.get(id);
      if (!peer) this.#expect(id);
      else if (needsIceRestart) peer.restart();
      else peer.resend();
    }
  }

  /** In the call, says the server, and this page has none: it was reloaded. Into it again, with what was on. */
  #onJoinedOutside({ inCall, media }) {
    if (!inCall) return;
    const resumes = canCall() && this.#port.options.resume !== false && !this.#decided;
    this.#decided = true;
    if (!resumes) return void this.#presence.set(false);
    // A page that starts its call by itself comes first.
    setTimeout(() => {
      if (this.#run || this.#room.getSnapshot().status !== "joined") return;
      this.start({ audio: Boolean(media?.audio), video: Boolean(media?.video) }).catch(() => {});
    });
  }

  /** Once everybody knows that we are in the call: call those who were in it before; who comes later calls us. */
  #greetAll() {
    const run = this.#run;
    const { self, participants, limits, status } = this.#room.getSnapshot();
    if (!run || run.selfId || status !== "joined" || self.inCall === false) return;
    run.selfId = self.id;
    for (const { id, inCall, media } of participants) {
      if (media?.canCall === false) continue;
      if (inCall !== false) this.#greet(id);
      else if (participants.length < (limits?.callParticipants ?? 0)) this.#expect(id);
    }
    run.enter();
    this.#tell();
  }

  /** Somebody came, changed, entered the call, hung up, or is back after having been away. */
  #onPerson(id) {
    const { self, participants } = this.#room.getSnapshot();
    if (id === self?.id) return this.#greetAll();
    const person = participants.find((participant) => participant.id === id);
    if (!person) return;
    const isBack = person.connected && this.#away.delete(id);
    if (!person.connected) this.#away.add(id);
    if (person.inCall === false) {
      this.#drop(id);
      if (this.#inCall.delete(id)) this.#tryFull();
      return;
    }
    this.#inCall.add(id);
    if (this.#run?.selfId) {
      const peer = this.#peers.get(id);
      if (!peer) this.#expect(id);
      // Its page may have been reloaded: what we offered it may be lost.
      else if (isBack && peer.state !== "connected") peer.resend();
      this.#refresh();
    }
  }

  /** Call somebody, or answer the call that came before this page was ready for it. */
  #greet(id) {
    const waiting = this.#early.get(id) ?? [];
    this.#early.delete(id);
    const peer = this.#peer(id);
    if (!peer) return;
    if (!waiting.some(({ event }) => event === "offer-received")) peer.offer();
    for (const { event, payload } of waiting) peer.receive(event, payload);
  }

  /** Somebody should call; should it stay silent, we do. One who is not in the call is called once, and hears no more. */
  #expect(id) {
    const { timers } = this.#run;
    timers.get(id)?.();
    const greet = () => {
      const person = this.#person(id);
      if (!person || person.media?.canCall === false || this.#peers.has(id)) return;
      this.#greet(id);
      if (person.inCall !== false) return;
      timers.set(id, this.#run.later(() => this.#person(id)?.inCall === false && this.#drop(id), UNTOLD_ANSWER_MS));
    };
    timers.set(id, this.#run.later(greet, SILENT_PEER_MS));
  }

  /** Whether media should come from somebody who is there: its microphone or camera is on. */
  #expectsMedia(id) {
    const { connected, inCall, media } = this.#person(id) ?? {};
    return Boolean(connected && inCall !== false && (media?.audio || media?.video));
  }

  #person(id) {
    return this.#room.getSnapshot().participants.find((participant) => participant.id === id);
  }

  /** Somebody's place in a full call may be free now. */
  #tryFull() {
    for (const peer of this.#peers.values()) if (peer.state === "full") peer.tryAgain();
  }

  #onSignal(event, payload) {
    const id = payload.from;
    if (this.#run?.selfId) return void this.#peer(id)?.receive(event, payload);
    // Signals wait until the call starts; a newer offer makes those before it moot.
    const waiting = event === "offer-received" ? [] : (this.#early.get(id) ?? []);
    if (waiting.length < MAX_EARLY_SIGNALS) this.#early.set(id, [...waiting, { event, payload }]);
  }

  #peer(id) {
    const existing = this.#peers.get(id);
    if (existing) return existing;
    const participant = this.#person(id);
    if (!participant) return null;
    const peer = new Peer({
      id,
      polite: Boolean(participant.polite),
      config: () => this.#config(),
      send: (event, fields) => this.#send(id, event, fields),
      seal: (description, negotiationId) => this.#seal(id, description, negotiationId),
      open: (description, negotiationId) => this.#open(id, description, negotiationId),
      tracks: () => this.#media.tracks,
      changed: () => this.#onPeerChanged(),
      prepared: (pc) => this.#emitter.emit("peer-connection", { participantId: id, pc }),
      failed: (error) => this.#emitter.emit("error", error),
    });
    this.#peers.set(id, peer);
    this.#refresh();
    return peer;
  }

  #drop(id) {
    this.#run?.timers.get(id)?.();
    this.#run?.timers.delete(id);
    this.#early.delete(id);
    this.#peers.get(id)?.close();
    if (this.#peers.delete(id)) this.#refresh();
    this.#streams.forget(`${id}/`);
    this.#shareUplink();
  }

  #config() {
    return { iceServers: this.#ice.list, ...this.#port.options.rtc };
  }

  #send(to, event, fields) {
    // What is lost with the connection is made good after the next join (`resend`); what is stale is not missed.
    this.#port.request(event, { to, ...fields }).catch((error) => {
      const peer = this.#peers.get(to);
      if (event === "offer" && error.code === "ROOM_FULL") peer?.refused();
      else if (error.retryable && error.code !== "CONNECTION_LOST") peer?.sendAgain(event, fields, error.retryAfterMs);
      this.#emitter.emit("signal-refused", { event, error });
    });
  }

  async #seal(to, description, negotiationId) {
    const keyring = this.#port.keyring();
    return keyring ? keyring.signDescription({ from: this.#run?.selfId, to, negotiationId }, description) : description;
  }

  async #open(from, description, negotiationId) {
    const keyring = this.#port.keyring();
    if (!keyring) return { description, vouched: null };
    const verified = await keyring.verifyDescription({ from, to: this.#run?.selfId, negotiationId }, description);
    return { description: verified, vouched: fingerprintsIn(verified.sdp) };
  }

  #onPeerChanged() {
    this.#refresh();
    this.#shareUplink();
    this.#report();
    const states = [...this.#peers.values()].map((peer) => peer.state);
    // Media that stops everywhere at once is the first sign of a network that is gone without a word.
    if (states.includes("reconnecting") && !states.includes("connected")) this.#port.suspicious();
  }

  #shareUplink() {
    this.#uplink?.limit([...this.#peers.values()].map(({ pc }) => pc), this.#media.tracks.screen);
  }

  /** For the server's content-free record of the call. */
  #report() {
    const states = [...this.#peers.values()].map((peer) => peer.state);
    const report = states.includes("connected") ? "connected" : states.includes("failed") ? "failed" : null;
    if (!this.#run || !report || report === this.#reported) return;
    this.#reported = report;
    this.#port.request("call-state", { state: report }).catch(() => {}); // Nobody waits for it.
  }

  #refresh() {
    this.#store.update(this.#picture({}));
  }

  #picture(patch) {
    // One who is only called in case, and has not answered, is not there.
    const there = [...this.#peers].filter(([id, peer]) => peer.pc?.remoteDescription || this.#person(id)?.inCall !== false);
    const peers = there.map(([participantId, peer]) => {
      const { audio, video, screen } = peer.incoming;
      return Object.freeze({
        participantId,
        state: peer.state,
        stream: this.#streams.of(`${participantId}/camera`, [audio, video]),
        screenStream: this.#streams.of(`${participantId}/screen`, [screen]),
      });
    });
    return {
      localStream: this.#streams.of("/camera", [this.#media.tracks.audio, this.#media.tracks.video]),
      localScreen: this.#streams.of("/screen", [this.#media.tracks.screen]),
      peers: Object.freeze(peers),
      ...patch,
    };
  }
}
