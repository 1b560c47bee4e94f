/** What a script in a frame may reach of this server: its API and its connection, and nothing else. */

const API = "/api/";
const CONNECTION = "/socket.io/";
/** As a browser says of a connection that never was (RFC 6455, section 7.1.5). */
const REFUSED = 1006;
/** Statuses of answers that have no body (Fetch standard). */
const WITHOUT_BODY = new Set([204, 205, 304]);

export class Wire {
  #sockets = new Map();
  #tell;

  /** @param {(message: object) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** A call, as the frame asked for it. Its answer comes as `fetched`, or `lost`. */
  async fetch({ number, address, method, headers, body }) {
    const url = allowed(address, API);
    if (!url) return this.#tell({ type: "lost", number });
    try {
      const answer = await fetch(url, { method, headers, body, credentials: "omit" });
      const text = WITHOUT_BODY.has(answer.status) ? null : await answer.text();
      this.#tell({ type: "fetched", number, status: answer.status, headers: [...answer.headers], body: text });
    } catch {
      this.#tell({ type: "lost", number });
    }
  }

  open({ number, address }) {
    const url = allowed(address.replace(/^ws/, "http"), CONNECTION);
    if (!url) return this.#tell({ type: "closed", number, code: REFUSED });
    const socket = new WebSocket(url.href.replace(/^http/, "ws"));
    this.#sockets.set(number, socket);
    socket.onopen = () => this.#tell({ type: "opened", number });
    socket.onmessage = ({ data }) => this.#tell({ type: "heard", number, data });
    socket.onclose = ({ code }) => this.#tell({ type: "closed", number, code });
  }

  send({ number, data }) {
    this.#sockets.get(number)?.send(data);
  }

  close({ number }) {
    this.#sockets.get(number)?.close();
  }

  /** The frame is gone. */
  end() {
    for (const socket of this.#sockets.values()) {
      socket.onclose = null;
      socket.close();
    }
  }
}

/** @returns {URL | null} `null` where that is of another server, or of another part of this one. */
function allowed(address, start) {
  const url = URL.canParse(address, location.href) ? new URL(address, location.href) : null;
  return url?.origin === location.origin && url.pathname.startsWith(start) ? url : null;
}
