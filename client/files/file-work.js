/** Files on their way out and in: sealed, laid down or handed over, fetched and opened. What is erased is let go of at once. */

import { isShown, MAX_THUMBNAIL_CHARS, toData } from "../messages/attachments.js";
import { MAX_SEALED_BYTES } from "../crypto/crypto.js";
import { asMayflyError, MayflyError } from "../errors.js";
import { Handover } from "./file-channel.js";
import { download } from "./file-download.js";
import { describePicture } from "./file-picture.js";
import { newFileKey, opened, plain, sealed, sealedLength, whole } from "./file-stream.js";
import { layDown } from "./file-upload.js";
import { MAX_ATTEMPTS, MESSAGE_LIFETIME_MS } from "../messages/messages.js";

const RETRY_MS = 1_500;
/** Progress is shown no more often. */
const PROGRESS_MS = 100;
/** What a sealed message has beside its text and thumbnail, at most. */
const SEALED_REST_BYTES = 1_800;
/** Opened bytes are handed to the browser, which may put them on disk, so many at a time. */
const BLOB_BYTES = 4_194_304;
/** Refusals that only a person can do something about, although the server calls them retryable. */
const SHOWN_AT_ONCE = new Set(["QUOTA_EXCEEDED"]);

export class FileWork {
  #port;
  #handover;
  /** key → what is sent with that message, for as long as the message is there. */
  #jobs = new Map();
  /** Those that are on their way, and would be lost with the page. */
  #guarded = new Set();
  /** key → the openings that are under way. */
  #openings = new Map();

  /** @param {import("./files.js").FilesPort & {directPeer: () => RTCPeerConnection | null, maxBytes: () => number}} port */
  constructor(port) {
    this.#port = port;
    this.#handover = new Handover(port);
  }

  holds = (key) => this.#jobs.has(key);
  take = (participantId, channel) => this.#handover.take(participantId, channel);

  send(key, file, more) {
    for (const known of this.#jobs.keys()) if (!this.#port.list.get(known)) this.#jobs.delete(known);
    const job = { file, more, abort: null };
    this.#jobs.set(key, job);
    more.signal?.addEventListener("abort", () => this.cancel(key));
    if (more.signal?.aborted) this.cancel(key);
    else this.#run(key, job);
  }

  retry(key) {
    const message = this.#port.list.get(key);
    // What is laid down already is only said once more.
    if (message?.state !== "failed" || isPlaced(message)) return false;
    this.#again(key);
    return true;
  }

  missing(key) {
    const job = this.#jobs.get(key);
    if (job.again) return false;
    job.again = true;
    this.#again(key);
    return true;
  }

  #again(key) {
    const { list, changed } = this.#port;
    const job = this.#jobs.get(key);
    const { name, type, size } = list.get(key).attachments[0];
    const patch = { state: "sending", error: undefined, upload: Object.freeze({ sent: 0, total: size }) };
    list.update(key, { ...patch, attachments: Object.freeze([Object.freeze({ name, type, size })]) });
    changed();
    this.#run(key, job);
  }

  cancel(key) {
    const { list, erased } = this.#port;
    const message = list.get(key);
    if (!message?.upload && message?.state !== "failed") return false;
    this.forget(key);
    list.remove(key);
    erased();
    return true;
  }

  forget(key, { opening = true } = {}) {
    const job = this.#jobs.get(key);
    job?.abort?.abort();
    this.#jobs.delete(key);
    if (job) this.#guard(job, false);
    this.#handover.forget(key);
    if (opening) for (const controller of this.#openings.get(key) ?? []) controller.abort();
  }

  stop() {
    for (const key of [...this.#jobs.keys(), ...this.#openings.keys()]) this.forget(key);
    this.#handover.stop();
  }

  async #run(key, job) {
    const { outbox } = this.#port;
    const { signal } = (job.abort = new AbortController());
    if (job.more.leaveWarning !== false) this.#guard(job, true);
    try {
      if (!job.isClean) await this.#clean(key, job);
      if (signal.aborted) return;
      job.details ??= await this.#describe(key, job);
      const placed = await this.#place(key, job, signal);
      if (signal.aborted) return;
      const { name, type, size } = this.#port.list.get(key).attachments[0];
      const attachments = Object.freeze([Object.freeze({ name, type, size, ...job.details, ...placed })]);
      const data = this.#port.keyring() ? undefined : toData(attachments);
      outbox.ready(key, { attachments, ...(data && { data }), upload: undefined });
    } catch (error) {
      if (!signal.aborted) outbox.fail(key, asMayflyError(error));
    } finally {
      if (job.abort.signal === signal) this.#guard(job, false);
    }
  }

  /** A page that is closed loses what is on its way: the browser asks first. */
  #guard(job, on) {
    const { size } = this.#guarded;
    this.#guarded[on ? "add" : "delete"](job);
    if (!size !== !this.#guarded.size) globalThis.window?.[on ? "addEventListener" : "removeEventListener"]?.("beforeunload", ask);
  }

  /** What a picture tells besides the picture does not leave this page. */
  async #clean(key, job) {
    const { list, changed } = this.#port;
    if (!job.more.keepMetadata) {
      const { withoutMetadata } = await import("./metadata.js");
      job.file = await withoutMetadata(job.file);
      const { size } = job.file;
      const message = list.get(key);
      if (message && message.attachments[0].size !== size) {
        const attachments = Object.freeze([Object.freeze({ ...message.attachments[0], size })]);
        list.update(key, { attachments, upload: Object.freeze({ sent: 0, total: size }) });
        changed();
      }
    }
    job.isClean = true;
  }

  async #describe(key, { file, more: { durationS, waveform, thumbnail } }) {
    const { text, attachments: [{ type }] } = this.#port.list.get(key);
    const left = this.#port.keyring() ? MAX_SEALED_BYTES - SEALED_REST_BYTES - new TextEncoder().encode(JSON.stringify(text)).length : MAX_THUMBNAIL_CHARS;
    const picture = type.startsWith("image/") && isShown(type) ? await describePicture(file, Math.min(left, MAX_THUMBNAIL_CHARS)) : {};
    const said = Object.entries({ durationS, waveform, thumbnail }).filter(([, value]) => value !== undefined);
    return { ...picture, ...Object.fromEntries(said) };
  }

  /** Directly where there is a way, else on the server. @returns {Promise<{fileId?: string, direct?: string, key?: string}>} */
  async #place(key, job, signal) {
    const { viewOnce } = this.#port.list.get(key);
    const peer = viewOnce ? null : this.#port.directPeer();
    if (peer) {
      try {
        return await this.#attempt(key, job, signal, (stream) => this.#handover.hand(peer, stream));
      } catch (error) {
        // Whatever stood in the way: the server has another one.
        if (signal.aborted || error.code === "FILE_UNREADABLE") throw error;
      }
    }
    return this.#layDown(key, job, signal);
  }

  async #layDown(key, job, signal) {
    const { roomId, server, store, token } = this.#port;
    const url = new URL(`/api/rooms/${encodeURIComponent(roomId)}/files`, server);
    for (let tries = 1; ; tries += 1) {
      await this.#back(signal);
      if (store.getSnapshot().limits?.fileBytes === 0) throw new MayflyError("FILES_OFF");
      const used = token();
      try {
        return await this.#attempt(key, job, signal, async (stream) => {
          const { fileId } = await layDown({ ...stream, url, token: used });
          return { fileId };
        });
      } catch (error) {
        const mayPass = (error.retryable && !SHOWN_AT_ONCE.has(error.code)) || (error.status === 401 && used !== token());
        if (signal.aborted || !mayPass || tries >= MAX_ATTEMPTS) throw error;
        await pause(error.retryAfterMs ?? RETRY_MS, signal);
      }
    }
  }

  /** Once more from the beginning, under another key: no nonce is used twice. */
  async #attempt(key, { file, more }, signal, put) {
    const { keyring, roomId, list } = this.#port;
    const [{ name, type }] = list.get(key).attachments;
    const secret = keyring() ? newFileKey() : undefined;
    const bytes = secret ? sealedLength(file.size) : file.size;
    const pieces = secret ? sealed(file, secret, roomId) : plain(file);
    const onProgress = (sent) => this.#progress(key, more, { sent: Math.floor((sent / Math.max(1, bytes)) * file.size), total: file.size });
    const said = secret ? {} : { type, name };
    return { ...(await put({ ...said, pieces, bytes, signal, onProgress })), ...(secret && { key: secret }) };
  }

  #progress(key, more, { sent, total }) {
    const { list, store } = this.#port;
    if (!list.get(key)?.upload) return;
    const upload = Object.freeze({ sent: Math.min(sent, total), total });
    const now = performance.now();
    if (now - (more.toldAt ?? -Infinity) < PROGRESS_MS && upload.sent < total) return;
    more.toldAt = now;
    list.update(key, { upload });
    store.update({ messages: list.all });
    more.onProgress?.(upload);
  }

  /** Inside, or inside again. */
  #back(signal) {
    const { store } = this.#port;
    return new Promise((resolve, reject) => {
      const look = () => {
        const { status } = store.getSnapshot();
        if (status === "joined") end(resolve);
        else if (status === "left" || status === "failed") end(() => reject(new MayflyError("LEFT")));
      };
      const stop = store.subscribe(look);
      const timer = setTimeout(() => end(() => reject(new MayflyError("CONNECTION_LOST"))), MESSAGE_LIFETIME_MS);
      const cancel = () => end(() => reject(new MayflyError("ABORTED")));
      const end = (settle) => {
        stop();
        clearTimeout(timer);
        signal.removeEventListener("abort", cancel);
        settle();
      };
      signal.addEventListener("abort", cancel);
      if (signal.aborted) cancel();
      else look();
    });
  }

  /**
   * See `index.d.ts`.
   * @param {string} key @param {import("../index.js").Attachment} attachment
   * @param {import("../index.js").OpenFileOptions & {as?: "blob" | "stream"}} [options]
   */
  async open(key, attachment, { as = "blob", onProgress, signal } = {}) {
    const controller = new AbortController();
    const mine = this.#openings.get(key) ?? new Set();
    this.#openings.set(key, mine.add(controller));
    const both = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
    const end = () => {
      mine.delete(controller);
      if (!mine.size && this.#openings.get(key) === mine) this.#openings.delete(key);
    };
    const pieces = counted(this.#piecesOf(key, attachment, both), { total: attachment.size, signal: both, onProgress, end });
    const type = isShown(attachment.type) ? attachment.type : "application/octet-stream";
    return as === "stream" ? streamOf(pieces) : collect(pieces, type);
  }

  #piecesOf(key, attachment, signal) {
    const { roomId } = this.#port;
    const own = this.#jobs.get(key)?.file;
    if (own && own.size === attachment.size) return plain(own);
    const bytes = attachment.key ? sealedLength(attachment.size) : attachment.size;
    const source = attachment.direct ? this.#handed(attachment) : this.#fetched(attachment, bytes, signal);
    return attachment.key ? opened(source, { key: attachment.key, size: attachment.size, roomId }) : whole(source, attachment.size);
  }

  #handed({ direct }) {
    const blob = this.#handover.received(direct);
    if (!blob) throw new MayflyError("NOT_FOUND", "This file was handed over during a call, and is not on this device.");
    return plain(blob);
  }

  #fetched({ fileId }, bytes, signal) {
    const { roomId, server, token } = this.#port;
    const url = new URL(`/api/rooms/${encodeURIComponent(roomId)}/files/${encodeURIComponent(fileId)}`, server);
    return download({ url, token, bytes, signal, back: () => this.#back(signal) });
  }
}

const ask = (event) => event.preventDefault();
const isPlaced = ({ attachments, error }) => Boolean(attachments?.[0]?.fileId ?? attachments?.[0]?.direct) && error?.code !== "NOT_FOUND";

async function* counted(pieces, { total, signal, onProgress, end }) {
  let loaded = 0;
  try {
    for await (const piece of pieces) {
      if (signal.aborted) break;
      loaded += piece.length;
      onProgress?.({ loaded, total });
      yield piece;
    }
    // Erased, or called off, while the last piece was read: nobody is to have it.
    if (signal.aborted) throw new MayflyError("ABORTED");
  } finally {
    end();
  }
}

function streamOf(pieces) {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
      }
    },
    cancel: () => pieces.return(),
  });
}

async function collect(pieces, type) {
  const parts = [];
  let held = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.length;
    if (bytes < BLOB_BYTES) continue;
    parts.push(new Blob(held));
    [held, bytes] = [[], 0];
  }
  return new Blob([...parts, ...held], { type });
}

/** @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
