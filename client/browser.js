/**
 * The client for pages without a bundler, as the server serves it under `/client/`: socket.io-client comes from the
 * server too. (An import map would need an inline script, which a strict Content-Security-Policy refuses.)
 */

import { io } from "/vendor/socket.io-client/socket.io.esm.min.js";
import { makeClient } from "./client.js";

export const { openRoom, joinRoom } = makeClient(io);
export * from "./client.js";
