// Drives any number of real socket.io-client sockets for a Python test: commands come in and events go out as lines
// of JSON. See tests/support/js_client.py, its other half.
//
//   in:   {call, do, socket?, ...}                     out: {call, ok: true, data} | {call, ok: false, error}
//   out:  {socket, index, kind, event, args, atMs}     kind: "event" (from the server) or "lifecycle"
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import { PACE } from "./pace.mjs";

const CONNECT_LIMIT_MS = 15_000 * PACE;
const ACK_LIMIT_MS = 15_000 * PACE;

const sockets = new Map();
let nextIndex = 0;

const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function record(name, kind, event, args) {
  const plain = args.filter((arg) => typeof arg !== "function");
  print({ socket: name, index: nextIndex++, kind, event, args: plain, atMs: performance.now() });
}

function named(name) {
  const socket = sockets.get(name);
  if (!socket) throw new Error(`no socket ${name}`);
  return socket;
}

function watch(name, socket) {
  const lifecycle = (event, ...args) => record(name, "lifecycle", event, args);
  socket.onAny((event, ...args) => record(name, "event", event, args));
  socket.on("connect", () => lifecycle("connect", state(socket)));
  socket.on("disconnect", (reason) => lifecycle("disconnect", reason));
  socket.on("connect_error", (error) => lifecycle("connect_error", error.message, error.data ?? null));
  socket.io.on("reconnect_attempt", (attempt) => lifecycle("reconnect_attempt", attempt));
  socket.io.on("open", () => socket.io.engine.on("upgrade", (to) => lifecycle("upgrade", to.name)));
}

function state(socket) {
  const { connected, recovered, active, id } = socket;
  const transport = socket.io.engine?.transport?.name ?? null;
  return { id: id ?? null, connected, recovered, active, transport };
}

function whenConnected(socket) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("not connected in time")), CONNECT_LIMIT_MS);
    const settle = (finish) => (value) => (clearTimeout(timer), finish(value));
    socket.once("connect", settle(() => resolve(state(socket))));
    socket.once("connect_error", settle(reject));
  });
}

// JSON has no bytes: `{"$bytes": 3}` stands for a Uint8Array of three, `{"$buffer": 3}` for a Buffer.
function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return new Uint8Array(value.$bytes).fill(7);
  if ("$buffer" in value) return Buffer.alloc(value.$buffer, 7);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner)]));
}

const request = (socket, event, args, timeoutMs = ACK_LIMIT_MS) =>
  socket.timeout(timeoutMs).emitWithAck(event, ...args.map(withBytes));

const commands = {
  async connect({ socket: name, url, options = {}, wait = true }) {
    // A Manager of its own for each socket: one transport each, as for people in different browsers.
    const socket = io(url, { forceNew: true, reconnection: false, ...options, autoConnect: false });
    sockets.set(name, socket);
    watch(name, socket);
    const connected = wait ? whenConnected(socket) : null;
    socket.connect();
    return connected;
  },
  request: ({ socket, event, args = [], timeoutMs }) => request(named(socket), event, args, timeoutMs),
  // All at once, without waiting for the one before; the acknowledgements in the order of sending.
  requestAll: ({ socket, requests, timeoutMs }) =>
    Promise.all(requests.map(([event, ...args]) => request(named(socket), event, args, timeoutMs))),
  emit: ({ socket, event, args = [] }) => void named(socket).emit(event, ...args.map(withBytes)),
  // As a page does that has nothing more to do here.
  closeOn: ({ socket, event }) => void named(socket).once(event, () => named(socket).disconnect()),
  state: ({ socket }) => state(named(socket)),
  // What the WebSocket agreed on, and the bytes that its TCP connection has carried.
  wire({ socket }) {
    const { extensions, _extensions, _socket } = named(socket).io.engine.transport.ws;
    const parameters = _extensions[extensions]?.params ?? null;
    return { parameters, bytesRead: _socket.bytesRead, bytesWritten: _socket.bytesWritten };
  },
  reconnect: ({ socket }) => void named(socket).connect(),
  disconnect: ({ socket }) => void named(socket).disconnect(),
  // The transport closes as on a lost network that the client notices: it reconnects by itself if it may.
  closeTransport: ({ socket }) => void named(socket).io.engine.close(),
  // The TCP connection goes away without a word of WebSocket.
  terminate: ({ socket }) => void named(socket).io.engine.transport.ws.terminate(),
  forget({ socket }) {
    named(socket).disconnect();
    sockets.delete(socket);
  },
  barrier: () => null,
};

async function run({ call, do: name, ...fields }) {
  try {
    print({ call, ok: true, data: (await commands[name](fields)) ?? null });
  } catch (error) {
    print({ call, ok: false, error: error.message });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line)));
lines.on("close", () => process.exit(0));
