/** A file of a message as a page shows it: opened once, under an address of its own, and let go of with its message. */

import { asMayflyError, MayflyError } from "../errors.js";
import { Store } from "../core/store.js";

/** @typedef {Omit<ReturnType<typeof import("../react.js").useFile>, "open">} FileState */
/** @type {FileState} */
export const NO_FILE = Object.freeze({ status: "idle", blob: null, url: null, progress: null, error: null });
/** Progress is told so many times at most. */
const STEPS = 100;

export class OpenedFile {
  #room;
  #message;
  #attachment;
  #store = new Store({ ...NO_FILE });
  #controller = null;
  #stop = null;

  /** @param {import("../index.js").Room} room @param {import("../index.js").Message} message @param {import("../index.js").Attachment} attachment */
  constructor(room, message, attachment) {
    this.#room = room;
    this.#message = message;
    this.#attachment = attachment;
  }

  getSnapshot = () => this.#store.getSnapshot();
  subscribe = (listener) => this.#store.subscribe(listener);

  /** Once: while it is opened, and when it is open, nothing happens. Fulfilled, whatever came of it. */
  open = async () => {
    if (["loading", "ready"].includes(this.getSnapshot().status)) return;
    const { signal } = (this.#controller = new AbortController());
    this.#stop ??= this.#room.on("message-deleted", ({ key, reason }) => {
      // What was seen by all may still be looked at by who has it on screen.
      if (key === this.#message.key && reason !== "viewed") this.#end({ status: "failed", error: new MayflyError("NOT_FOUND") });
    });
    this.#store.update({ ...NO_FILE, status: "loading" });
    try {
      const blob = await this.#room.openFile(this.#message, this.#attachment, { signal, onProgress: this.#progress });
      if (!signal.aborted) this.#store.update({ ...NO_FILE, status: "ready", blob, url: URL.createObjectURL(blob) });
    } catch (error) {
      if (!signal.aborted) this.#store.update({ ...NO_FILE, status: "failed", error: asMayflyError(error) });
    }
  };

  /** Nobody shows it any more. It can be opened anew. */
  close = () => {
    this.#stop?.();
    this.#stop = null;
    this.#end();
  };

  #progress = ({ loaded, total }) => {
    const { status, progress } = this.getSnapshot();
    if (status !== "loading" || (loaded < total && loaded - (progress?.loaded ?? 0) < total / STEPS)) return;
    this.#store.update({ progress: Object.freeze({ loaded, total }) });
  };

  #end(patch = {}) {
    const { url } = this.getSnapshot();
    this.#controller?.abort();
    if (url) URL.revokeObjectURL(url);
    this.#store.update({ ...NO_FILE, ...patch });
  }
}
