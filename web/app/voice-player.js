/** Plays a sound: a button, its waveform, on which one can seek, and how long it is. Only one plays at a time. */

import { h, setText, svg } from "./dom.js";
import { durationWords } from "./file-words.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const MAX_LOUDNESS = 31;
/** Where the sender tells no waveform. */
const FLAT = Array(40).fill(6);
/** Of the drawing: each value is one unit wide, and as high as it is loud. */
const HEIGHT = 36;

let playing = null;

export class VoicePlayer {
  #props;
  #audio = null;
  #lengthS;

  /** @param {{attachment: any, label: string, address: () => Promise<string>, failed: (error: any) => void}} props */
  constructor(props) {
    this.#props = props;
    const { attachment, label } = props;
    this.#lengthS = attachment.durationS ?? 0;
    this.button = h("button", { class: "icon-button voice-play", type: "button", "aria-label": t("files.playName", { name: label }), onclick: () => this.#toggle() }, icon("play", 18));
    this.seek = h("input", { type: "range", class: "voice-seek", min: 0, max: 1, step: 0.01, value: 0, "aria-label": t("files.positionName", { name: label }), oninput: () => this.#sought() });
    this.time = h("span", { class: "voice-time" });
    this.wave = waveOf(attachment.waveform ?? FLAT);
    this.element = h("div", { class: "voice" }, this.button, h("div", { class: "voice-line", dir: "ltr" }, this.wave, this.seek), this.time);
    this.#moved();
  }

  pause() {
    this.#audio?.pause();
  }

  stop() {
    this.pause();
    this.#audio?.removeAttribute("src");
    this.#audio?.load();
    this.#audio = null;
    if (playing === this) playing = null;
  }

  async #toggle() {
    if (this.#audio && !this.#audio.paused) return this.pause();
    try {
      const audio = (this.#audio ??= await this.#load());
      if (playing !== this) playing?.pause();
      playing = this;
      await audio.play();
    } catch (error) {
      if (error.name !== "AbortError") this.#props.failed(error);
    }
  }

  async #load() {
    const audio = new Audio(await this.#props.address());
    const shown = (isPlaying) => {
      this.button.replaceChildren(icon(isPlaying ? "pause" : "play", 18));
      this.button.setAttribute("aria-label", t(isPlaying ? "files.pauseName" : "files.playName", { name: this.#props.label }));
    };
    audio.onplay = () => shown(true);
    audio.onpause = () => shown(false);
    audio.onended = () => (shown(false), (audio.currentTime = 0), this.#moved());
    audio.ontimeupdate = () => this.#moved();
    // What a browser records has no length in its head; the message tells it.
    audio.onloadedmetadata = () => Number.isFinite(audio.duration) && audio.duration > 0 && ((this.#lengthS = audio.duration), this.#moved());
    const from = Number(this.seek.value);
    if (from > 0) audio.currentTime = from * this.#lengthS;
    return audio;
  }

  #sought() {
    const part = Number(this.seek.value);
    if (this.#audio && this.#lengthS) this.#audio.currentTime = part * this.#lengthS;
    this.#draw(part);
  }

  #moved() {
    const at = this.#audio?.currentTime ?? 0;
    const part = this.#lengthS ? Math.min(1, at / this.#lengthS) : 0;
    this.seek.value = String(part);
    setText(this.time, at || this.#lengthS ? durationWords(at || this.#lengthS) : ""); // of a file nobody knows it before it plays
    this.#draw(part);
  }

  #draw(part) {
    this.seek.setAttribute("aria-valuetext", t("files.positionAt", { at: durationWords(part * this.#lengthS), length: durationWords(this.#lengthS) }));
    const bars = this.wave.children;
    for (const [at, bar] of [...bars].entries()) bar.classList.toggle("played", at < part * bars.length);
  }
}

export function waveOf(waveform) {
  const bars = waveform.map((loudness, at) => {
    const height = 3 + (Math.min(MAX_LOUDNESS, loudness) / MAX_LOUDNESS) * (HEIGHT - 6);
    return svg("rect", { x: at * 3, y: (HEIGHT - height) / 2, width: 2, height, rx: 1 });
  });
  return svg("svg", { class: "wave", viewBox: `0 0 ${Math.max(1, waveform.length * 3 - 1)} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
}
