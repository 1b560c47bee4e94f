// A plain JavaScript Socket.IO server, to test the test tools themselves against the original.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, { connectionStateRecovery: {} });
server.on("connection", (socket) => {
  socket.emit("hello", { auth: socket.handshake.auth });
  socket.on("echo", (payload, ack) => ack({ ok: true, data: payload }));
  socket.on("refuse", (_payload, ack) => ack({ ok: false, error: { code: "INVALID_PAYLOAD" } }));
  socket.on("silence", () => {});
  socket.on("tell-all", (payload) => server.emit("told", payload));
});
http.listen(Number(process.argv[2]), "127.0.0.1");
