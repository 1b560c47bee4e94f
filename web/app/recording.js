/** A recording of the call on one's own machine. Nothing is recorded before everybody is told, and the mark stays as long. */

import { Film } from "./film.js";

/** @typedef {import("../../client/index.js").Room} Room */

/** What says it to others: an attribute, so that whoever comes later sees it, too. */
export const MARK = "recording";
const TYPES = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const BITS_PER_S = 1_500_000;
/** Longer, and it is saved by itself: it is held by the browser until then. */
export const MAX_RECORDING_S = 2 * 60 * 60;
/** What was filmed is handed over this often, so that little is lost where the browser stops by itself. */
const PART_MS = 1_000;

const typeHere = () => globalThis.MediaRecorder && TYPES.find((type) => MediaRecorder.isTypeSupported(type));

export const canRecordCall = () => Boolean(typeHere() && HTMLCanvasElement.prototype.captureStream);

/** Who records, of these. @param {readonly any[]} people */
export const recordersOf = (people) => people.filter(({ attributes }) => attributes?.[MARK] === "on");

export class CallRecording {
  #room;
  #stage;
  #saved;
  #film = null;
  #recorder = null;
  #limit;
  #run = 0;
  /** From the press on until all is saved. */
  on = false;

  /**
   * @param {{room: Room, stage: HTMLElement, scope: import("./scope.js").Scope, saved: (full: boolean) => void}} props
   *   at the scope's end what there is is saved
   */
  constructor({ room, stage, scope, saved }) {
    this.#room = room;
    this.#stage = stage;
    this.#saved = saved;
    scope.add(() => this.#finish());
    // A page that was loaded anew records no more.
    if (recordersOf([room.getSnapshot().self]).length) this.#mark(false).catch(() => {});
  }

  /** Throws where the others cannot be told, or the browser does not record. */
  async start() {
    if (this.on) return;
    this.on = true;
    const run = (this.#run += 1);
    try {
      await this.#mark(true);
      // Stopped meanwhile, or left: nobody is told any more, so nothing is recorded.
      if (this.on && run === this.#run) this.#record();
    } catch (error) {
      this.on = false;
      this.#film?.end();
      this.#mark(false).catch(() => {});
      throw error;
    }
  }

  async stop() {
    this.#finish();
    await this.#mark(false);
  }

  #record() {
    this.#film = new Film({ room: this.#room, stage: this.#stage });
    const recorder = new MediaRecorder(this.#film.stream, { mimeType: typeHere(), videoBitsPerSecond: BITS_PER_S });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => save(new Blob(parts.splice(0), { type: recorder.mimeType.split(";")[0] }));
    recorder.start(PART_MS);
    this.#recorder = recorder;
    this.#limit = setTimeout(() => this.stop().catch(() => {}).then(() => this.#saved(true)), MAX_RECORDING_S * 1_000);
  }

  #finish() {
    clearTimeout(this.#limit);
    this.on = false;
    if (!this.#recorder) return;
    this.#recorder.stop();
    this.#film.end();
    this.#recorder = this.#film = null;
    this.#saved(false);
  }

  #mark(on) {
    const { [MARK]: _, ...others } = this.#room.getSnapshot().self?.attributes ?? {};
    return this.#room.updateSelf({ attributes: on ? { ...others, [MARK]: "on" } : others });
  }
}

function save(blob) {
  const href = URL.createObjectURL(blob);
  const time = new Date().toISOString().slice(0, 16).replace(/[T:]/g, "-");
  Object.assign(document.createElement("a"), { href, download: `mayfly-${time}.${blob.type.split("/")[1]}` }).click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
