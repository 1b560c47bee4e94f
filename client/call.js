/**
 * A call with everybody in the room: one peer connection to each (a mesh), the same camera, microphone and screen for all.
 * Whoever starts the call offers to those who are there; whoever comes later offers to us.
 */

import { IceServers } from "./ice.js";
import { LocalMedia } from "./media.js";
import { Peer } from "./negotiation.js";
import { EMPTY_CALL } from "./snapshot.js";
import { Emitter, Store } from "./store.js";
import { Streams } from "./streams.js";
import { shareUplink } from "./uplink.js";

/** Somebody who was there before us and stays silent is called after so long. */
const SILENT_PEER_MS = 4_000;
/** Signals that may wait, for each peer, until this page starts its call. */
const MAX_EARLY_SIGNALS = 64;

export class Call {
  #port;
  #room;
  #store;
  #emitter = new Emitter();
  #peers = new Map();
  #early = new Map();
  #media;
  #starting = null;
  #streams = new Streams();
  #timers = new Map();
  #ice;
  #reported = null;
  #called = false;
  #selfId = null;

  constructor(port) {
    this.#port = port;
    this.#room = port.room;
    this.#media = new LocalMedia({
      changed: (slot, track) => this.#onMedia(slot, track),
      failed: (slot, error) => this.#explain(slot, error),
      ended: () => this.#tell(),
    });
    this.#store = new Store(EMPTY_CALL);
    this.#ice = new IceServers(
      () => port.request("get-ice-servers"),
      () => this.#peers.forEach((peer) => peer.configure(this.#config())),
    );
    this.#room.on("joined", (data) => this.#onJoined(data));
    this.#room.on("signal", ({ event, payload }) => this.#onSignal(event, payload));
    this.#room.on("user-joined", ({ participant }) => this.#expect(participant.id));
    this.#room.on("user-updated", ({ participant }) => this.#onUpdated(participant));
    this.#room.on("user-left", ({ participantId }) => {
      this.#drop(participantId);
      // Somebody's place in a full call may be free now.
      for (const peer of this.#peers.values()) if (peer.state === "full") peer.tryAgain();
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
   * Enter the call. A device that is refused or missing keeps nobody out: the reason is in `errors`.
   * @param {{audio?: boolean | MediaStreamTrack, video?: boolean | MediaStreamTrack,
   *   devices?: {audio?: string, video?: string}}} [wish] `devices`: the ids of those to open, where they are there
   */
  start(wish) {
    this.#starting ??= this.#start(wish).finally(() => (this.#starting = null));
    return this.#starting;
  }

  /** Leave the call and stay in the room. Devices that the call opened are closed. */
  stop() {
    if (!this.getSnapshot().active) return;
    for (const id of [...this.#peers.keys()]) this.#drop(id);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#media.end();
    this.#selfId = null;
    this.#store.update({ active: false, audio: false, video: false, screen: false });
    this.#refresh();
    this.#report();
    this.#tell();
  }

  /** Off mutes, and keeps the microphone open. */
  setAudio = (on) => this.#media.mute(!on).then(() => this.#tell());

  /** Off closes the camera, so that its light goes out. */
  setVideo = (on) => this.#media.use("video", on).then(() => this.#tell());

  setScreen = (on) => this.#media.use("screen", on).then(() => this.#tell());

  /** @param {"audio" | "video"} slot @param {string} deviceId */
  switchDevice = (slot, deviceId) => this.#media.switchTo(slot, deviceId).then(() => this.#tell());

  /** A `RTCStatsReport` for each peer that has a connection, for diagnosis. */
  async getStats() {
    const entries = [...this.#peers].filter(([, peer]) => peer.pc);
    return new Map(await Promise.all(entries.map(async ([id, peer]) => [id, await peer.pc.getStats()])));
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

  async #start({ audio = true, video = true, devices = {} } = {}) {
    if (this.getSnapshot().active) return;
    await this.#room.joined;
    this.#store.update({ active: true });
    this.#media.begin(devices);
    await Promise.all([this.#media.use("audio", audio), this.#media.use("video", video)]);
    if (!this.getSnapshot().active) return;
    this.#selfId = this.#room.getSnapshot().self.id;
    for (const { id } of this.#room.getSnapshot().participants) this.#greet(id);
    this.#tell();
  }

  async #onMedia(slot, track) {
    this.#store.update({ [slot]: Boolean(track?.enabled) });
    this.#refresh();
    await Promise.all([...this.#peers.values()].map((peer) => peer.setTrack(slot, track)));
    this.#shareUplink();
  }

  #explain(slot, error) {
    const { errors } = this.getSnapshot();
    this.#store.update({ errors: Object.freeze({ ...errors, [slot]: error }) });
  }

  #tell() {
    const { audio, video, screen } = this.getSnapshot();
    this.#room.updateMedia({ audio, video, screen }).catch(() => {}); // The next join says it again.
  }

  #onJoined({ self, participants, iceServers, iceExpiresAt }) {
    this.#ice.use(iceServers, iceExpiresAt);
    if (!this.getSnapshot().active || !this.#selfId) return;
    const present = new Set(participants.map((participant) => participant.id));
    const isNewcomer = this.#selfId !== self.id;
    for (const id of [...this.#peers.keys()]) if (isNewcomer || !present.has(id)) this.#drop(id);
    this.#selfId = self.id;
    for (const { id, needsIceRestart } of participants) {
      const peer = this.#peers.get(id);
      if (!peer) isNewcomer ? this.#greet(id) : this.#expect(id);
      else if (needsIceRestart) peer.restart();
      else peer.resend();
    }
  }

  /** Somebody is back whose page may have been reloaded: what we offered it may be lost. */
  #onUpdated({ id, connected }) {
    const peer = this.#peers.get(id);
    if (connected && peer && peer.state !== "connected") peer.resend();
  }

  /** Call somebody who is there, or answer the call that came before this page was ready for it. */
  #greet(id) {
    const waiting = this.#early.get(id) ?? [];
    this.#early.delete(id);
    const peer = this.#peer(id);
    if (!peer) return;
    if (!waiting.some(({ event }) => event === "offer-received")) peer.offer();
    for (const { event, payload } of waiting) peer.receive(event, payload);
  }

  /** A newcomer calls; should it stay silent, we do. */
  #expect(id) {
    if (!this.getSnapshot().active) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => {
        const there = this.#room.getSnapshot().participants.some((participant) => participant.id === id);
        if (there && this.getSnapshot().active && !this.#peers.has(id)) this.#greet(id);
      }, SILENT_PEER_MS),
    );
  }

  #onSignal(event, payload) {
    const id = payload.from;
    if (this.getSnapshot().active && this.#selfId) return void this.#peer(id)?.receive(event, payload);
    // Signals wait until the call starts; a newer offer makes those before it moot.
    const waiting = event === "offer-received" ? [] : (this.#early.get(id) ?? []);
    if (waiting.length < MAX_EARLY_SIGNALS) this.#early.set(id, [...waiting, { event, payload }]);
  }

  #peer(id) {
    const existing = this.#peers.get(id);
    if (existing) return existing;
    const participant = this.#room.getSnapshot().participants.find((candidate) => candidate.id === id);
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
    this.#called = true;
    this.#refresh();
    return peer;
  }

  #drop(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
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
      if (event === "offer" && error.code === "ROOM_FULL") this.#peers.get(to)?.refused();
      this.#emitter.emit("signal-refused", { event, error });
    });
  }

  async #seal(to, description, negotiationId) {
    const keyring = this.#port.keyring();
    return keyring ? keyring.signDescription({ from: this.#selfId, to, negotiationId }, description) : description;
  }

  async #open(from, description, negotiationId) {
    const keyring = this.#port.keyring();
    return keyring ? keyring.verifyDescription({ from, to: this.#selfId, negotiationId }, description) : description;
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
    shareUplink([...this.#peers.values()].map(({ pc }) => pc), this.#media.tracks.screen);
  }

  /** For the server's content-free record of the call. */
  #report() {
    const states = [...this.#peers.values()].map((peer) => peer.state);
    const { active } = this.getSnapshot();
    const state = states.includes("connected") ? "connected" : states.includes("failed") ? "failed" : null;
    // Whoever hangs up frees its place, also where nothing had connected yet.
    const report = active ? state : this.#called ? "ended" : null;
    if (!report || report === this.#reported) return;
    this.#reported = active ? report : null;
    this.#called = active;
    this.#port.request("call-state", { state: report }).catch(() => {}); // Nobody waits for it.
  }

  #refresh() {
    this.#store.update(this.#picture({}));
  }

  #picture(patch) {
    const peers = [...this.#peers].map(([participantId, peer]) => {
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
