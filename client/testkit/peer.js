/**
 * Peer connections in memory: two that have each other's descriptions are connected. As much of an `RTCPeerConnection` as a
 * call needs; no media flows, and its statistics say that it does.
 */

import { TestTrack } from "./media.js";

const PACKETS_PER_S = 50;
const PACKET_BYTES = 160;
/** Candidates lead nowhere: the descriptions alone decide who is connected. */
const CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.1 9 typ host";

const medium = (kind, mid, direction) => `m=${kind} 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${mid}\r\na=${direction}\r\n`;

/** @param {"offer" | "answer"} type @param {number} session @param {string} setup of DTLS @param {string[]} [media] */
export function described(type, session, setup, media = [medium("audio", "0", "sendrecv")]) {
  const fingerprint = session.toString(16).toUpperCase().padStart(64, "0").match(/../g).join(":");
  const head = `v=0\r\no=- ${session} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 ${fingerprint}\r\na=setup:${setup}\r\n`;
  return { type, sdp: head + media.join("") };
}

const sessionOf = ({ sdp }) => Number(/^o=- (\d+)/m.exec(sdp)[1]);
const mediaOf = ({ sdp }) =>
  sdp.split(/^(?=m=)/m).slice(1).map((part) => ({
    kind: /^m=(\w+)/.exec(part)[1],
    mid: /^a=mid:(\S+)/m.exec(part)?.[1] ?? "0",
    direction: /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(part)?.[1] ?? "sendrecv",
  }));

const sends = (direction) => direction === "sendrecv" || direction === "sendonly";
const receives = (direction) => direction === "sendrecv" || direction === "recvonly";
const both = (send, receive) => (send ? (receive ? "sendrecv" : "sendonly") : receive ? "recvonly" : "inactive");

class Transceiver {
  mid = null;
  currentDirection = null;
  stopped = false;

  constructor(track, kind, direction) {
    this.direction = direction;
    let parameters = { encodings: [{}] };
    this.sender = {
      track,
      transport: null,
      replaceTrack: async (next) => void (this.sender.track = next),
      getParameters: () => structuredClone(parameters),
      setParameters: async (next) => void (parameters = structuredClone(next)),
    };
    this.receiver = { track: new TestTrack(kind, "remote"), transport: null, getSynchronizationSources: () => [] };
  }
}

/** Two ends of a data channel, as browsers have them: what one sends the other hears, in order, a moment later. */
export function dataChannels(protocol, label = "") {
  const end = () => ({ label, protocol, readyState: "open", bufferedAmount: 0 });
  const [a, b] = [end(), end()];
  const join = (from, to) => {
    from.send = (data) => {
      if (from.readyState !== "open") throw new Error("closed");
      const copy = typeof data === "string" ? data : data.slice().buffer;
      setTimeout(() => to.onmessage?.({ data: copy }));
    };
    from.close = () => {
      for (const one of [from, to]) {
        one.readyState = "closed";
        setTimeout(() => one.onclose?.());
      }
    };
  };
  join(a, b);
  join(b, a);
  return [a, b];
}

/** A world of connections, which find each other: a class for the place of `RTCPeerConnection`. */
export function peerConnections({ connectMs = 0, gathers = true } = {}) {
  return class TestPeerConnection extends EventTarget {
    /** @type {TestPeerConnection[]} */
    static made = [];
    /** How long two take to be connected once they have agreed. */
    static connectMs = connectMs;
    /** The network between all is gone. */
    static cutOff = false;

    static async generateCertificate() {
      return {};
    }

    /** The network goes, or comes back. */
    static cut(off = true) {
      this.cutOff = off;
      for (const one of this.made) if (one.connectionState !== "closed") one.#meet();
    }

    signalingState = "stable";
    connectionState = "new";
    iceConnectionState = "new";
    iceGatheringState = "new";
    localDescription = null;
    remoteDescription = null;
    currentLocalDescription = null;
    currentRemoteDescription = null;
    pendingRemoteDescription = null;
    onconnectionstatechange = null;
    ondatachannel = null;
    onicecandidate = null;
    onnegotiationneeded = null;
    ontrack = null;
    /** With what it refuses every description, where a test says so. @type {string | null} */
    refuses = null;
    /** @type {Transceiver[]} */
    #transceivers = [];
    #connectedAt = 0;
    #timer;

    constructor(configuration = {}) {
      super();
      this.configuration = configuration;
      this.session = TestPeerConnection.made.push(this);
    }

    setConfiguration = (configuration) => void (this.configuration = configuration);
    getConfiguration = () => this.configuration;
    getTransceivers = () => [...this.#transceivers];
    getSenders = () => this.#transceivers.map(({ sender }) => sender);
    getReceivers = () => this.#transceivers.map(({ receiver }) => receiver);
    restartIce = () => this.#needsNegotiation();

    addTransceiver(trackOrKind, { direction = "sendrecv" } = {}) {
      const track = typeof trackOrKind === "string" ? null : trackOrKind;
      const made = new Transceiver(track, track?.kind ?? trackOrKind, direction);
      this.#transceivers.push(made);
      this.#needsNegotiation();
      return made;
    }

    createDataChannel(label, { protocol = "" } = {}) {
      const [mine, theirs] = dataChannels(protocol, label);
      queueMicrotask(() => this.#other?.dispatchEvent(Object.assign(new Event("datachannel"), { channel: theirs })));
      queueMicrotask(() => this.#other?.ondatachannel?.({ channel: theirs }));
      return mine;
    }

    async setLocalDescription() {
      const answers = this.signalingState === "have-remote-offer";
      this.#transceivers.forEach((one, at) => (one.mid ??= String(at)));
      const media = this.#transceivers.map(({ mid, receiver, direction }) => medium(receiver.track.kind, mid, direction));
      /** @type {["answer" | "offer", number, string]} */
      const said = answers ? ["answer", this.session, "active"] : ["offer", this.session, "actpass"];
      this.localDescription = described(...said, media.length ? media : undefined);
      if (answers) this.#settle();
      else this.signalingState = "have-local-offer";
      if (gathers) queueMicrotask(() => this.#gather());
    }

    async setRemoteDescription(description) {
      if (this.refuses) throw new Error(this.refuses);
      this.remoteDescription = description;
      if (description.type === "answer") this.#settle();
      else {
        this.signalingState = "have-remote-offer";
        this.pendingRemoteDescription = description;
        this.#mirror();
      }
    }

    async addIceCandidate() {
      if (!this.remoteDescription) throw new Error("there is no remote description");
    }

    async getStats() {
      const up = this.connectionState === "connected";
      const packets = up ? Math.floor(((performance.now() - this.#connectedAt) / 1_000) * PACKETS_PER_S) : 0;
      const bytes = packets * PACKET_BYTES;
      const rtp = { kind: "audio", packetsReceived: packets, packetsLost: 0, bytesReceived: bytes, bytesSent: bytes };
      return new Map([
        ["in", { id: "in", type: "inbound-rtp", ...rtp }],
        ["out", { id: "out", type: "outbound-rtp", ...rtp }],
        ["pair", { id: "pair", type: "candidate-pair", selected: up, currentRoundTripTime: 0.02 }],
      ]);
    }

    close() {
      if (this.connectionState === "closed") return;
      const other = this.#other;
      clearTimeout(this.#timer);
      this.connectionState = this.iceConnectionState = "closed";
      this.signalingState = "closed";
      if (other?.connectionState === "connected") other.#become("disconnected");
    }

    #needsNegotiation() {
      queueMicrotask(() => this.signalingState === "stable" && this.onnegotiationneeded?.(new Event("negotiationneeded")));
    }

    /** For each medium of an offer a transceiver of ours. */
    #mirror() {
      for (const { kind, mid } of mediaOf(this.remoteDescription)) {
        if (this.#transceivers.some((one) => one.mid === mid)) continue;
        const free = this.#transceivers.find((one) => one.mid === null && one.receiver.track.kind === kind);
        const one = free ?? new Transceiver(null, kind, "recvonly");
        one.mid = mid;
        if (!free) this.#transceivers.push(one);
      }
    }

    #settle() {
      this.currentLocalDescription = this.localDescription;
      this.currentRemoteDescription = this.remoteDescription;
      this.pendingRemoteDescription = null;
      this.signalingState = "stable";
      for (const { mid, direction } of mediaOf(this.remoteDescription)) {
        const one = this.#transceivers.find((transceiver) => transceiver.mid === mid);
        if (!one) continue;
        const before = one.currentDirection;
        one.currentDirection = both(sends(one.direction) && receives(direction), receives(one.direction) && sends(direction));
        if (receives(one.currentDirection) && !receives(before)) this.#tellTrack(one);
      }
      const other = this.#other;
      if (other) other.#meet();
      this.#meet();
    }

    #tellTrack(transceiver) {
      queueMicrotask(() => this.ontrack?.({ track: transceiver.receiver.track, transceiver, receiver: transceiver.receiver, streams: [] }));
    }

    #gather() {
      if (this.connectionState === "closed") return;
      const fields = { candidate: CANDIDATE, sdpMid: "0", sdpMLineIndex: 0 };
      this.onicecandidate?.({ candidate: { ...fields, toJSON: () => fields } });
      this.iceGatheringState = "complete";
      this.onicecandidate?.({ candidate: null });
    }

    /** The one on the other side, if it has our description as we have its. */
    get #other() {
      const other = this.currentRemoteDescription && TestPeerConnection.made[sessionOf(this.currentRemoteDescription) - 1];
      return other?.currentRemoteDescription && sessionOf(other.currentRemoteDescription) === this.session ? other : null;
    }

    #meet() {
      const meets = this.#other && this.#other.connectionState !== "closed" && !TestPeerConnection.cutOff;
      if (!meets) return void (this.connectionState === "connected" && this.#become("disconnected"));
      if (this.connectionState === "connected") return;
      this.#become("connecting");
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#other && !TestPeerConnection.cutOff && this.#become("connected"), TestPeerConnection.connectMs);
    }

    #become(state) {
      if (this.connectionState === "closed" || this.connectionState === state) return;
      if (state === "connected") this.#connectedAt = performance.now();
      this.connectionState = this.iceConnectionState = state;
      queueMicrotask(() => this.connectionState === state && this.onconnectionstatechange?.(new Event("connectionstatechange")));
    }
  };
}
