/**
 * Getting into a room and back into it: first join, lobby, resume after a reconnect or reload, and joining afresh where
 * the seat is gone but the link still admits.
 */

import { MayflyError } from "../errors.js";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 8_000;
/** Tries in a row that the server answers with an error which may pass. */
const MAX_TRIES = 12;
/** Refusals that the person must see at once, although the server calls them retryable. */
const SHOWN_AT_ONCE = new Set(["ROOM_FULL"]);
const SEAT_IS_GONE = new Set(["RESUME_INVALID", "RESUME_EXPIRED"]);

/**
 * @typedef {{hostKey?: string, invite?: string, password?: string,
 *   token?: string | (() => Promise<string | null | undefined>), seat?: {participantId: string, resumeToken: string,
 *   epoch?: string, lastSeq?: number}}} Credentials
 */

export class Entry {
  #room;
  #tries = 0;
  #timer;
  #running = false;
  #again = false;
  #stopped = false;
  /** Marks repetitions of one join, so that a lost reply spends neither a seat nor an invite. */
  #joinId;
  /** Whether this connection may hold a seat that nobody has sat down on: a first join was sent, and not refused. */
  mayBeSeated = false;

  /**
   * @param {{credentials: Credentials, request: (event: string, fields: object, options?: object) => Promise<any>, online: () => boolean,
   *   fields: () => Promise<object>, lastSeq: () => number, entered: (data: object, how: {asked: boolean, lastSeq: number}) => void,
   *   waiting: () => void, refused: (error: MayflyError) => void, seatLost: () => void, reconnect: () => void,
   *   keyFits: () => Promise<void>, joining: (clientJoinId: string) => void}} room
   *   `keyFits` throws where the link has not the key of the room; `joining` keeps the id for after a reload
   * @param {string} [joinId] of a join that may be under way since before a reload
   */
  constructor(room, joinId = newId()) {
    this.#room = room;
    this.#joinId = joinId;
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  restart() {
    this.#stopped = false;
  }

  /** The connection is another one: no join was sent on it yet. */
  offline() {
    this.mayBeSeated = false;
  }

  /** Called whenever the connection is there (again). */
  async enter() {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    try {
      await this.#attempt();
    } catch (error) {
      if (!this.#stopped) this.#room.refused(error);
    } finally {
      this.#running = false;
      if (this.#again) {
        this.#again = false;
        this.enter();
      }
    }
  }

  /** @param {{admitted: boolean, invite?: string}} answer */
  knockAnswered({ admitted, invite }) {
    if (!admitted) return this.#room.refused(new MayflyError("KNOCK_REFUSED"));
    this.#room.credentials.invite = invite;
    this.#joinId = newId();
    this.enter();
  }

  async #attempt() {
    const { credentials } = this.#room;
    const asked = Boolean(credentials.seat);
    let token;
    try {
      await this.#room.keyFits();
      if (!asked) token = await this.#joinToken();
    } catch (error) {
      return this.#retryLater(error);
    }
    const fields = await this.#room.fields();
    if (this.#stopped) return;
    try {
      const lastSeq = this.#room.lastSeq();
      const how = asked ? { resume: { ...credentials.seat, lastSeq } } : this.#newcomer(token);
      this.mayBeSeated = !asked && this.#room.online();
      // What comes right behind the picture belongs on top of it.
      const answered = (data) => this.#stopped || this.#room.entered(data, { asked, lastSeq });
      await this.#room.request("join-room", { ...fields, ...how, snapshot: "ack" }, { answered });
      this.#tries = 0;
      this.#again = false; // It was this connection's join, though it was begun on one before.
    } catch (error) {
      if (error.code !== "TIMEOUT") this.mayBeSeated = false;
      if (!this.#stopped) await this.#refused(error);
    }
  }

  #newcomer(token) {
    const { hostKey, invite, password } = this.#room.credentials;
    this.#room.joining(this.#joinId);
    return { hostKey, invite, password, token, clientJoinId: this.#joinId };
  }

  /** The site's word for who joins, asked for anew at each join: a token is soon too old, or spent. */
  async #joinToken() {
    const { token } = this.#room.credentials;
    try {
      return typeof token === "function" ? ((await token()) ?? undefined) : token;
    } catch (error) {
      throw new MayflyError("UNAUTHORIZED", "The site gave no join token.", { cause: error });
    }
  }

  async #refused(error) {
    const { credentials } = this.#room;
    if (SEAT_IS_GONE.has(error.code) && credentials.seat) {
      credentials.seat = undefined;
      this.#joinId = newId();
      this.#room.seatLost();
      return this.#attempt();
    }
    if (error.code === "LOBBY_WAITING") return this.#knock();
    if (error.code === "ALREADY_JOINED") return this.#room.reconnect();
    if (error.code === "CONNECTION_LOST") return; // `enter` is called again with the next connection.
    if (!error.retryable || SHOWN_AT_ONCE.has(error.code)) throw error;
    this.#retryLater(error);
  }

  async #knock() {
    const { name } = await this.#room.fields();
    try {
      await this.#room.request("knock", { name });
      this.#room.waiting();
    } catch (error) {
      if (error.code === "CONNECTION_LOST") return;
      if (!error.retryable) throw error;
      this.#retryLater(error);
    }
  }

  #retryLater(error) {
    this.#tries += 1;
    if (!error.retryable || this.#tries >= MAX_TRIES) throw error;
    const delay = error.retryAfterMs ?? Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#tries);
    this.#timer = setTimeout(() => this.#room.online() && this.enter(), delay);
  }
}

/** A random id. `crypto.randomUUID` is missing where the page is not served securely. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
