// Socket.IO on Node.js with @socket.io/redis-streams-adapter, as one of several nodes. All options are the defaults.
// Usage: node streams.mjs PORT PING_MS REDIS_URL
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { Server } from "socket.io";
import { serveRooms } from "./rooms.mjs";

const [port, pingInterval] = process.argv.slice(2, 4).map(Number);
const redis = createClient({ url: process.argv[4] });
redis.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
await redis.connect();

const http = createServer((_request, response) => response.end("ok"));
serveRooms(new Server(http, { pingInterval, adapter: createAdapter(redis) }));
http.listen(port, "127.0.0.1");
