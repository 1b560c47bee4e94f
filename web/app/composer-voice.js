/** The bar in place of the field while a voice message is recorded: discard it, or send it. */

import { announce, h, setText } from "./dom.js";
import { deviceWords } from "./device-words.js";
import { durationWords } from "./file-words.js";
import { icon } from "./icons.js";
import { prefs } from "./prefs.js";
import { Recorder } from "./recorder.js";
import { t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

/** Of the waveform that moves by while one speaks. */
const SHOWN = 48;

export class ComposerVoice {
  #props;
  #recorder = null;
  #opening = false;

  /**
   * @param {{client: Client, scope: import("./scope.js").Scope, send: (voice: {blob: Blob, durationS: number, waveform: number[]}) => void,
   *   tell: (words: string) => void, changed: (on: boolean) => void}} props
   */
  constructor(props) {
    this.#props = props;
    this.time = h("span", { class: "voice-time" }, "0:00");
    this.levels = h("span", { class: "voice-live", "aria-hidden": "true" }, Array.from({ length: SHOWN }, () => h("i")));
    const button = (label, symbol, className, action) => h("button", { class: className, type: "button", "aria-label": label, title: label, onclick: action }, icon(symbol));
    this.discard = button(t("voice.discard"), "bin", "icon-button quiet tool", () => this.#drop());
    this.sendButton = button(t("voice.send"), "send", "icon-button send", () => this.#finish());
    this.element = h("div", { class: "voice-bar", role: "group", "aria-label": t("voice.recording"), hidden: true, onkeydown: (event) => event.key === "Escape" && this.#drop() }, this.discard, h("span", { class: "recording-dot", "aria-hidden": "true" }), this.time, this.levels, this.sendButton);
    props.scope.add(() => this.#recorder?.discard());
  }

  get isOn() {
    return !this.element.hidden;
  }

  async start() {
    if (this.#recorder || this.#opening) return;
    const { client, tell, scope } = this.#props;
    this.#opening = true;
    try {
      const track = await client.openMicrophone({ noiseSuppression: prefs().noiseSuppression });
      if (scope.ended) return track.stop();
      track.onended = () => this.#finish();
      this.#recorder = new Recorder(track, { heard: (level, seconds) => this.#heard(level, seconds), full: () => this.#finish() });
      announce(t("voice.recording"));
      setText(this.time, durationWords(0)); // not that of the one before
      this.#show(true);
      this.sendButton.focus();
    } catch (error) {
      tell(typeof error.code === "string" ? deviceWords(error, "audio", { inside: true }) : t("voice.cannot"));
    } finally {
      this.#opening = false;
    }
  }

  #show(on) {
    this.element.hidden = !on;
    this.#props.changed(on);
  }

  #heard(level, seconds) {
    setText(this.time, durationWords(seconds));
    const bar = this.levels.firstElementChild;
    bar.style.height = `${Math.round(Math.min(1, 0.12 + level * 4) * 100)}%`;
    this.levels.append(bar);
  }

  #drop() {
    this.#recorder?.discard();
    this.#recorder = null;
    announce(t("voice.discarded"));
    this.#show(false);
  }

  async #finish() {
    const recorder = this.#recorder;
    if (!recorder) return;
    this.#recorder = null;
    const voice = await recorder.finish();
    this.#show(false);
    this.#props.send(voice);
  }
}
