/**
 * One peer connection with one participant: perfect negotiation (W3C WebRTC, section 10.7) with the server's `polite`
 * flag, a new `negotiationId` for every offer, ICE restart, and recovery when the other side has lost its half.
 *
 * A `negotiationId` made here ends in `.f` where the offer opens a session and in `.c` where it continues one. A page that
 * was just reloaded thereby knows an offer that continues what it no longer has, and opens a new session instead.
 */

import { newId } from "../core/entry.js";
import { assertCertificates, assertParsed } from "../crypto/proof.js";
import { Recovery } from "./recovery.js";
import { dtlsRole, otherRole, withRole } from "../crypto/sdp.js";

const MAX_FRESH_SESSIONS = 6;
const RESEND_AFTER_MS = 1_200;
/** Signals that the server refused for the moment are sent again, so many times between two connections. */
const MAX_REFUSALS = 8;
const REFUSED_RETRY_MS = 1_000;
/** Candidates that may wait for their description. */
const MAX_EARLY_CANDIDATES = 128;

export class Peer {
  #port;
  #chain = Promise.resolve();
  #recovery;
  #early = [];
  #sessions = 0;
  #closed = false;
  #screenTx = null;
  #refused = [];
  #refusals = 0;
  /** The fingerprints that somebody with the room's key vouched for; `null` in a room without one. */
  #vouched = null;
  /** @type {RTCPeerConnection} */
  pc = null;
  negotiationId = null;
  state = "connecting";

  /**
   * @param {{id: string, polite: boolean, config: () => RTCConfiguration, send: (event: string, fields: object) => void,
   *   seal: (description: object, negotiationId?: string) => Promise<object>, open: (description: object,
   *   negotiationId?: string) => Promise<{description: object, vouched: string[] | null}>, tracks: () => {audio?: MediaStreamTrack, video?: MediaStreamTrack,
   *   screen?: MediaStreamTrack}, changed: () => void, prepared: (pc: RTCPeerConnection) => void,
   *   failed: (error: unknown) => void}} port
   */
  constructor(port) {
    this.#port = port;
    this.#recovery = new Recovery({
      polite: port.polite,
      state: () => this.state,
      become: (state) => this.state === state || this.#become(state),
      restart: () => this.restart(),
      open: () => this.offer(),
    });
  }

  get id() {
    return this.#port.id;
  }

  /** What comes in: by slot, the tracks that the other side may be sending. */
  get incoming() {
    if (!this.pc) return {};
    const live = this.pc.getTransceivers().filter((t) => t.mid !== null && !t.stopped && t !== this.#screenTx);
    const receiving = (t) => t && ["recvonly", "sendrecv"].includes(t.currentDirection);
    const videos = live.filter((t) => t.receiver.track.kind === "video");
    const audio = live.find((t) => t.receiver.track.kind === "audio");
    const screen = videos.slice(1).findLast(receiving);
    return {
      audio: receiving(audio) ? audio.receiver.track : null,
      video: receiving(videos[0]) ? videos[0].receiver.track : null,
      screen: screen ? screen.receiver.track : null,
    };
  }

  /** Open a session: with a new connection and an offer, whatever was before. */
  offer = () => this.#run(() => this.#open());

  /** @param {"offer-received" | "answer-received" | "ice-candidate-received"} event */
  receive(event, payload) {
    return this.#run(() => {
      if (event === "offer-received") return this.#onOffer(payload);
      if (event === "answer-received") return this.#onAnswer(payload);
      return this.#onCandidate(payload);
    });
  }

  /** New ICE credentials and paths, on the connection there is. */
  restart = () =>
    this.#run(async () => {
      if (!this.pc?.remoteDescription) return this.#open();
      if (this.pc.signalingState === "stable") this.pc.restartIce();
      else if (this.pc.signalingState === "have-local-offer") await this.#sendOffer();
    });

  /** After a gap in signaling: an offer that may never have arrived is sent again. */
  resend() {
    this.#sessions = 0;
    this.#recovery.later("resend", RESEND_AFTER_MS, () =>
      this.#run(async () => {
        if (this.pc?.signalingState === "have-local-offer") await this.#sendOffer();
        else if (this.state !== "connected") this.#recovery.soon();
      }),
    );
  }

  /** Send this track (or nothing) in a slot from now on. */
  setTrack(slot, track) {
    return this.#run(async () => {
      if (!this.pc) return;
      if (slot === "screen") return this.#setScreen(track);
      await this.#slot(slot)?.sender.replaceTrack(track ?? null);
    });
  }

  /** What came in up to now: `packets` of media, and whether any are `expected`. To be told about once a second. */
  look(seen) {
    if (this.pc && !this.#closed) this.#recovery.look(seen);
  }

  configure(config) {
    if (this.pc && this.pc.connectionState !== "closed") this.pc.setConfiguration(config);
  }

  close() {
    this.#closed = true;
    this.#recovery.stop();
    this.pc?.close();
  }

  async #open() {
    if (this.#sessions >= MAX_FRESH_SESSIONS) return this.#become("failed");
    this.#sessions += 1;
    this.#replace();
    const { audio, video, screen } = this.#port.tracks();
    this.pc.addTransceiver(audio ?? "audio", { direction: "sendrecv" });
    this.pc.addTransceiver(video ?? "video", { direction: "sendrecv" });
    if (screen) this.#setScreen(screen);
    // From here on `negotiationneeded` does the rest.
  }

  #replace() {
    this.pc?.close();
    this.#early = [];
    this.#screenTx = null;
    this.negotiationId = null;
    this.#vouched = null;
    const pc = new RTCPeerConnection(this.#port.config());
    this.pc = pc;
    const current = (handler) => (event) => pc === this.pc && !this.#closed && handler(event);
    pc.onnegotiationneeded = current(() => this.#run(() => pc === this.pc && this.#renegotiate()));
    pc.onicecandidate = current(({ candidate }) => this.#run(() => pc === this.pc && this.#sendCandidate(candidate)));
    pc.onconnectionstatechange = current(() => this.#watch());
    pc.ontrack = current(({ track }) => {
      track.onmute = track.onunmute = track.onended = () => this.#port.changed();
      this.#port.changed();
    });
    this.#port.prepared(pc);
    this.#become("connecting");
    this.#recovery.begun();
  }

  async #renegotiate() {
    if (this.pc.signalingState !== "stable") return;
    await this.pc.setLocalDescription();
    await this.#sendOffer();
  }

  async #sendOffer() {
    const continues = this.pc.currentRemoteDescription !== null;
    this.negotiationId = `${newId()}.${continues ? "c" : "f"}`;
    await this.#sendDescription("offer");
  }

  async #sendDescription(event) {
    const { type, sdp } = this.pc.localDescription;
    const { pc, negotiationId } = this;
    const said = type === "offer" ? withRole(sdp, this.#role) : sdp;
    const description = await this.#port.seal({ type, sdp: said }, negotiationId ?? undefined);
    if (this.#closed || pc !== this.pc) return;
    this.#port.send(event, { description, negotiationId: this.negotiationId ?? undefined });
  }

  /** Of this side in DTLS, once the connection has one. */
  get #role() {
    return dtlsRole(this.pc.currentLocalDescription, this.pc.currentRemoteDescription);
  }

  #sendCandidate(candidate) {
    this.#port.send("ice-candidate", {
      candidate: candidate ? candidate.toJSON() : null,
      negotiationId: this.negotiationId ?? undefined,
    });
  }

  async #onOffer({ description, negotiationId }) {
    const opened = await this.#verified(description, negotiationId);
    if (!opened) return;
    const known = this.pc?.currentRemoteDescription ?? this.pc?.remoteDescription;
    if (!known && negotiationId?.endsWith(".c")) {
      // It continues a session of which this page has nothing (any more).
      if (this.pc?.signalingState !== "have-local-offer") await this.#open();
      return;
    }
    const startedOver = known && sessionOf(known.sdp) !== sessionOf(opened.description.sdp);
    const collides = this.pc && this.pc.signalingState !== "stable";
    if (collides && !startedOver && !this.#port.polite) return;
    // Before the first answer nothing of ours is worth keeping, and a rollback would leave its transceivers behind.
    if (!this.pc || startedOver || (collides && !known)) this.#replace();
    this.negotiationId = negotiationId ?? null;
    if (!(await this.#accept(opened))) return;
    await this.#attach();
    await this.#addEarly();
    await this.pc.setLocalDescription();
    await this.#sendDescription("answer");
    this.#port.changed();
  }

  async #onAnswer({ description, negotiationId }) {
    // To an offer of a call that was ended meanwhile: the other side believes that it goes on.
    if (!this.pc) return this.state === "unverified" ? undefined : this.#open();
    if (this.pc.signalingState !== "have-local-offer") return;
    if (negotiationId && negotiationId !== this.negotiationId) return;
    const opened = await this.#verified(description, negotiationId);
    if (!opened) return;
    const known = this.pc.currentRemoteDescription;
    if (known && sessionOf(known.sdp) !== sessionOf(opened.description.sdp)) return this.#open();
    try {
      if (!(await this.#accept(opened))) return;
    } catch (error) {
      // Its own offer would then wait for ever: a connection that cannot be continued is made anew.
      this.#port.failed?.(error);
      return this.#open();
    }
    await this.#addEarly();
    this.#port.changed();
  }

  async #onCandidate({ candidate, negotiationId }) {
    if (!this.pc || (negotiationId && this.negotiationId && negotiationId !== this.negotiationId)) return;
    if (this.pc.remoteDescription) return this.#addCandidate(candidate);
    if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
  }

  async #addEarly() {
    for (const candidate of this.#early.splice(0)) await this.#addCandidate(candidate);
  }

  async #addCandidate(candidate) {
    // One candidate that does not parse (a host name that is no longer known, another generation) costs one path only.
    await this.pc.addIceCandidate(candidate ?? undefined).catch(() => {});
  }

  /** After somebody's offer: send what we have in the slots that it opened. */
  async #attach() {
    const tracks = this.#port.tracks();
    for (const slot of ["audio", "video"]) {
      const transceiver = this.#slot(slot);
      if (!transceiver) continue;
      transceiver.direction = "sendrecv";
      if (transceiver.sender.track !== (tracks[slot] ?? null)) await transceiver.sender.replaceTrack(tracks[slot] ?? null);
    }
    if (tracks.screen && !this.#screenTx) this.#setScreen(tracks.screen);
  }

  #slot(kind) {
    return this.pc
      .getTransceivers()
      .find((t) => t !== this.#screenTx && !t.stopped && t.receiver.track.kind === kind);
  }

  async #setScreen(track) {
    if (track && !this.#screenTx) this.#screenTx = this.pc.addTransceiver(track, { direction: "sendonly" });
    else if (this.#screenTx) {
      await this.#screenTx.sender.replaceTrack(track ?? null);
      this.#screenTx.direction = track ? "sendonly" : "inactive";
    }
  }

  async #verified(description, negotiationId) {
    try {
      return await this.#port.open(description, negotiationId);
    } catch (error) {
      // Somebody without the key, or somebody in the middle: no media to or from it. A call that goes on stays as it is.
      if (this.pc?.remoteDescription) this.#port.failed?.(error);
      else this.#distrust(error);
      return null;
    }
  }

  /** Use a verified description, if the browser reads it as we did. */
  async #accept({ description, vouched }) {
    const { type, sdp } = description;
    await this.pc.setRemoteDescription(type === "offer" ? { type, sdp: withRole(sdp, otherRole(this.#role)) } : description);
    try {
      if (vouched) assertParsed(this.pc.pendingRemoteDescription ?? this.pc.currentRemoteDescription, vouched);
    } catch (error) {
      this.#distrust(error);
      return false;
    }
    this.#vouched = vouched;
    return true;
  }

  /** No media to or from whoever this is, and nothing more from us until an offer comes that can be verified. */
  #distrust(error) {
    this.#recovery.stop();
    this.pc?.close();
    this.pc = null;
    this.#become("unverified");
    this.#port.failed?.(error);
  }

  async #onConnected() {
    const { pc } = this;
    try {
      if (this.#vouched) await assertCertificates(pc, this.#vouched);
    } catch (error) {
      if (pc === this.pc) this.#distrust(error);
      return;
    }
    if (pc !== this.pc || this.#closed || pc.connectionState !== "connected") return;
    this.#sessions = this.#refusals = 0;
    this.#recovery.connected();
  }

  #watch() {
    const { connectionState } = this.pc;
    if (connectionState === "connected") this.#onConnected();
    else this.#recovery.lost(connectionState);
  }

  /** The server refused a signal for the moment: it is sent again, as far as it still matters. */
  sendAgain(event, fields, afterMs = REFUSED_RETRY_MS) {
    if (!this.pc || (fields.negotiationId ?? null) !== this.negotiationId || this.#refusals >= MAX_REFUSALS) return;
    this.#refused.push({ event, fields });
    this.#recovery.later("refused", afterMs, () => this.#run(() => this.#sendRefused()));
  }

  async #sendRefused() {
    this.#refusals += 1;
    const refused = this.#refused.splice(0).filter(({ fields }) => (fields.negotiationId ?? null) === this.negotiationId);
    const { signalingState } = this.pc ?? {};
    // A description that is sent now has all candidates up to now.
    if (refused.some(({ event }) => event === "offer")) return signalingState === "have-local-offer" && this.#sendOffer();
    if (refused.some(({ event }) => event === "answer")) return signalingState === "stable" && this.#sendDescription("answer");
    for (const { event, fields } of refused) this.#port.send(event, fields);
  }

  /** The call is full: there is no use in trying before somebody has left it. */
  refused() {
    this.#recovery.stop();
    this.#become("full");
  }

  tryAgain() {
    this.#sessions = 0;
    this.offer();
  }

  #become(state) {
    this.state = state;
    this.#port.changed();
  }

  /** One step after the other: an answer must not overtake the offer that is still being applied. */
  #run(step) {
    const result = this.#chain.then(() => (this.#closed ? undefined : step()));
    this.#chain = result.catch((error) => {
      if (!this.#closed) this.#port.failed?.(error);
    });
    return this.#chain;
  }
}

/** The session id of an SDP's origin line (RFC 8866, section 5.2): another one means another peer connection. */
function sessionOf(sdp) {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? "";
}
