// Socket.IO on Node.js. All options are its defaults, so permessage-deflate is off.
// Usage: node --expose-gc node.mjs PORT PING_MS
import { createServer } from "node:http";
import { Server } from "socket.io";
import { serveRooms } from "./rooms.mjs";

const [port, pingInterval] = process.argv.slice(2).map(Number);
const http = createServer((_request, response) => response.end("ok"));
serveRooms(new Server(http, { pingInterval }));

// Memory is read after a full collection, so that garbage does not count against this server.
process.on("SIGUSR2", () => globalThis.gc());
http.listen(port, "127.0.0.1");
