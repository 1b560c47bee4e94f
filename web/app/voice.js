/** One's own microphone: how loud it is, and whether somebody speaks into it while it is off. */

import { Speaker } from "./speaker.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

/** By `watchLevel`: about -35 dB, a voice near the microphone. */
const VOICE = 0.5;

export class Voice {
  #room;
  #client;
  #level;
  #muted;
  #track = null;
  #isOn = false;
  #stop = () => {};

  /**
   * @param {{client: Client, room: Room, scope: import("./scope.js").Scope, level: (loud: number) => void, muted: () => void}} props
   *   `level` is told how loud the microphone is that is on, 0 to 1; `muted`: words were lost, told once for each time it is off
   */
  constructor({ client, room, scope, level, muted }) {
    this.#client = client;
    this.#room = room;
    this.#level = level;
    this.#muted = muted;
    scope.add(room.call.subscribe(() => this.#look()));
    scope.add(() => this.#rest());
  }

  #look() {
    const { active, audio, localStream } = this.#room.call.getSnapshot();
    const track = (active && localStream?.getAudioTracks()[0]) || null;
    if (track === this.#track && audio === this.#isOn) return;
    this.#rest();
    this.#track = track;
    this.#isOn = audio;
    if (!track) return;
    this.#stop = audio ? this.#client.watchLevel(track, this.#level) : this.#listen(track);
  }

  /** A track that is off is silent, also for us; a copy is not, and goes nowhere. */
  #listen(track) {
    const copy = track.clone();
    copy.enabled = true;
    const speaker = new Speaker();
    let told = false;
    const stop = this.#client.watchLevel(copy, (loud) => {
      speaker.heard([["self", loud > VOICE ? 1 : 0]], performance.now());
      if (!speaker.current || told) return;
      told = true;
      this.#muted();
    });
    return () => {
      stop();
      copy.stop();
    };
  }

  #rest() {
    this.#stop();
    this.#stop = () => {};
    this.#track = null;
    this.#level(0);
  }
}
