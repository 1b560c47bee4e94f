/**
 * For tests of sites: a server in memory, media without devices, and a clock. In Node.js, without a server and without a browser;
 * `openRoom`, `joinRoom`, `createRoom` and the React hooks are the real ones and know nothing of it. `docs/client-testing.md` is the tour.
 */

import type { JoinOptions, Room, RoomInfo, ServerErrorCode } from "./index.js";

export interface TestRoomWish {
  /** 8 unless set. */
  capacity?: number;
  /** 86,400 unless set. */
  expiresInS?: number;
  inviteOnly?: boolean;
  lobby?: boolean;
  password?: string;
  receipts?: boolean;
  messageTtlS?: number | null;
}

export interface MadeTestRoom {
  readonly roomId: string;
  readonly hostKey: string;
  readonly room: RoomInfo;
  /** For a guest. */
  readonly link: string;
  /** For a host. */
  readonly hostLink: string;
}

/** Whom a fault is for: a room object, a participant's id, or everybody where it is left out. */
export type TestTarget = Room | string;

export interface FaultOptions {
  who?: TestTarget;
  /** How often; 1 unless set. */
  times?: number;
}

export interface TestServer {
  /** The origin that it has taken over: `https://mayfly.test` unless set. */
  readonly url: string;
  readonly isOnline: boolean;
  /** A room that is not encrypted. For one that is, as on a server: `createRoom({ server: server.url })`. */
  makeRoom(wish?: TestRoomWish): MadeTestRoom;
  /** A one-time link, or one for `uses` people. */
  makeInvite(roomId: string, options?: { uses?: number; expiresInS?: number }): { readonly link: string; readonly invite: string; readonly inviteId: string };
  /** Somebody else in the room, for the test to say what they do: a room object like any other, with a session of its own. */
  join(link: string, options?: JoinOptions): Promise<Room>;

  /** The connection is cut without a word. The client comes back by itself, after 300 ms. */
  drop(who?: TestTarget): void;
  /** Nothing passes any more, neither way, until the client or (after 45 s) the heartbeat notices. */
  silence(who?: TestTarget): void;
  /** Everything takes so long, each way; 0: none again. */
  slow(who: TestTarget | undefined, delayMs: number): void;
  /** The next requests of this name are refused. Returns what calls it off. */
  refuse(event: string, code: ServerErrorCode, options?: FaultOptions & { retryAfterMs?: number }): () => void;
  /** The next request of this name is carried out, and the connection cut in place of the answer. Returns what calls it off. */
  dropAnswer(event: string, options?: FaultOptions): () => void;
  /** No connection, and none can be made. */
  goOffline(): void;
  goOnline(): void;
  /** As a server with a database: seats are there under another `epoch`; messages, polls and calls are not. */
  restart(): void;

  /** Ends all rooms, and gives everything back that was taken over. */
  stop(): void;
}

/** Takes over an origin: what this process asks of it is answered in memory. All other addresses stay as they are. */
export function startTestServer(options?: {
  url?: string;
  /** How long the seat of a lost connection is kept; 30 s unless set. */
  resumeTtlS?: number;
}): TestServer;

/** A clock that stands still until the test lets time pass: timers, `Date` and `performance.now()`. */
export interface TestClock {
  /** Lets so many milliseconds pass: what is due meanwhile is done in order, with all that follows from it. */
  pass(ms: number): Promise<void>;
  /** Lets go on what waits for nothing but its turn. */
  settle(): Promise<void>;
  restore(): void;
}
/** @param options `now`: milliseconds since the Unix epoch; the real time unless set */
export function startTestClock(options?: { now?: number }): TestClock;

/** As much of a `MediaStreamTrack` as a call needs. */
export class TestTrack extends EventTarget {
  constructor(kind?: "audio" | "video", deviceId?: string);
  readonly kind: "audio" | "video";
  readonly id: string;
  readonly label: string;
  readonly deviceId: string;
  readonly readyState: "live" | "ended";
  /** Of a microphone: what its settings say. */
  readonly noiseSuppression: boolean | undefined;
  enabled: boolean;
  muted: boolean;
  stop(): void;
  /** The device is unplugged, or forbidden. */
  vanish(): void;
}

/** As much of a `MediaStream`. */
export class TestStream extends EventTarget {
  constructor(tracks?: TestTrack[] | TestStream);
  readonly id: string;
  readonly active: boolean;
  getTracks(): TestTrack[];
  getAudioTracks(): TestTrack[];
  getVideoTracks(): TestTrack[];
}

/** `navigator.mediaDevices`: a `microphone`, a `camera` and a `speaker` at first. */
export class TestDevices extends EventTarget {
  /** Every track that was opened, and those that are on. */
  readonly opened: TestTrack[];
  readonly live: TestTrack[];
  /** The name of the browser's error with which devices do not open: `NotAllowedError`, `NotFoundError`, `NotReadableError`. */
  failing: { audio: string | null; video: string | null; screen: string | null };
  /** Whether microphones that are opened from now on keep the processing they were opened with, as in Chromium; in Firefox they change it. */
  fixed: boolean;
  plugIn(kind: "audioinput" | "videoinput" | "audiooutput", deviceId: string, label?: string): void;
  unplug(deviceId: string): void;
}

export interface TestMedia {
  readonly devices: TestDevices;
  /** Every peer connection that was made. No media flows in them; their statistics say that it does. */
  readonly connections: readonly RTCPeerConnection[];
  /** How long two who have agreed take to be connected: a slow peer. */
  connectMs: number;
  /** The network between all is gone; and back. */
  cut(): void;
  mend(): void;
  /** Closes all connections, and gives back what was there before. */
  restore(): void;
}
/**
 * Puts `RTCPeerConnection`, `MediaStream` and `navigator.mediaDevices` in their places: two rooms of this process that call each other
 * are connected.
 */
export function installTestMedia(options?: { connectMs?: number }): TestMedia;
