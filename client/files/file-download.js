/** The bytes of a file as the server has them, in pieces; a download that breaks off goes on where it was. */

import { asMayflyError, MayflyError } from "../errors.js";
import { damaged } from "./file-stream.js";

/** How often a download goes on without having got a byte further. */
export const MAX_BARREN_TRIES = 5;
const RETRY_MS = 700;
/** A download of which nothing comes for so long is broken off, and goes on. */
export const SILENT_MS = 30_000;
const NO_CHANGE = ["Content-Encoding", "identity"];

/**
 * @param {{url: URL, token: () => string, bytes: number, signal: AbortSignal, back?: () => Promise<void>}} file `bytes`: how
 *   long it has to be; `back`: waits until the server can be asked again
 * @returns {AsyncGenerator<Uint8Array>} Throws `FILE_DAMAGED` where the server has something else, `NOT_FOUND` where it is gone.
 */
export async function* download(file) {
  const state = { at: 0, etag: null };
  for (let barren = 0; ; barren += 1) {
    const before = state.at;
    try {
      yield* attempt(file, state);
      if (file.signal.aborted) throw new MayflyError("ABORTED");
      if (state.at >= file.bytes) return;
    } catch (error) {
      if (file.signal.aborted) throw new MayflyError("ABORTED");
      if (!(error instanceof MayflyError) || !error.retryable) throw error;
      await pause(error.retryAfterMs ?? RETRY_MS * 2 ** barren, file.signal);
      await file.back?.();
    }
    if (state.at > before) barren = 0;
    else if (barren >= MAX_BARREN_TRIES) throw state.at ? damaged("it ends too early") : new MayflyError("CONNECTION_LOST", undefined, { retryable: true });
  }
}

async function* attempt(file, state) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  const signal = AbortSignal.any([file.signal, silent.signal]);
  try {
    const response = await ask(file, state, signal);
    let skip = response.status === 200 ? state.at : 0;
    for await (const piece of piecesOf(response.body, signal)) {
      clearTimeout(timer);
      const part = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - part.length;
      state.at += part.length;
      if (part.length) yield part;
      timer = setTimeout(() => silent.abort(), SILENT_MS);
    }
  } finally {
    clearTimeout(timer);
    silent.abort(); // Whoever reads no further leaves nothing on its way.
  }
}

async function ask({ url, token, bytes }, state, signal) {
  const headers = { Authorization: `Bearer ${token()}` };
  if (state.at) Object.assign(headers, { Range: `bytes=${state.at}-` }, state.etag && { "If-Range": state.etag });
  /** @type {RequestInit} */
  const options = { headers, cache: "no-store", referrerPolicy: "no-referrer", signal };
  const response = await fetch(url, options).catch(lost);
  if (response.status === 416) throw damaged("it ends too early");
  if (!response.ok) throw refusal(response.status, await response.json().catch(() => null));
  const length = response.headers.get("Content-Length");
  const wanted = response.status === 206 ? bytes - state.at : bytes;
  // What the server itself calls shorter or longer is another file than the one of the message.
  if (length !== null && plainly(response) && Number(length) !== wanted) throw damaged("its length is another one than in the message");
  const etag = response.headers.get("ETag");
  if (state.etag && etag && etag !== state.etag) throw damaged("it is another file than before");
  state.etag = etag;
  return response;
}

const plainly = ({ headers }) => (headers.get(NO_CHANGE[0]) ?? NO_CHANGE[1]) === NO_CHANGE[1];

async function* piecesOf(body, signal) {
  const reader = body.getReader();
  const stop = () => reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(lost);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** What a server, or what stands before it, says in place of a file. */
export function refusal(status, answer) {
  if (answer?.error) return MayflyError.fromWire(answer.error, status);
  return new MayflyError("CONNECTION_LOST", undefined, { retryable: status >= 500, status });
}

/** @returns {never} */
function lost(error) {
  throw asMayflyError(error?.name === "AbortError" ? undefined : error);
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(new MayflyError("ABORTED"))), { once: true });
  });
}
