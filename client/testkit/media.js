/** Media without devices: tracks, streams, and a `navigator.mediaDevices` whose devices the test plugs in and out. */

let numbers = 0;

export class TestTrack extends EventTarget {
  id = `track-${(numbers += 1)}`;
  enabled = true;
  muted = false;
  readyState = "live";
  onended = null;
  onmute = null;
  onunmute = null;

  /** @param {"audio" | "video"} kind @param {string} [deviceId] @param {{noiseSuppression?: boolean, fixed?: boolean}} [more] */
  constructor(kind = "audio", deviceId = "default", { noiseSuppression, fixed = false } = {}) {
    super();
    this.kind = kind;
    this.label = deviceId;
    this.deviceId = deviceId;
    this.noiseSuppression = noiseSuppression;
    this.fixed = fixed;
  }

  getSettings = () => ({ deviceId: this.deviceId, ...(this.noiseSuppression !== undefined && { noiseSuppression: this.noiseSuppression }) });
  getConstraints = () => ({});

  /** As in Chromium: a fixed track refuses what must be, and passes over what is merely wished for. */
  applyConstraints = async (/** @type {MediaTrackConstraints} */ { noiseSuppression: wish } = {}) => {
    const exact = typeof wish === "object" ? wish.exact : undefined;
    const wanted = typeof wish === "object" ? exact : wish;
    if (wanted === undefined || wanted === this.noiseSuppression) return;
    if (!this.fixed) this.noiseSuppression = wanted;
    else if (exact !== undefined) throw failed("OverconstrainedError");
  };

  clone() {
    return new TestTrack(this.kind, this.deviceId, this);
  }

  stop() {
    this.readyState = "ended";
  }

  /** The device is unplugged, or forbidden: only then is the end told. */
  vanish() {
    if (this.readyState === "ended") return;
    this.readyState = "ended";
    this.onended?.(new Event("ended"));
    this.dispatchEvent(new Event("ended"));
  }
}

export class TestStream extends EventTarget {
  id = `stream-${(numbers += 1)}`;
  #tracks;

  constructor(tracks = []) {
    super();
    this.#tracks = new Set(tracks instanceof TestStream ? tracks.getTracks() : tracks);
  }

  get active() {
    return this.getTracks().some(({ readyState }) => readyState === "live");
  }

  getTracks = () => [...this.#tracks];
  getAudioTracks = () => this.getTracks().filter(({ kind }) => kind === "audio");
  getVideoTracks = () => this.getTracks().filter(({ kind }) => kind === "video");
  addTrack = (track) => void this.#tracks.add(track);
  removeTrack = (track) => void this.#tracks.delete(track);
}

const KINDS = { audio: "audioinput", video: "videoinput" };
const failed = (name) => Object.assign(new Error(name), { name });

export class TestDevices extends EventTarget {
  #devices = [];
  /** Every track that was opened. */
  opened = [];
  /** The name of the error with which devices of a kind do not open, such as `NotAllowedError`. */
  failing = { audio: null, video: null, screen: null };
  /** Whether tracks that run keep the processing of sound they were opened with, as in Chromium; in Firefox they change it. */
  fixed = false;

  constructor() {
    super();
    this.plugIn("audioinput", "microphone");
    this.plugIn("videoinput", "camera");
    this.plugIn("audiooutput", "speaker");
  }

  /** Those that are on now. */
  get live() {
    return this.opened.filter(({ readyState }) => readyState === "live");
  }

  plugIn(kind, deviceId, label = deviceId) {
    this.#devices.push({ kind, deviceId, label, groupId: "" });
    this.dispatchEvent(new Event("devicechange"));
  }

  unplug(deviceId) {
    this.#devices = this.#devices.filter((device) => device.deviceId !== deviceId);
    this.dispatchEvent(new Event("devicechange"));
    for (const track of this.live) if (track.deviceId === deviceId) track.vanish();
  }

  getSupportedConstraints = () => ({ deviceId: true, noiseSuppression: true });

  enumerateDevices = async () => this.#devices.map((device) => ({ ...device }));

  getUserMedia = async (constraints) => {
    const tracks = [];
    for (const kind of ["audio", "video"]) if (constraints[kind]) tracks.push(this.#openOne(kind, constraints[kind]));
    return new TestStream(tracks);
  };

  getDisplayMedia = async () => {
    if (this.failing.screen) throw failed(this.failing.screen);
    return new TestStream([this.#keep(new TestTrack("video", "screen"))]);
  };

  #openOne(kind, constraints) {
    const wanted = constraints.deviceId?.exact;
    if (this.failing[kind]) throw failed(this.failing[kind]);
    const there = this.#devices.filter((device) => device.kind === KINDS[kind]);
    const device = wanted === undefined ? there[0] : there.find(({ deviceId }) => deviceId === wanted);
    if (!device) throw failed(wanted === undefined ? "NotFoundError" : "OverconstrainedError");
    return this.#keep(new TestTrack(kind, device.deviceId, { noiseSuppression: this.#processing(kind, device, constraints), fixed: this.fixed }));
  }

  /** What is merely wished for of a device that is open, and fixed, is as it is there. */
  #processing(kind, { deviceId }, constraints) {
    if (kind !== "audio") return undefined;
    const wish = constraints.noiseSuppression ?? true;
    if (wish.exact !== undefined) return wish.exact;
    return this.live.find((track) => track.fixed && track.deviceId === deviceId)?.noiseSuppression ?? wish;
  }

  #keep(track) {
    this.opened.push(track);
    return track;
  }
}
