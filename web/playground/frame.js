/**
 * One person's script, in a frame without an origin: it reaches no storage, no page and no host. Calls of the API and its
 * connection go by the page around it (`wire.js`), which lets through what is for this server.
 */

const tell = (type, fields, transfer) => parent.postMessage({ type, ...fields }, "*", transfer);
let numbers = 0;

const given = [];
const taking = [];
globalThis.give = (value) => tell("give", { value });
globalThis.take = () => new Promise((resolve) => (given.length > 0 ? resolve(given.shift()) : taking.push(resolve)));

const shown = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.code ? `${value.code}: ${value.message}` : `${value.name}: ${value.message}`;
  return JSON.stringify(value) ?? String(value);
};
globalThis.print = (...values) => tell("print", { kind: "said", text: values.map(shown).join(" ") });
console.log = globalThis.print;
const fail = (error) => tell("print", { kind: "failed", text: shown(error) });
addEventListener("error", ({ error, message }) => fail(error ?? message));
addEventListener("unhandledrejection", ({ reason }) => fail(reason));

const calls = new Map();
globalThis.fetch = (address, { method = "GET", headers, body } = {}) =>
  new Promise((resolve, reject) => {
    const number = (numbers += 1);
    calls.set(number, { resolve, reject });
    tell("fetch", { number, address: String(address), method, headers: [...new Headers(headers)], body });
  });

const sockets = new Map();
globalThis.WebSocket = class {
  #number = (numbers += 1);

  constructor(address) {
    sockets.set(this.#number, this);
    tell("open", { number: this.#number, address: String(address) });
  }

  send(data) {
    tell("send", { number: this.#number, data });
  }

  close() {
    tell("close", { number: this.#number });
  }
};

const HEARD = {
  run({ code, client }) {
    // Before the first module, or it would count for none.
    append("importmap", JSON.stringify({ imports: { "@mayfly/client": client } }));
    append("module", code).addEventListener("error", () => fail("A module cannot be loaded."));
  },
  given({ value }) {
    if (taking.length > 0) taking.shift()(value);
    else given.push(value);
  },
  fetched({ number, status, headers, body }) {
    calls.get(number).resolve(new Response(body, { status, headers }));
    calls.delete(number);
  },
  lost({ number }) {
    calls.get(number).reject(new TypeError("The server cannot be reached."));
    calls.delete(number);
  },
  opened: ({ number }) => sockets.get(number)?.onopen?.({}),
  heard: ({ number, data }) => sockets.get(number)?.onmessage?.({ data }),
  closed({ number, code }) {
    sockets.get(number)?.onclose?.({ code, reason: "", wasClean: code === 1000 });
    sockets.delete(number);
  },
};

function append(type, text) {
  const script = Object.assign(document.createElement("script"), { type, textContent: text });
  document.head.append(script);
  return script;
}

addEventListener("message", ({ source, data }) => {
  if (source === parent) HEARD[data.type](data);
});
tell("ready", {});
