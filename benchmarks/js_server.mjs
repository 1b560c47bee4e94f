// The JavaScript Socket.IO server doing the least: join a room, relay to the others in it, acknowledge.
// All options are its defaults, so permessage-deflate is off. Usage: node --expose-gc js_server.mjs PORT PING_MS
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(new URL("../tests/package.json", import.meta.url))("socket.io");

const [port, pingInterval] = process.argv.slice(2).map(Number);
const http = createServer((_request, response) => response.end("ok"));
const server = new Server(http, { pingInterval });

server.on("connection", (socket) => {
  socket.on("join-room", ({ roomId }, ack) => {
    socket.join(roomId);
    ack({ ok: true, data: {} });
  });
  socket.on("send-message", ({ roomId, text }, ack) => {
    socket.to(roomId).emit("message-received", { roomId, text, sender: socket.id });
    ack({ ok: true, data: {} });
  });
  socket.on("ice-candidate", ({ roomId, candidate }, ack) => {
    socket.to(roomId).emit("ice-candidate-received", { roomId, candidate, from: socket.id });
    ack({ ok: true, data: {} });
  });
});

// Memory is read after a full collection, so that garbage does not count against this server.
process.on("SIGUSR2", () => globalThis.gc());
http.listen(port, "127.0.0.1");
