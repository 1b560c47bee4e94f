/** What this side sends: microphone, camera and screen, each opened, exchanged and closed on its own. */

import { openCamera, openMicrophone, openScreen } from "./devices.js";

const OPEN = { audio: openMicrophone, video: openCamera, screen: openScreen };

/** @typedef {"audio" | "video" | "screen"} Slot */

export class LocalMedia {
  #port;
  #wishes = {};
  #isOpen = false;
  /** @type {Partial<Record<Slot, MediaStreamTrack>>} */
  tracks = {};

  /**
   * @param {{changed: (slot: Slot, track: MediaStreamTrack | null) => Promise<void>, failed: (slot: Slot, error: any) => void,
   *   ended: () => void}} port `failed` is told `undefined` when all is well again; `ended`: a device stopped by itself
   */
  constructor(port) {
    this.#port = port;
  }

  /** @param {Partial<Record<Slot, string>>} devices ids of those to open, where they are there */
  begin(devices) {
    this.#isOpen = true;
    this.#wishes = { ...devices };
  }

  end() {
    this.#isOpen = false;
    for (const track of Object.values(this.tracks)) track?.stop();
    this.tracks = {};
  }

  /** @param {Slot} slot @param {boolean | MediaStreamTrack} wish A device that does not open leaves the slot empty. */
  async use(slot, wish) {
    if (!wish) return this.#put(slot, null);
    try {
      await this.#put(slot, typeof wish === "object" ? wish : await this.#open(slot));
      this.#port.failed(slot, undefined);
    } catch (error) {
      await this.#put(slot, null);
      this.#port.failed(slot, error);
    }
  }

  /** Mute keeps the microphone open, so that unmuting loses no word. */
  async mute(muted) {
    const track = this.tracks.audio;
    if (track && track.readyState !== "ended") {
      track.enabled = !muted;
      await this.#port.changed("audio", track);
    } else if (!muted) await this.use("audio", true);
  }

  /** Another device: now where one is open, and whenever the slot is turned on. */
  async switchTo(slot, deviceId) {
    this.#wishes[slot] = deviceId;
    const before = this.tracks[slot];
    if (!before) return;
    const track = await OPEN[slot]({ deviceId });
    track.enabled = before.enabled;
    await this.#put(slot, track);
  }

  async #open(slot) {
    const deviceId = this.#wishes[slot];
    try {
      return await OPEN[slot]({ deviceId });
    } catch (error) {
      // The device wished for is not there (any more): any other will do.
      if (!deviceId || error.code !== "DEVICE_MISSING") throw error;
      return OPEN[slot]({});
    }
  }

  async #put(slot, track) {
    const old = this.tracks[slot];
    if (old && old !== track) old.stop();
    if (track && !this.#isOpen) return track.stop();
    this.tracks = { ...this.tracks, [slot]: track ?? undefined };
    // A device unplugged, or "stop sharing" in the browser's own bar.
    if (track) track.onended = () => this.tracks[slot] === track && this.use(slot, false).then(() => this.#port.ended());
    await this.#port.changed(slot, track);
  }
}
