/** The client for Node.js and bundlers (Next.js, Vite, webpack). Pages without a bundler import `browser.js`. */

import { io } from "socket.io-client";
import { makeClient } from "./client.js";

// In tests (`testing.js`) some servers are in memory.
const connect = (server, options) => (globalThis[Symbol.for("mayfly")]?.(server) ?? io)(server, options);

export const { openRoom, joinRoom } = makeClient(connect);
export * from "./client.js";
