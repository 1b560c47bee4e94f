/**
 * Files in messages: what every room needs of it. What seals, sends and opens them (`file-work.js`) is loaded with the first
 * file.
 */

import { fileName, isShown, mediaType } from "../messages/attachments.js";
import { MayflyError } from "../errors.js";
import { CHANNEL } from "./file-label.js";

/** Where the server takes no files, and for what it does not say. */
const DIRECT_BYTES = 50 * 1_024 * 1_024;

/**
 * @typedef {{list: any, outbox: any, store: any, emitter: any, keyring: () => any, roomId: string, server: string,
 *   token: () => string | undefined, assertInside: () => void, changed: () => void, erased: () => void}} FilesPort
 */

export class Files {
  #port;
  #work = null;
  #loaded = null;
  /** Participant id → its present peer connection. */
  #connections = new Map();
  #call = null;

  /** @param {FilesPort} port */
  constructor(port) {
    this.#port = { ...port, directPeer: this.#directPeer, maxBytes: this.#maxBytes };
    port.emitter.on("message-deleted", ({ key, reason }) => this.#loaded?.forget(key, { opening: reason !== "viewed" }));
  }

  /** What others hand over during a call is taken as soon as it comes. @param {import("../call/call.js").Call} call */
  watch(call) {
    this.#call = call;
    call.on("peer-connection", ({ participantId, pc }) => {
      this.#connections.set(participantId, pc);
      pc.addEventListener("datachannel", ({ channel }) => {
        if (channel.label === CHANNEL) this.#load().then((work) => work.take(participantId, channel));
      });
    });
  }

  /**
   * See `index.d.ts`.
   * @param {Blob & {name?: string}} file @param {import("../index.js").SendFileOptions} [options]
   * @returns {string} the message's key
   */
  send = (file, { text = "", kind, to, replyTo, ttlS, viewOnce, name, ...more } = {}) => {
    const { outbox, assertInside } = this.#port;
    assertInside();
    this.#check(file);
    if (more.signal?.aborted) throw new MayflyError("ABORTED");
    const type = mediaType(file.type);
    const about = Object.freeze({ name: fileName(name ?? file.name), type, size: file.size });
    const upload = Object.freeze({ sent: 0, total: file.size });
    const attachments = Object.freeze([about]);
    const key = outbox.post(text, { kind: kind ?? kindOf(type), to, replyTo, ttlS, viewOnce, attachments, upload });
    this.#load().then((work) => work.send(key, file, more), (error) => outbox.fail(key, error));
    return key;
  };

  /** See `index.d.ts`. */
  open = async (message, attachment, options) => {
    this.#port.assertInside();
    const key = typeof message === "string" ? message : message.key;
    return (await this.#load()).open(key, attachment, options);
  };

  /** A message whose file did not come through is sent once more. @returns {boolean} whether it is one */
  retry(key) {
    return this.#has(key) && this.#loaded.retry(key);
  }

  /** @returns {boolean} whether a file of that message was on its way, which it is no more */
  cancel(key) {
    return this.#has(key) && this.#loaded.cancel(key);
  }

  /** The server does not know a file that a message names. @returns {boolean} whether it is laid down once more */
  missing(key) {
    return this.#has(key) && this.#loaded.missing(key);
  }

  stop() {
    this.#loaded?.stop();
    this.#loaded = this.#work = null; // A seat that is taken back begins anew.
    this.#connections.clear();
  }

  #has = (key) => Boolean(this.#loaded?.holds(key));

  /** The connection to the only other one in the room, where a call with it is up. @returns {RTCPeerConnection | null} */
  #directPeer = () => {
    const { participants } = this.#port.store.getSnapshot();
    const peer = participants.length === 1 && this.#call?.getSnapshot().peers.find(({ participantId }) => participantId === participants[0].id);
    const pc = peer?.state === "connected" ? this.#connections.get(peer.participantId) : null;
    return pc?.connectionState === "connected" ? pc : null;
  };

  /** Of a file: what the server takes, and what is handed over where it takes none. */
  #maxBytes = () => this.#port.store.getSnapshot().limits?.fileBytes || DIRECT_BYTES;

  #load() {
    if (this.#work) return this.#work;
    const work = (this.#work = import("./file-work.js").then(({ FileWork }) => {
      const made = new FileWork(this.#port);
      if (this.#work === work) this.#loaded = made;
      else made.stop();
      return made;
    }));
    work.catch(() => this.#work === work && (this.#work = null)); // Whoever was offline may try again.
    return work;
  }

  #check(file) {
    if (typeof file?.slice !== "function" || typeof file.size !== "number") throw new TypeError("not a File or Blob");
    const { limits } = this.#port.store.getSnapshot();
    if (limits?.fileBytes === 0 && !this.#directPeer()) throw new MayflyError("FILES_OFF");
    const most = this.#maxBytes();
    if (file.size > most) throw new MayflyError("FILE_TOO_LARGE", `The file is larger than ${Math.floor(most / 1_048_576)} MB.`);
  }
}

const kindOf = (type) => (isShown(type) && /^(?:image|video)/.exec(type)?.[0]) || "file";
