/** The client for Node.js and bundlers (Next.js, Vite, webpack). Pages without a bundler import `browser.js`. */

import { io } from "socket.io-client";
import { makeClient } from "./client.js";

export const { openRoom, joinRoom } = makeClient(io);
export * from "./client.js";
