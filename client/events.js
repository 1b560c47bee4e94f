/** The types of requests and events, for a plain `Socket` of socket.io-client: see `events.d.ts`. There is nothing to run. */

export {};
