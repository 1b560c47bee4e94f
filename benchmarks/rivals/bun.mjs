// Socket.IO on Bun's own engine. All options are its defaults. Usage: bun bun.mjs PORT PING_MS
import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serveRooms } from "./rooms.mjs";

const LONGEST_IDLE_S = 255; // Bun takes no more
const [port, pingInterval] = process.argv.slice(2).map(Number);
const engine = new Engine({ path: "/socket.io/", pingInterval });
const server = new Server();
server.bind(engine);
serveRooms(server);

// As in node.mjs: memory is read after a full collection.
process.on("SIGUSR2", () => Bun.gc(true));
const handler = engine.handler();
Bun.serve({
  ...handler,
  idleTimeout: Math.min(handler.idleTimeout, LONGEST_IDLE_S),
  port,
  hostname: "127.0.0.1",
  development: false,
});
