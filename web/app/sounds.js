/** Soft sounds for what happens in a room, made on the spot: who is looking elsewhere hears it. */

import { prefs } from "./prefs.js";

/** Each is a row of notes: `[frequency in Hz, start in s, length in s]`. */
const SOUNDS = {
  came: [[523.25, 0, 0.16], [783.99, 0.11, 0.26]],
  left: [[659.25, 0, 0.16], [440, 0.11, 0.26]],
  knock: [[220, 0, 0.09], [220, 0.17, 0.09], [220, 0.34, 0.12]],
  hand: [[698.46, 0, 0.14], [880, 0.1, 0.14], [1174.66, 0.2, 0.24]],
  message: [[880, 0, 0.12]],
  test: [[523.25, 0, 0.2], [659.25, 0.18, 0.2], [783.99, 0.36, 0.4]],
};
const LOUDNESS = { knock: 0.16, test: 0.14 };
const USUAL_LOUDNESS = 0.07;
/** From silence and back to it: a note that begins or ends at once clicks. */
const RISE_S = 0.012;
/** The same one again within this time is not heard: ten people who come together are one sound. */
const REST_MS = 400;
/** A context that has been silent for so long is closed: an open one keeps the sound system awake. */
const IDLE_MS = 5_000;

export class Sounds {
  #context = null;
  #playedAt = new Map();
  #closing = () => {};
  #scope;

  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.#scope = scope;
    scope.add(() => this.#close());
  }

  /** Nothing is heard where sounds are off, or where the browser wants a press of the page first. @param {keyof typeof SOUNDS} name */
  async play(name) {
    const now = performance.now();
    if (!prefs().sounds || this.#scope.ended || !globalThis.AudioContext) return;
    if (now - (this.#playedAt.get(name) ?? -Infinity) < REST_MS) return;
    this.#playedAt.set(name, now);
    const context = await this.#running();
    if (!context) return;
    ring(context, context.destination, name);
    this.#closing();
    this.#closing = this.#scope.after(IDLE_MS, () => this.#close());
  }

  async #running() {
    if (!navigator.userActivation?.hasBeenActive && navigator.userActivation) return null;
    this.#context ??= new AudioContext();
    const context = this.#context;
    if (prefs().speaker) await context.setSinkId?.(prefs().speaker).catch(() => {}); // Unplugged: the system's it is.
    if (context.state === "suspended") await context.resume().catch(() => {});
    return this.#context === context && context.state === "running" ? context : null;
  }

  #close() {
    this.#closing();
    this.#context?.close().catch(() => {});
    this.#context = null;
  }
}

/** Plays a sound into a node of a context that runs. @returns {number} how long it takes, in seconds */
export function ring(context, into, name) {
  const loudness = LOUDNESS[name] ?? USUAL_LOUDNESS;
  const began = context.currentTime;
  for (const [frequency, start, length] of SOUNDS[name]) {
    const note = new OscillatorNode(context, { type: "sine", frequency });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, began + start);
    volume.gain.linearRampToValueAtTime(loudness, began + start + RISE_S);
    volume.gain.exponentialRampToValueAtTime(0.0001, began + start + length);
    note.connect(volume).connect(into);
    note.start(began + start);
    note.stop(began + start + length);
  }
  return Math.max(...SOUNDS[name].map(([, start, length]) => start + length));
}
