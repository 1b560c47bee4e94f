/** What this side sends: microphone, camera and screen, each opened, exchanged and closed on its own. */

import { openCamera, openMicrophone, openScreen } from "./devices.js";
import { Slot } from "./slot.js";

const OPEN = { audio: openMicrophone, video: openCamera, screen: openScreen };

/** @typedef {"audio" | "video" | "screen"} SlotName */

export class LocalMedia {
  #slots = /** @type {Record<SlotName, Slot>} */ ({});
  /** Asked of each microphone that is opened. @type {boolean | undefined} */
  noiseSuppression;

  /**
   * @param {{ready: () => Promise<unknown>, changed: (slot: SlotName, track: MediaStreamTrack | null) => void, wished: () =>
   *   void, failed: (slot: SlotName, error: any) => void, lost: (slot: SlotName, replaced: boolean) => void}} port
   *   nothing is opened before `ready`
   * @param {NonNullable<import("../index.js").JoinOptions["call"]>} [options]
   */
  constructor(port, { noiseSuppression, open } = {}) {
    this.noiseSuppression = noiseSuppression;
    this.open = { ...OPEN, ...open };
    for (const name of /** @type {SlotName[]} */ (Object.keys(OPEN))) {
      this.#slots[name] = new Slot({
        open: (wish) => this.open[name]({ ...wish, noiseSuppression: this.noiseSuppression }),
        ready: () => port.ready(),
        changed: (track) => port.changed(name, track),
        wished: () => port.wished(),
        failed: (error) => port.failed(name, error),
        lost: (replaced) => port.lost(name, replaced),
        replaceable: name !== "screen",
      });
    }
  }

  /** @returns {Partial<Record<SlotName, MediaStreamTrack>>} */
  get tracks() {
    return mapped(this.#slots, (slot) => slot.track ?? undefined);
  }

  /** What is on or about to be, as it was wished for last. @returns {Readonly<Record<SlotName, boolean>>} */
  get wanted() {
    return mapped(this.#slots, (slot) => slot.isWanted);
  }

  /** @param {SlotName} name @param {boolean | MediaStreamTrack} wish A device that does not open leaves the slot empty. */
  use(name, wish, more = {}) {
    const given = typeof wish === "object" && wish ? wish : undefined;
    return this.#slots[name].want({ on: Boolean(wish), muted: false, given, ...more });
  }

  mute = (muted) => this.#slots.audio.mute(muted);

  /** Another device: now where one is on, and whenever the slot is turned on. Fails where the old one had to stay. */
  async switchTo(name, deviceId) {
    const slot = this.#slots[name];
    await slot.want({ deviceId, given: undefined });
    if (slot.failure) throw slot.failure;
  }

  end() {
    for (const slot of Object.values(this.#slots)) slot.close();
  }
}

/**
 * @template T
 * @param {Record<SlotName, Slot>} object @param {(slot: Slot) => T} map
 * @returns {Readonly<Record<SlotName, T>>}
 */
const mapped = (object, map) =>
  /** @type {Readonly<Record<SlotName, T>>} */ (Object.freeze(Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))));
