/** The calls of the operator's page. The key is in memory only: a reload asks for it again. */

/** What the server refused, or a call that did not come through (`code` is then `OFFLINE`). */
export class Refusal extends Error {
  constructor(code, message, retryAfterMs) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Longer than any answer takes; then the server counts as away. */
const LIMIT_MS = 10_000;

export class Api {
  #key;

  /** @param {string} key the admin key */
  constructor(key) {
    this.#key = key;
  }

  /** `Stats` of docs/protocol.md. */
  stats() {
    return this.#call("GET", "/api/admin/stats");
  }

  /** `{rooms, total}`, the page that follows the room `after`. */
  rooms(after = "") {
    return this.#call("GET", `/api/admin/rooms${after ? `?after=${encodeURIComponent(after)}` : ""}`);
  }

  /** `{erased}` */
  end(roomId) {
    return this.#call("DELETE", `/api/admin/rooms/${encodeURIComponent(roomId)}`);
  }

  async #call(method, path) {
    let response;
    let body;
    try {
      response = await fetch(path, {
        method,
        // Header values are bytes; the server reads them as UTF-8.
        headers: { Authorization: `Bearer ${asBytes(this.#key)}` },
        cache: "no-store",
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      body = await response.json();
    } catch {
      throw new Refusal("OFFLINE", "The server does not answer.");
    }
    if (!response.ok) throw new Refusal(body.error?.code, body.error?.message, body.error?.retryAfterMs);
    return body;
  }
}

const asBytes = (text) => String.fromCharCode(...new TextEncoder().encode(text.trim()));
