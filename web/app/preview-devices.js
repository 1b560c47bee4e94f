/**
 * Camera and microphone of the door: what is wanted of each, and what is open. The last wish wins, however long a device
 * takes to open; nothing is open that was not asked for last.
 */
export class PreviewDevices {
  #client;
  #changed;
  #slots = { audio: newSlot(), video: newSlot() };
  #closed = false;

  /** @param {{client: any, changed: () => void}} parts `changed` is called after every step, until `take` or `close` */
  constructor({ client, changed }) {
    this.#client = client;
    this.#changed = changed;
  }

  /** @param {"audio" | "video"} slot @returns {{wanted: boolean, opening: boolean, track: MediaStreamTrack | null, error: any}} */
  of(slot) {
    const { wanted, opening, track, error } = this.#slots[slot];
    return { wanted, opening, track, error };
  }

  /** @returns {Promise<void>} when this wish is met, or overtaken by another */
  async want(slot, on, deviceId) {
    if (this.#closed) return;
    const state = this.#slots[slot];
    const wish = (state.wish += 1);
    state.track?.stop();
    Object.assign(state, { wanted: on, opening: on, track: null, error: null });
    this.#changed();
    if (!on) return;
    const { track, error } = await this.#open(slot, deviceId);
    if (this.#closed || wish !== state.wish) return track?.stop();
    Object.assign(state, { opening: false, track: track ?? null, error: error ?? null });
    this.#changed();
  }

  /**
   * Hands the open devices over; they are no longer closed here. `true` stands for one that is still being opened: who is
   * quick to press "Join" goes in with the camera all the same.
   */
  take() {
    const of = ({ track, opening }) => track ?? opening;
    const taken = { audio: of(this.#slots.audio), video: of(this.#slots.video) };
    this.#slots = { audio: newSlot(), video: newSlot() };
    this.#closed = true;
    return taken;
  }

  close() {
    for (const track of Object.values(this.take())) if (typeof track === "object") track.stop();
  }

  async #open(slot, deviceId) {
    const open = slot === "audio" ? this.#client.openMicrophone : this.#client.openCamera;
    try {
      return { track: await open({ deviceId }) };
    } catch (error) {
      // The device chosen last time may be gone; any other will do.
      if (deviceId && error.code === "DEVICE_MISSING") return this.#open(slot);
      return { error };
    }
  }
}

const newSlot = () => ({ wanted: false, opening: false, track: null, error: null, wish: 0 });
