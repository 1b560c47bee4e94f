/**
 * One device, on its way to what was wished for last: a camera, a microphone, or a shared screen.
 *
 * What is to stop stops at the press, before anything is waited for. A device that arrives after it was called off is
 * closed again, unseen. Exchanging one closes the old one first, since some browsers end it when they open the other.
 */

import { Wanted } from "../core/wanted.js";

/** @typedef {{on: boolean, muted?: boolean, deviceId?: string, given?: MediaStreamTrack}} Wish */
/** @type {Readonly<Wish>} */
const OFF = Object.freeze({ on: false });

export class Slot {
  #port;
  #wanted = new Wanted(OFF, (wish) => this.#bring(wish));
  #openedFor;
  /** @type {MediaStreamTrack | null} */
  track = null;
  /** Why the last wish was not met, although the device of before may be on again. */
  failure;

  /**
   * @param {{open: (wish: {deviceId?: string}) => Promise<MediaStreamTrack>, changed: (track: MediaStreamTrack | null) =>
   *   void, ready?: () => Promise<unknown>, wished?: () => void, failed?: (error: any) => void, lost?: (replaced: boolean)
   *   => void, replaceable?: boolean}} port nothing is opened before `ready`; `failed` is told `undefined` when all is well
   *   again; `lost`: the device went away by itself, and another is in its place or none
   */
  constructor(port) {
    this.#port = port;
  }

  /** Whether it is, or is about to be, on and not muted. */
  get isWanted() {
    return this.#wanted.wish.on && !this.#wanted.wish.muted;
  }

  get isLive() {
    return this.track !== null && this.track.readyState !== "ended";
  }

  /** @param {Partial<Wish>} patch @returns {Promise<void>} done when the last wish is met, or is known not to be */
  want(patch) {
    const wish = { ...this.#wanted.wish, ...patch };
    if (!wish.on) this.track?.stop();
    else if (this.track) this.track.enabled = !wish.muted;
    const settled = this.#wanted.set(wish);
    this.#port.wished?.();
    return settled;
  }

  /** Mute keeps a microphone that is open, so that unmuting loses no word; one that is still opening is called off. */
  mute(muted) {
    if (!muted) return this.want({ on: true, muted: false });
    return this.isLive ? this.want({ muted: true }) : this.want(OFF);
  }

  /** Off, and nothing of earlier wishes is remembered. */
  close() {
    return this.want({ on: false, muted: false, deviceId: undefined, given: undefined });
  }

  /** Hands the track over: from now on it is somebody else's to stop. */
  release() {
    const { track } = this;
    this.track = null;
    if (track) track.onended = null;
    this.close();
    return track;
  }

  /** @param {Readonly<Wish>} wish */
  async #bring({ on, deviceId, given }) {
    this.failure = undefined;
    if (!on) return this.#put(null);
    if (given && given !== this.track && given.readyState !== "ended") return this.#put(given, deviceId);
    if (this.isLive && this.#openedFor === deviceId) return this.#put(this.track, deviceId);
    const before = this.isLive ? { deviceId: this.#openedFor ?? this.track.getSettings?.().deviceId } : null;
    this.#quietly(() => this.track?.stop());
    const found = await this.#open(deviceId, before);
    const wish = this.#wanted.wish;
    if (!wish.on || wish.deviceId !== deviceId || (wish.given && wish.given !== given)) {
      found.track?.stop();
      return; // Called off, or another one is wished for: the worker goes on with that.
    }
    this.failure = found.error;
    // A wish that cannot be met is none any more: a page that shows it would show a device that is not there.
    if (!found.track) this.#wanted.wish = { ...wish, on: false };
    else if (found.error) this.#wanted.wish = { ...wish, deviceId: before.deviceId };
    this.#port.wished?.();
    this.#put(found.track ?? null, this.#wanted.wish.deviceId);
    this.#port.failed?.(found.track ? undefined : found.error);
  }

  /** The device, or the one of before where that fails, or any where there was none before and this one is gone. */
  async #open(deviceId, before) {
    try {
      if (this.#port.ready) await this.#port.ready();
      if (!this.#wanted.wish.on) return {};
      return { track: await this.#port.open({ deviceId }) };
    } catch (error) {
      const again = before ?? (deviceId && error.code === "DEVICE_MISSING" ? {} : null);
      if (!again || !this.#wanted.wish.on) return { error };
      const track = await this.#port.open(again).catch(() => undefined);
      return { track, error: track && !before ? undefined : error };
    }
  }

  #put(track, deviceId) {
    const old = this.track;
    if (old && old !== track) this.#quietly(() => old.stop());
    this.track = track;
    this.#openedFor = deviceId;
    if (track) {
      track.enabled = !this.#wanted.wish.muted;
      track.onended = () => this.#onEnded(track);
    }
    this.#port.changed(track);
  }

  /** A device unplugged or forbidden, or "stop sharing" in the browser's own bar. */
  async #onEnded(track) {
    if (this.track !== track || !this.#wanted.wish.on) return;
    if (!this.#port.replaceable) return void this.want({ on: false });
    this.#openedFor = undefined;
    await this.want({ deviceId: undefined, given: undefined });
    this.#port.lost?.(this.isLive);
  }

  #quietly(stop) {
    // Some browsers tell of an end that was asked for, too.
    if (this.track) this.track.onended = null;
    stop();
  }
}
