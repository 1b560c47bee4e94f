/** What of the network can be tried from a page: both ways to the server, STUN, each TURN server. Nothing throws. */

import { errorWords } from "../error-words.js";
import { io } from "/vendor/socket.io-client/socket.io.esm.min.js";
import { t } from "../words.js";

const CONNECT_LIMIT_MS = 10_000;
const GATHER_LIMIT_MS = 10_000;
const TRIPS = 5;
const TRIP_LIMIT_MS = 5_000;
/** A room of this page's own gives it a seat, and a seat the server's ICE servers. Should its end get lost, it ends by itself. */
const ROOM_LIFE_S = 120;

/** @typedef {{state: "good" | "unsure" | "bad", words: string}} Outcome */

/** @param {"websocket" | "polling"} transport @returns {Promise<Outcome>} with the round trip of requests */
export async function tryServer(transport, signal) {
  const socket = io(location.origin, { transports: [transport], upgrade: false, forceNew: true, reconnection: false, timeout: CONNECT_LIMIT_MS });
  const stop = () => socket.disconnect();
  signal.addEventListener("abort", stop);
  try {
    await connected(socket);
    const trips = [];
    for (let number = 0; number < TRIPS; number += 1) trips.push(await trip(socket));
    const [fastest, middle, slowest] = [0, Math.floor(TRIPS / 2), TRIPS - 1].map((at) => trips.sort((a, b) => a - b)[at]);
    return { state: "good", words: t("check.serverGood", { middle, fastest, slowest }) };
  } catch {
    return { state: "bad", words: t("check.serverBad") };
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function connected(socket) {
  return new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
    socket.on("disconnect", reject);
  });
}

/** Any server answers this at once: with a refusal, as this connection is in no room. */
async function trip(socket) {
  const began = performance.now();
  await socket.timeout(TRIP_LIMIT_MS).emitWithAck("typing", { roomId: "check", isTyping: false });
  return Math.round(performance.now() - began);
}

/**
 * The ICE servers that a call on this server would get.
 * @returns {Promise<{iceServers?: RTCIceServer[], refusal?: string}>} one of the two
 */
export async function fetchIceServers(client, signal) {
  let room;
  try {
    const made = await client.createRoom({ capacity: 1, expiresInS: ROOM_LIFE_S, site: location.origin, encrypt: client.canEncrypt(), signal });
    room = await client.joinRoom(made.hostLink, { name: "Check", storage: null, signal });
    const { iceServers } = await room.request("get-ice-servers");
    return { iceServers };
  } catch (error) {
    return { refusal: errorWords(error) };
  } finally {
    // The room has served its purpose, and its credentials are nobody else's.
    await room?.end().catch(() => {});
    room?.close();
  }
}

const urlsOf = ({ urls }) => [urls].flat();

/** @param {RTCIceServer[]} iceServers @returns {{scheme: string, label: string, server: RTCIceServer}[]} one for each address, without it */
export function eachServer(iceServers) {
  return iceServers.flatMap((server) =>
    urlsOf(server).map((url) => {
      const [scheme] = url.split(":");
      const transport = scheme === "turns" ? "TLS" : /transport=tcp/i.test(url) ? "TCP" : "UDP";
      return { scheme, label: scheme.startsWith("turn") ? t("check.turnOver", { transport }) : "STUN", server: { ...server, urls: [url] } };
    }),
  );
}

/** @returns {Promise<Outcome>} */
export async function tryStun(server, signal) {
  const { found, types, refused, ms } = await gather({ iceServers: [server] }, "srflx", signal);
  if (found) return { state: "good", words: t("check.stunGood", { ms }) };
  if (!refused && types.has("host")) {
    return { state: "unsure", words: t("check.stunUnsure") };
  }
  return { state: "bad", words: t("check.stunBad") };
}

/** @returns {Promise<Outcome>} */
export async function tryTurn(server, signal) {
  const { found, refused, ms } = await gather({ iceServers: [server], iceTransportPolicy: "relay" }, "relay", signal);
  if (found) return { state: "good", words: t("check.turnGood", { ms }) };
  return { state: "bad", words: t(refused === 401 ? "check.turnRefused" : "check.turnBad") };
}

/** Gathers candidates until one of the wanted type is there, or all are. @returns what came, without any address */
async function gather(config, wanted, signal) {
  const began = performance.now();
  const seen = { found: false, types: new Set(), refused: 0, ms: 0 };
  let pc;
  try {
    pc = new RTCPeerConnection(config);
    /** @type {Promise<void>} */
    const done = new Promise((resolve) => {
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.type) seen.types.add(candidate.type);
        seen.found ||= candidate?.type === wanted;
        if (seen.found || !candidate) resolve();
      };
      setTimeout(resolve, GATHER_LIMIT_MS);
      signal.addEventListener("abort", resolve);
    });
    pc.onicecandidateerror = ({ errorCode }) => (seen.refused = errorCode);
    pc.createDataChannel("check");
    await pc.setLocalDescription();
    await done;
  } catch {
    seen.refused ||= -1;
  } finally {
    pc?.close();
  }
  seen.ms = Math.round(performance.now() - began);
  return seen;
}
