/**
 * Camera and microphone of the door: what is wanted of each, and what is open, by the same rule as in the call (the
 * client's `Slot`): the last wish wins, and nothing is open that was not asked for last.
 */
export class PreviewDevices {
  #slots;
  #closed = false;

  /** @param {{client: any, changed: () => void}} parts `changed` is called after every step, until `take` or `close` */
  constructor({ client, changed }) {
    const told = () => this.#closed || changed();
    const slot = (open) => new client.Slot({ open, changed: told, wished: told, failed: told, lost: told, replaceable: true });
    this.#slots = { audio: slot(client.openMicrophone), video: slot(client.openCamera) };
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
