/** One's own words, written down by the browser for those who asked, once one has allowed it and while the microphone is on. */

import { ASK, SAID, WHO } from "./captions.js";
import { LANGUAGES, wantedLanguage } from "./language.js";

/** @typedef {import("../../client/index.js").Room} Room */

/** Between two pieces of the same sentence, for each who reads: what is said is told whole at its end. */
const EVERY_MS = 500;
/** A browser that ends by itself begins again after this. */
const AGAIN_MS = 1_000;
const MAX_CHARS = 200;
/** Of these there is no beginning again. */
const FATAL = new Set(["not-allowed", "service-not-allowed", "language-not-supported"]);

const engine = () => globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;

/** What is spoken is taken to be what is read, as it is in the browser's own country. */
function language() {
  const code = wantedLanguage();
  return navigator.languages.find((tag) => tag.split("-")[0] === code) ?? LANGUAGES[code].tag;
}

/** Whether the browser can do it without sending the sound to its maker. */
async function isLocal(lang) {
  const state = await engine().available?.({ langs: [lang], processLocally: true }).catch(() => undefined);
  return state === "available";
}

export class Dictation {
  #room;
  #scope;
  #ask;
  #failed;
  #readers = new Set();
  /** `null`: not asked yet. */
  #allowed = null;
  #asking = false;
  #recognition = null;
  #local = false;
  #toldAt = 0;

  /**
   * @param {{room: Room, scope: import("./scope.js").Scope, ask: (reader: any, local: boolean) => Promise<boolean>, failed: () => void}} props
   *   `ask` whether one's words may be written down for a participant; `failed`: the browser has given up
   */
  constructor({ room, scope, ask, failed }) {
    this.#room = room;
    this.#scope = scope;
    this.#ask = ask;
    this.#failed = failed;
    scope.add(room.on("broadcast", ({ from, type, data }) => type === ASK && this.#asked(from, /** @type {any} */ (data)?.on === true)));
    scope.add(room.on("user-left", ({ participantId }) => this.#asked(participantId, false)));
    scope.add(room.call.subscribe(() => this.#look()));
    scope.add(() => this.#rest());
    room.broadcast(WHO, {}).catch(() => {}); // without a connection nobody reads, either
  }

  async #asked(from, on) {
    if (!on) this.#readers.delete(from);
    else this.#readers.add(from);
    if (on && this.#allowed === null && engine()) await this.#mayI(from);
    if (on && !this.#allowed && !this.#asking) this.#tell(from, { none: true });
    this.#look();
  }

  async #mayI(from) {
    const reader = this.#room.getSnapshot().participants.find(({ id }) => id === from);
    if (this.#asking || !reader) return;
    this.#asking = true;
    this.#local = await isLocal(language());
    this.#allowed = await this.#ask(reader, this.#local);
    this.#asking = false;
    if (!this.#allowed) for (const other of this.#readers) if (other !== from) this.#tell(other, { none: true });
  }

  #look() {
    const { active, audio } = this.#room.call.getSnapshot();
    const wanted = Boolean(this.#allowed && this.#readers.size && active && audio) && !this.#scope.ended;
    if (wanted && !this.#recognition) this.#begin();
    if (!wanted) this.#rest();
  }

  #begin() {
    const recognition = (this.#recognition = new (engine())());
    Object.assign(recognition, { continuous: true, interimResults: true, lang: language() });
    if (this.#local) recognition.processLocally = true;
    recognition.onresult = (event) => this.#heard(event);
    recognition.onerror = ({ error }) => FATAL.has(error) && this.#giveUp();
    // Browsers stop after a silence, or after a minute.
    recognition.onend = () => {
      if (this.#recognition !== recognition) return;
      this.#recognition = null;
      this.#scope.after(AGAIN_MS, () => this.#look());
    };
    recognition.start(this.#room.call.getSnapshot().localStream?.getAudioTracks()[0]);
  }

  #heard({ resultIndex, results }) {
    const now = Array.from(results).slice(resultIndex);
    const isWhole = now.every(({ isFinal }) => isFinal);
    if (!isWhole && Date.now() - this.#toldAt < EVERY_MS * this.#readers.size) return;
    this.#toldAt = Date.now();
    const text = now.map(([best]) => best.transcript).join(" ").trim().slice(-MAX_CHARS);
    if (text) for (const reader of this.#readers) this.#tell(reader, { text });
  }

  /** @param {string} to only whoever asked. Words that do not arrive are not said again. */
  #tell(to, data) {
    this.#room.broadcast(SAID, data, { to }).catch(() => {});
  }

  #giveUp() {
    this.#allowed = false;
    this.#rest();
    for (const reader of this.#readers) this.#tell(reader, { none: true });
    this.#failed();
  }

  #rest() {
    const recognition = this.#recognition;
    this.#recognition = null;
    recognition?.abort();
  }
}
