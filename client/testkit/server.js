/** A server in memory: REST and sockets for the client in this process, and faults when the test asks for them. */

import { buildLink } from "../core/link.js";
import { answer, AT_THE_DOOR, REQUESTS } from "./requests.js";
import { Refusal, refuse } from "./codes.js";
import { TestRoom } from "./room.js";
import { TestSocket } from "./socket.js";

/** Where `index.js` looks for servers in memory. */
const HOOK = Symbol.for("mayfly");

/** @param {RequestInfo | URL} input @returns {string | URL} */
const addressOf = (input) => (input instanceof Request ? input.url : input);

export class TestServer {
  url;
  isOnline = true;
  graceS;
  #open;
  #rooms = new Map();
  #sockets = new Set();
  #timers = new Set();
  #faults = [];
  #fetch;
  #before;

  /** @param {Function} openRoom of the client @param {{url?: string, resumeTtlS?: number}} [options] */
  constructor(openRoom, { url = "https://mayfly.test", resumeTtlS = 30 } = {}) {
    this.#open = openRoom;
    this.url = new URL(url).origin;
    this.graceS = resumeTtlS;
    this.#before = globalThis[HOOK];
    this.#fetch = globalThis.fetch;
    const mine = (address) => new URL(address, "http://localhost").origin === this.url;
    globalThis[HOOK] = (address) => (mine(address) ? () => this.#connect() : this.#before?.(address));
    globalThis.fetch = (input, init) => (mine(addressOf(input)) ? this.#answer(input, init) : this.#fetch.call(globalThis, input, init));
  }

  /** See `testing.d.ts`. */
  makeRoom(wish = {}) {
    const room = new TestRoom(wish, this);
    this.#rooms.set(room.id, room);
    const where = { site: this.url, roomId: room.id };
    const { hostKey } = room;
    const links = { link: buildLink(where), hostLink: buildLink({ ...where, key: hostKey }) };
    return Object.freeze({ roomId: room.id, hostKey, room: room.view, ...links });
  }

  /** @param {string} roomId @param {{uses?: number, expiresInS?: number}} [options] */
  makeInvite(roomId, { uses = 1, expiresInS } = {}) {
    const made = this.#room(roomId).addInvite(uses, expiresInS);
    return Object.freeze({ ...made, link: buildLink({ site: this.url, roomId, invite: made.invite }) });
  }

  async join(link, options = {}) {
    const room = this.#open(link, { storage: null, ...options });
    await room.joined;
    return room;
  }

  // Faults

  drop(who) {
    for (const socket of this.#of(who)) socket.drop();
  }

  silence(who) {
    for (const socket of this.#of(who)) socket.silence();
  }

  slow(who, delayMs) {
    for (const socket of this.#of(who)) socket.delayMs = delayMs;
  }

  /**
   * @param {string} event @param {import("../index.js").ServerErrorCode} code
   * @param {import("../testing.js").FaultOptions & {retryAfterMs?: number}} [options]
   */
  refuse(event, code, { who, times = 1, retryAfterMs } = {}) {
    new Refusal(code); // throws where there is no such code
    return this.#fault({ event, who, times, code, retryAfterMs });
  }

  /** @param {string} event @param {import("../testing.js").FaultOptions} [options] */
  dropAnswer(event, { who, times = 1 } = {}) {
    return this.#fault({ event, who, times });
  }

  goOffline() {
    this.isOnline = false;
    this.drop();
  }

  goOnline() {
    this.isOnline = true;
  }

  restart() {
    this.drop();
    for (const room of this.#rooms.values()) room.restart();
  }

  stop() {
    for (const room of this.#rooms.values()) room.end("room-ended");
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    // What everybody is told comes first.
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    queueMicrotask(() => queueMicrotask(() => sockets.forEach((socket) => socket.end())));
    globalThis[HOOK] = this.#before;
    globalThis.fetch = this.#fetch;
  }

  // For rooms and sockets

  /** @returns {() => void} calls it off */
  later(delayMs, act) {
    /** @type {any} a number in browsers, an object in Node.js */
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    timer.unref?.();
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** @returns {object | null} the acknowledgement; `null`: it is lost, with the connection */
  handle(socket, event, fields) {
    const fault = this.#faultOf(socket, event);
    if (fault?.code) return answer(() => refuse(fault.code, fault.retryAfterMs ? { retryAfterMs: fault.retryAfterMs } : {}));
    const said = answer(() => this.#run(socket, event, fields));
    return fault ? null : said;
  }

  gone(socket) {
    for (const room of this.#rooms.values()) room.knocks.delete(socket.device);
    const seats = [...socket.seats];
    socket.seats.clear();
    for (const [roomId, seat] of seats) if (seat.socket === socket) this.#rooms.get(roomId)?.drop(seat);
  }

  #connect() {
    const socket = new TestSocket(this);
    this.#sockets.add(socket);
    return socket;
  }

  #run(socket, event, fields) {
    if (!(event in REQUESTS) && !(event in AT_THE_DOOR)) refuse("UNKNOWN_EVENT");
    if (event in AT_THE_DOOR) return AT_THE_DOOR[event]({ room: this.#room(fields.roomId), socket, fields });
    const seat = socket.seats.get(fields.roomId) ?? refuse("NOT_IN_ROOM");
    return REQUESTS[event]({ room: this.#room(fields.roomId), seat, socket, fields });
  }

  #room(id) {
    const room = this.#rooms.get(id) ?? refuse("ROOM_NOT_FOUND");
    if (room.ended) refuse(room.reason === "room-expired" ? "ROOM_EXPIRED" : "ROOM_ENDED");
    return room;
  }

  #fault(fault) {
    this.#faults.push(fault);
    return () => (fault.times = 0);
  }

  #faultOf(socket, event) {
    const fault = this.#faults.find((one) => one.event === event && one.times > 0 && (!one.who || this.#of(one.who).includes(socket)));
    if (fault) fault.times -= 1;
    return fault;
  }

  /** The connections of a room object, of a participant id, or all. */
  #of(who) {
    const all = [...this.#sockets];
    if (!who) return all;
    const id = typeof who === "string" ? who : who.getSnapshot().self?.id;
    return all.filter((socket) => [...socket.seats.values()].some((seat) => seat.id === id));
  }

  // REST

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  async #answer(input, { method = "GET", body, headers = {}, signal } = {}) {
    signal?.throwIfAborted();
    if (!this.isOnline) throw new TypeError("fetch failed");
    const { pathname } = new URL(addressOf(input));
    const bearer = new Headers(headers).get("Authorization")?.replace("Bearer ", "");
    try {
      const [status, said] = this.#rest(method, pathname, bearer, body ? JSON.parse(String(body)) : {});
      return Response.json(said, { status });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Response.json({ error: error.error }, { status: error.status });
    }
  }

  #rest(method, path, bearer, body) {
    const [, roomId, what, id] = /^\/api\/rooms(?:\/([^/]+)(?:\/(\w+)(?:\/([^/]+))?)?)?$/.exec(path) ?? refuse("NOT_FOUND");
    if (method === "POST" && !roomId) {
      const { hostKey, room, link: url, roomId: id } = this.makeRoom(body);
      return [201, { roomId: id, url, hostKey, room }];
    }
    const room = this.#room(roomId ?? "");
    if (method === "GET" && !what) return [200, { room: room.view }];
    if (method === "GET" && what === "invite") {
      const { uses, used, expiresAt } = room.checkInvite(bearer);
      return [200, { usesLeft: uses - used, expiresAt: new Date(expiresAt).toISOString() }];
    }
    if (bearer !== room.hostKey) refuse(bearer ? "FORBIDDEN" : "UNAUTHORIZED");
    if (what !== "invites") refuse("NOT_FOUND");
    return this.#invites(room, method, id, body);
  }

  #invites(room, method, id, body) {
    if (method === "GET" && !id) return [200, { invites: room.inviteViews }];
    if (method === "DELETE" && id) return [200, room.revokeInvite(id) ?? {}];
    if (method !== "POST" || id) refuse("NOT_FOUND");
    const made = room.addInvite(body.uses ?? 1, body.expiresInS ?? undefined);
    return [201, { ...made, url: buildLink({ site: this.url, roomId: room.id, invite: made.invite }) }];
  }
}
