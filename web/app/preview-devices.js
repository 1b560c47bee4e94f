/**
 * Camera and microphone of the door: what is wanted of each, and what is open, by the same rule as in the call (the
 * client's `Slot`): the last wish wins, and nothing is open that was not asked for last.
 */

import { cameraOf } from "./camera.js";
import { prefs } from "./prefs.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

export class PreviewDevices {
  #slots;
  #closed = false;

  /** @param {{client: Client, changed: () => void}} parts `changed` is called after every step, until `take` or `close` */
  constructor({ client, changed }) {
    const told = () => this.#closed || changed();
    const slot = (open) => new client.Slot({ open, changed: told, wished: told, failed: told, lost: told, replaceable: true });
    this.#slots = { audio: slot((wish) => client.openMicrophone({ ...wish, noiseSuppression: prefs().noiseSuppression })), video: slot(cameraOf(client, () => this.of("video").wanted)) };
  }

  /** @param {"audio" | "video"} name @returns {{wanted: boolean, opening: boolean, track: MediaStreamTrack | null, error: any}} */
  of(name) {
    const { isWanted, isLive, track, failure } = this.#slots[name];
    return { wanted: isWanted, opening: isWanted && !isLive, track: isLive ? track : null, error: (!isWanted && failure) || null };
  }

  /** @returns {Promise<void>} when the last wish is met, this one or a later */
  async want(name, on, deviceId) {
    if (!this.#closed) await this.#slots[name].want({ on, deviceId });
  }

  /** The camera anew, where it is on: off first, so that nothing is shown that was called off. @returns {Promise<any>} why it is not */
  async reopenCamera() {
    if (!this.of("video").wanted || this.#closed) return undefined;
    this.#slots.video.want({ on: false });
    await this.#slots.video.want({ on: true });
    return this.of("video").error;
  }

  /** Of the microphone that is open; the next one is opened as it is kept (prefs.js). */
  async suppressNoise(on) {
    const { withNoiseSuppression } = await import("/client/call/noise.js");
    const { track } = this.of("audio");
    if (!track) return;
    const other = await withNoiseSuppression(track, on);
    if (other === track) return;
    // Switched off, exchanged or handed over meanwhile.
    if (this.#closed || this.of("audio").track !== track || prefs().noiseSuppression !== on) other.stop();
    else await this.#slots.audio.want({ given: other });
  }

  /**
   * Hands the open devices over; they are no longer closed here. `true` stands for one that is still being opened: who is
   * quick to press "Join" goes in with the camera all the same.
   */
  take() {
    this.#closed = true;
    const of = (slot) => {
      const { isWanted } = slot;
      return slot.release() ?? isWanted;
    };
    return { audio: of(this.#slots.audio), video: of(this.#slots.video) };
  }

  close() {
    this.#closed = true;
    for (const slot of Object.values(this.#slots)) slot.close();
  }
}
