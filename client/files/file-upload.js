/** Lays a file down in a room: streamed where the browser can, else in one piece whose progress XMLHttpRequest tells. */

import { asMayflyError, MayflyError } from "../errors.js";
import { refusal } from "./file-download.js";

/** An upload of which nothing moves on for so long is given up; the server does the same. */
export const STALLED_MS = 30_000;
/** Sealed bytes are handed to the browser, which may put them on disk, so many at a time. */
const BLOB_BYTES = 4_194_304;

/**
 * @param {{url: URL, token: string, bytes: number, pieces: AsyncIterable<Uint8Array>, type?: string, name?: string,
 *   signal: AbortSignal, onProgress: (sent: number) => void}} upload `bytes`: how long the body is
 * @returns {Promise<{fileId: string, bytes: number}>}
 */
export async function layDown(upload) {
  const headers = { Authorization: `Bearer ${upload.token}`, "Content-Type": upload.type || "application/octet-stream" };
  if (upload.name) headers["X-File-Name"] = encodeURIComponent(upload.name);
  const made = await (canStream(upload.url) ? streamed : inOnePiece)({ ...upload, headers });
  if (made?.bytes === upload.bytes && typeof made.fileId === "string") return made;
  throw new MayflyError("CONNECTION_LOST", "The server has not taken the whole file.", { retryable: true });
}

/** Browsers stream a request over HTTP/2 and later alone, and only some can; Node.js can always. */
function canStream({ origin }) {
  if (!globalThis.XMLHttpRequest) return true;
  let asked = false;
  const { headers } = new Request(origin, { method: "POST", body: new ReadableStream(), get duplex() { return (asked = true), /** @type {const} */ ("half"); } });
  if (!asked || headers.has("Content-Type")) return false;
  const entries = /** @type {PerformanceResourceTiming[]} */ ([...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]);
  return entries.some(({ name, nextHopProtocol }) => new URL(name).origin === origin && /^h[23]/.test(nextHopProtocol));
}

async function streamed({ url, headers, pieces, signal, onProgress }) {
  const stalled = new AbortController();
  const watch = watchdog(() => stalled.abort());
  let sent = 0;
  const iterator = pieces[Symbol.asyncIterator]();
  let failure;
  const body = new ReadableStream({
    async pull(controller) {
      watch.moved();
      onProgress(sent);
      try {
        const { value, done } = await iterator.next();
        if (done) return controller.close();
        sent += value.length;
        controller.enqueue(value);
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
  }, { highWaterMark: 0 });
  try {
    const response = await fetch(url, { method: "POST", headers, body, duplex: "half", signal: AbortSignal.any([signal, stalled.signal]), referrerPolicy: "no-referrer" });
    return answerOf(response.status, await response.json().catch(() => null));
  } catch (error) {
    throw failure ?? (signal.aborted ? new MayflyError("ABORTED") : asLost(error));
  } finally {
    watch.stop();
  }
}

async function inOnePiece({ url, headers, pieces, signal, onProgress }) {
  const body = await blobOf(pieces, signal);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const watch = watchdog(() => request.abort());
    const end = (settle) => {
      watch.stop();
      signal.removeEventListener("abort", cancel);
      settle();
    };
    const cancel = () => request.abort();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded }) => {
      watch.moved();
      onProgress(loaded);
    };
    request.onload = () => end(() => {
      try {
        resolve(answerOf(request.status, request.response));
      } catch (error) {
        reject(error);
      }
    });
    request.onerror = () => end(() => reject(asLost()));
    request.onabort = () => end(() => reject(signal.aborted ? new MayflyError("ABORTED") : asLost()));
    signal.addEventListener("abort", cancel);
    if (signal.aborted) return end(() => reject(new MayflyError("ABORTED")));
    request.send(body);
  });
}

async function blobOf(pieces, signal) {
  const parts = [];
  let held = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (signal.aborted) throw new MayflyError("ABORTED");
    held.push(piece);
    bytes += piece.length;
    if (bytes < BLOB_BYTES) continue;
    parts.push(new Blob(held));
    [held, bytes] = [[], 0];
  }
  return new Blob([...parts, ...held]);
}

function answerOf(status, answer) {
  if (status === 201) return answer;
  throw refusal(status, answer);
}

const asLost = (error) => asMayflyError(error?.name === "AbortError" ? undefined : error);

function watchdog(bark) {
  let timer = setTimeout(bark, STALLED_MS);
  return {
    moved() {
      clearTimeout(timer);
      timer = setTimeout(bark, STALLED_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
