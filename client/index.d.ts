/**
 * Mayfly's client: rooms, chat and calls. The wire contract behind it is `docs/protocol.md`; a guide with examples is
 * `docs/client.md`. All times on objects are ISO 8601 strings in UTC; numbers ending in `Ms` are milliseconds.
 */

import type { io } from "socket.io-client";
import type { AnyRequestErrorCode, RequestErrorCodes, ServerErrorCode } from "./codes.js";
import type { Ack, ClientToServerEvents } from "./protocol.js";

export type { AnyRequestErrorCode, RequestErrorCodes, ServerErrorCode } from "./codes.js";

export interface Media {
  audio?: boolean;
  video?: boolean;
  screen?: boolean;
  handRaised?: boolean;
  /** `false`: its browser has no WebRTC. */
  canCall?: boolean;
}

export interface Participant {
  readonly id: string;
  /** Readable, also in an encrypted room. Show it as text, never as HTML. */
  readonly name: string;
  readonly role: "host" | "member" | (string & {});
  /** `false`: the connection is lost and may come back within the seat's grace period. */
  readonly connected: boolean;
  readonly joinedAt: string;
  readonly media: Readonly<Media>;
  /** In an encrypted room: `true` for a name that came in the clear, or under another key. Anybody could have written it. */
  readonly unsealed?: boolean;
  /** Whether it has entered the room's call and not hung up. */
  readonly inCall: boolean;
  /** It says of itself that nobody is in front of it; `connected` is something else. */
  readonly idle?: boolean;
  /** What its site says of it. Not sealed, also in encrypted rooms. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Its site vouches for its name, by a join token. */
  readonly verified?: true;
  /** Who it is to its site, where the token shares that. */
  readonly userId?: string;
  /** Left out of the list, since all of them together would be too long. */
  readonly attributesOmitted?: true;
  /** How to negotiate with this participant (perfect negotiation); set for others, not for oneself. */
  readonly polite?: boolean;
}

export interface RoomInfo {
  readonly id: string;
  readonly status: "open" | "locked" | "ended";
  readonly capacity: number;
  readonly participantCount: number;
  readonly hostId: string | null;
  readonly inviteOnly: boolean;
  readonly passwordRequired: boolean;
  readonly lobby: boolean;
  /** Nothing is said here in the clear; a link without the key does not get in. Never changes. */
  readonly encrypted: boolean;
  /** Whether it is told who has read what. Never in rooms for more than 50. */
  readonly receipts?: boolean;
  /** How long messages last that are sent from now on, in seconds; `null`: until the room ends. */
  readonly messageTtlS?: number | null;
  /** The id of the message that a host has pinned. */
  readonly pinnedMessageId?: string | null;
  /** By this `checkKey` tells whether a link has the room's key. */
  readonly keyCheck?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface Message {
  /** Stable from the first moment on: what a list is keyed by. */
  readonly key: string;
  /** The server's id, once sent. */
  readonly id?: string;
  readonly seq?: number;
  readonly text: string;
  /** Participant id; empty for a message that the room's owner sent from outside. */
  readonly sender: string;
  readonly senderName: string;
  readonly timestamp: string;
  readonly own: boolean;
  readonly state: "sending" | "sent" | "failed";
  /** Set for a private message: the participant it is for. */
  readonly to?: string;
  readonly encrypted: boolean;
  /** Encrypted with another key, tampered with, or meant for somebody else than the server says: `text` is empty. */
  readonly unreadable?: boolean;
  /** The sender's name came in the clear into an encrypted room: anybody may have written it. */
  readonly unsealed?: boolean;
  /** To how many connected people an own message went at once. */
  readonly deliveredTo?: number;
  /** Why an own message failed. */
  readonly error?: MayflyError;
  /** What kind of message its author says it is, and what else belongs to it; both sealed in an encrypted room. */
  readonly kind?: MessageKind;
  readonly data?: unknown;
  /** The id of the message that it answers, which may be gone. */
  readonly replyTo?: string;
  readonly editedAt?: string;
  /** When it is erased everywhere. */
  readonly expiresAt?: string;
  /** Somebody else's: `text` is empty, and `viewMessage` shows it, once. */
  readonly viewOnce?: true;
  /** This tab has seen it. */
  readonly viewed?: true;
  readonly reactions?: readonly Reaction[];
  /** Its files, opened with `openFile`. One that is gone by itself is still named here. */
  readonly attachments?: readonly Attachment[];
  /** While its file is on its way: how many bytes have gone, of how many. `discardMessage` calls it off. */
  readonly upload?: { readonly sent: number; readonly total: number };
  /** An own wish to delete it: it can still be undone, or it has been sent. Show it no more. */
  readonly deleting?: "undoable" | "sent";
}

/** What its sender says of a file. All of it is sealed in an encrypted room; show names as text, and never as HTML. */
export interface Attachment {
  /** Where the server has it; set once it is laid down. */
  readonly fileId?: string;
  /** It was handed over in a call, and is in the two pages alone: after a reload it is gone. */
  readonly direct?: string;
  /** The key of this one file, in an encrypted room. */
  readonly key?: string;
  /** In bytes. */
  readonly size: number;
  /** In small letters, without parameters; `application/octet-stream` where it is none. `isShown` says whether it runs nothing. */
  readonly type: string;
  /** Without folders and control characters; may be empty. */
  readonly name: string;
  /** A small likeness of a picture, as a `data:` address of WebP, JPEG or PNG. */
  readonly thumbnail?: string;
  /** Of a picture, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Of a voice message: up to 64 numbers from 0 to 31. */
  readonly waveform?: readonly number[];
  readonly durationS?: number;
}

export interface SendFileOptions {
  /** What is said beside it. */
  text?: string;
  /** `image`, `video` or `file`, by its type, unless set; `voice` for what was recorded. */
  kind?: MessageKind;
  to?: string;
  replyTo?: string;
  ttlS?: number;
  viewOnce?: boolean;
  /** In place of the `File`'s own. */
  name?: string;
  durationS?: number;
  waveform?: readonly number[];
  /** In place of the one that is made of a picture, as `Attachment` has it. */
  thumbnail?: string;
  /**
   * Leaves in a picture, or in a film's header, what it tells of place, time and device. Unless set that is taken out before
   * anything is sent, and the file is so much shorter; which side is up stays.
   */
  keepMetadata?: boolean;
  /** Unless `false`, the browser asks whoever would close the page while the file is on its way. */
  leaveWarning?: boolean;
  onProgress?: (upload: { sent: number; total: number }) => void;
  /** Takes the message back while its file is on its way. */
  signal?: AbortSignal;
}

export interface OpenFileOptions {
  onProgress?: (progress: { loaded: number; total: number }) => void;
  signal?: AbortSignal;
}

export type MessageKind = "text" | "image" | "voice" | "video" | "file" | "sticker" | "location" | "custom";

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** The first twenty. */
  readonly participantIds: readonly string[];
  readonly mine: boolean;
}

export interface SendOptions {
  /** A participant: a private message, for the two alone. */
  to?: string;
  kind?: MessageKind;
  /** Any JSON of at most 4 KiB. With it `text` may be empty. */
  data?: unknown;
  /** The message that is answered: its key, or its id. */
  replyTo?: string;
  /** Erased everywhere after so many seconds (5 to 604,800), or sooner where the room says so. */
  ttlS?: number;
  /** Each of those who are here now sees it once; then it is erased. */
  viewOnce?: boolean;
}

export interface Poll {
  readonly pollId: string;
  readonly author: string;
  readonly authorName: string;
  readonly own: boolean;
  readonly question: string;
  readonly options: readonly string[];
  readonly multiple: boolean;
  readonly anonymous: boolean;
  readonly closesAt?: string;
  /** For each option, how many have chosen it. */
  readonly counts: readonly number[];
  /** Who has chosen what; not of anonymous polls, nor in rooms for more than 50. */
  readonly votes?: Readonly<Record<string, readonly number[]>>;
  /** One's own choices. */
  readonly mine: readonly number[];
  readonly closed: boolean;
  /** Its place among the messages of the same `epoch`. */
  readonly seq: number;
  readonly epoch?: string;
  readonly encrypted: boolean;
  /** As for messages. */
  readonly unreadable?: boolean;
}

export interface Knock {
  readonly knockId: string;
  readonly name: string;
  /** As for participants. */
  readonly unsealed?: boolean;
}

export type LeaveReason =
  | "left"
  | "timeout"
  | "kicked"
  | "banned"
  | "replaced"
  | "room-ended"
  | "room-expired"
  | "server-shutdown";

export interface RoomSnapshot {
  /**
   * `waiting`: in the lobby, until a host admits. `reconnecting`: the seat is kept and taken back by itself.
   * `left`: over, see `ending`. `failed`: never got in, or cannot come back, see `error`.
   */
  readonly status: "connecting" | "waiting" | "joined" | "reconnecting" | "left" | "failed";
  readonly self: Participant | null;
  readonly room: RoomInfo | null;
  /** The others. */
  readonly participants: readonly Participant[];
  readonly messages: readonly Message[];
  readonly polls: readonly Poll[];
  /** Participant id → up to which `seq` it has read everything. Empty where the room has no receipts. */
  readonly reads: Readonly<Record<string, number>>;
  /** Ids of those who are typing. */
  readonly typing: readonly string[];
  /** Who waits to be admitted; filled for hosts. */
  readonly knocks: readonly Knock[];
  /** Whether the link carried a key, so that messages, names and calls are protected end to end. */
  readonly encrypted: boolean;
  /** Whether this page took back a seat from before a reload. */
  readonly resumed: boolean;
  readonly limits: Readonly<Record<string, number>> | null;
  /** For how many seconds the seat of somebody who is away is kept. */
  readonly resumeTtlS: number | null;
  readonly ending: { readonly reason: LeaveReason; readonly action: "resume" | "rejoin" | "none" } | null;
  readonly error: MayflyError | null;
}

export interface RoomSettings {
  /** Seats; the server's own default and ceiling apply. */
  capacity?: number;
  /** Lifetime in seconds. */
  expiresInS?: number;
  /** Only people with an invite link get in. */
  inviteOnly?: boolean;
  password?: string;
  /** People knock, a host admits. */
  lobby?: boolean;
  /** Keep messages until the room ends, where the server allows it. */
  log?: boolean;
  /** Whether it is told who has read what: on unless set otherwise, off in rooms for more than 50. */
  receipts?: boolean;
  /** Messages are erased after so many seconds (5 to 604,800). */
  messageTtlS?: number;
}

export interface CreateOptions extends RoomSettings {
  /** Origin of the Mayfly server; the page's own unless set. */
  server?: string;
  /** Origin of the site whose `/r/{roomId}` opens rooms; the server's own page unless set. */
  site?: string;
  /** Make an end-to-end key, put it into the links, and make the room an encrypted one. On unless set otherwise. */
  encrypt?: boolean;
  signal?: AbortSignal;
}

export interface CreatedRoom {
  readonly roomId: string;
  /** For guests. In an invite-only room it admits nobody without `createInvite`. */
  readonly link: string;
  /** For the host alone: whoever has it rules the room. */
  readonly hostLink: string;
  readonly hostKey: string;
  /** The end-to-end key, as in the links. Never send it to a server. */
  readonly encryptionKey?: string;
  readonly server: string;
  readonly room: RoomInfo;
}

export interface InviteOptions {
  server?: string;
  site?: string;
  roomId: string;
  hostKey: string;
  encryptionKey?: string;
  /** How many people it lets in: 1 unless set. */
  uses?: number;
  expiresInS?: number;
  signal?: AbortSignal;
}

export interface CreatedInvite {
  readonly inviteId: string;
  readonly invite: string;
  readonly link: string;
  readonly expiresAt: string;
}

/** What a device is opened for: which one, where it matters, and how a microphone is to treat its sound. */
export interface DeviceWish {
  deviceId?: string;
  noiseSuppression?: ConstrainBoolean;
}

export interface JoinOptions {
  /** Origin of the Mayfly server; the link's own unless set. */
  server?: string;
  name?: string;
  password?: string;
  /** A join token of your site (docs/tokens.md), or how to fetch one: it is asked anew at each join, not when coming back. */
  token?: string | (() => Promise<string | null | undefined>);
  /** What others see before devices are opened. */
  media?: Media;
  /** Where the session survives a reload: `sessionStorage` unless set; `null` keeps nothing. */
  storage?: Storage | null;
  call?: {
    /** Added to every peer connection's configuration. */
    rtc?: Partial<RTCConfiguration>;
    /** Unless `false`, a page that was reloaded in the middle of a call enters it again by itself, with what was on. */
    resume?: boolean;
    /** What the browser is asked for with each microphone that the call opens; `true` unless set. */
    noiseSuppression?: boolean;
    /** How a device is opened, where the client's own way (`openCamera`, `openMicrophone`, `openScreen`) is not what you want. */
    open?: Partial<Record<"audio" | "video" | "screen", (wish: DeviceWish) => Promise<MediaStreamTrack>>>;
  };
  /** For socket.io-client, such as `path`. */
  socket?: Record<string, unknown>;
  /** Gives up an attempt to join (or to wait in the lobby). */
  signal?: AbortSignal;
}

export interface RoomEvents {
  /** Joined, or joined again; the snapshot is complete. */
  joined: { self: Participant; participants: Participant[]; recovered: boolean };
  message: Message;
  "user-joined": { participant: Participant; missed?: true };
  "user-left": { participantId: string; reason: LeaveReason; missed?: true };
  "user-updated": { participant: Participant; missed?: true };
  "room-updated": { room: RoomInfo; missed?: true };
  "message-updated": Message;
  /** Erased. `forgotten`: one was away for so long, or over a restart, that nobody could tell how it is now. */
  "message-deleted": {
    id: string;
    key?: string;
    by: string;
    reason: "deleted" | "moderated" | "expired" | "viewed" | "forgotten";
  };
  reaction: { id: string; key: string; participantId: string; emoji: string; on: boolean };
  poll: Poll;
  "poll-deleted": { pollId: string };
  /** Of another participant; it is not kept. */
  broadcast: { from: string; type: string; data: unknown };
  knock: Knock;
  /** The room ends at this time: 60 s and 10 s ahead. */
  expiring: { roomId: string; expiresAt: string };
  /** A durable event is missing; the room repairs it by itself. */
  gap: { after: number };
  left: RoomSnapshot;
  "request-failed": { event: string; error: { code: ServerErrorCode; message: string } };
  error: unknown;
}

/** A room as this browser sees it. `getSnapshot` and `subscribe` fit React's `useSyncExternalStore`. */
export interface Room {
  readonly id: string;
  /** Fulfilled once inside, rejected with a `MayflyError` where that cannot be. */
  readonly joined: Promise<Room>;
  readonly call: Call;
  getSnapshot(): RoomSnapshot;
  subscribe(listener: () => void): () => void;
  on<E extends keyof RoomEvents>(event: E, listener: (payload: RoomEvents[E]) => void): () => void;
  /** On screen at once; sent, repeated and acknowledged by itself. Returns the message's key. */
  sendMessage(text: string, options?: SendOptions): string;
  /**
   * A message with a file: on screen at once, with `upload`; sealed, laid down (or handed over in a call of two), then said as
   * any other. Returns the message's key. Throws `FILE_TOO_LARGE` and `FILES_OFF` where it can never be sent; what is refused
   * later is the message's `error`.
   */
  sendFile(file: Blob, options?: SendFileOptions): string;
  /**
   * A file of a message, once all of it has proved to be what was sent; `as: "stream"` gives each chunk as soon as it has.
   * A download that breaks off goes on where it was. Its `type` is `application/octet-stream` where a browser might run it.
   * Rejected with `FILE_DAMAGED` where it was changed, cut or mixed up, `NOT_FOUND` where it is gone, `ABORTED` where its
   * message was erased meanwhile.
   */
  openFile(message: Message | string, attachment: Attachment, options?: OpenFileOptions & { as?: "blob" }): Promise<Blob>;
  openFile(message: Message | string, attachment: Attachment, options: OpenFileOptions & { as: "stream" }): Promise<ReadableStream<Uint8Array>>;
  retryMessage(key: string): void;
  /** One that failed, or whose file is on its way. */
  discardMessage(key: string): void;
  /** One's own. On screen at once, and as it was before where it is refused. Without `data` that of the message stays. */
  editMessage(key: string, text: string, options?: { data?: unknown }): Promise<unknown>;
  /**
   * One's own, or any as host: for everybody. Sent after `undoMs` (5,000 unless set), or when one leaves; fulfilled when it
   * is gone, or was undone.
   */
  deleteMessage(key: string, options?: { undoMs?: number }): Promise<void>;
  /** Whether it was in time. */
  undoDelete(key: string): boolean;
  /** Puts a reaction, or takes it back; turns it around where `on` is left out. In encrypted rooms one of `EMOJI`. */
  react(key: string, emoji: string, on?: boolean): Promise<unknown>;
  /** Shows a message that is seen once, over a lost connection too. It is in no snapshot: what is returned is all there is. */
  viewMessage(key: string): Promise<{ text: string; data?: unknown; attachments?: readonly Attachment[]; unreadable?: true }>;
  /** For hosts; `null` pins none. */
  pinMessage(key: string | null): Promise<unknown>;
  /** Everything up to this `seq` has been read. Call it as often as you like. */
  markRead(seq: number): void;
  createPoll(poll: {
    /** 1 to 300 characters. */
    question: string;
    /** 2 to 12, of 1 to 100 characters. */
    options: string[];
    multiple?: boolean;
    anonymous?: boolean;
    closesInS?: number;
  }): Promise<{ pollId: string; seq: number }>;
  /** Numbers of options, in place of those before; none takes the vote back. */
  vote(pollId: string, choices: number[]): Promise<unknown>;
  closePoll(pollId: string): Promise<unknown>;
  deletePoll(pollId: string): Promise<unknown>;
  /** Another name, whether somebody is there, or attributes, which are replaced as a whole. */
  updateSelf(patch: { name?: string; idle?: boolean; attributes?: Record<string, string> }): Promise<void>;
  /** To the others, or to one: JSON of at most 16 KiB that is not kept. Sealed in an encrypted room, its `type` excepted. */
  broadcast(type: string, data: unknown, options?: { to?: string }): Promise<{ deliveredTo: number }>;
  /** The server's time in milliseconds, as far as its stamps tell: what a timer counts down by. */
  now(): number;
  /** Call it at every keystroke; it keeps a sensible pace and stops by itself. */
  setTyping(isTyping: boolean): void;
  updateMedia(patch: Media): Promise<void>;
  answerKnock(knockId: string, admit: boolean): Promise<void>;
  kick(participantId: string): Promise<unknown>;
  ban(participantId: string): Promise<unknown>;
  lock(locked?: boolean): Promise<unknown>;
  update(settings: {
    locked?: boolean;
    capacity?: number;
    lobby?: boolean;
    expiresInS?: number;
    receipts?: boolean;
    messageTtlS?: number | null;
  }): Promise<unknown>;
  transferHost(participantId: string): Promise<unknown>;
  /** Ends the room for everybody, and erases it. */
  end(): Promise<unknown>;
  /**
   * Gives the seat up, once what was said just before has been sent, or two seconds have passed. Devices go off at once. A
   * join that is still on its way is taken back.
   */
  leave(): Promise<void>;
  /** Drops the connection and keeps the seat for its grace period, as a reload does. */
  close(): void;
  /** After `replaced`: takes the seat back to this page. */
  takeBack(): void;
  /**
   * Any request of the protocol about this room, as it goes over the wire: what it takes, and the data of its acknowledgement, are
   * known by its name. Nothing is sealed on the way. Rejected with a `MayflyError`: `ErrorCodeOf` has its codes.
   */
  request<Event extends RequestEvent>(event: Event, ...args: RequestArguments<Event>): Promise<RequestData<Event>>;
}

export type PeerState = "connecting" | "connected" | "reconnecting" | "failed" | "full" | "unverified";

export interface CallPeer {
  readonly participantId: string;
  /** `unverified`: it could not prove that it has the room's key. `full`: the call takes no more people. No media flows. */
  readonly state: PeerState;
  readonly stream: MediaStream | null;
  readonly screenStream: MediaStream | null;
}

export interface CallSnapshot {
  readonly active: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly screen: boolean;
  /** What is on or about to be, as it was wished for last: what a button shows, and what a press of it turns around. */
  readonly wanted: Readonly<Record<"audio" | "video" | "screen", boolean>>;
  /** Why a device is not on: `DEVICE_BLOCKED`, `DEVICE_MISSING`, `DEVICE_BUSY`, `DEVICE_FAILED`. */
  readonly errors: Readonly<Partial<Record<"audio" | "video" | "screen", MayflyError>>>;
  readonly localStream: MediaStream | null;
  readonly localScreen: MediaStream | null;
  readonly peers: readonly CallPeer[];
}

/** How good the connection with one participant was in the last second. Rates in kbit/s, losses from 0 to 1. */
export interface ConnectionQuality {
  /** From 1 to 4; the worse of round trip and loss decides. */
  readonly bars: number;
  readonly inKbps: number;
  readonly outKbps: number;
  /** Of what we receive, and of what we send; `null`: the other side has not said. */
  readonly loss: number;
  readonly sentLoss: number | null;
  readonly rttMs: number | null;
  /** Through TURN, or from browser to browser; `null`: not known. */
  readonly relayed: boolean | null;
  readonly protocol: string | null;
  /** The browser sends a smaller picture than it could, for want of bandwidth. Chromium tells. */
  readonly limited: boolean;
}

export interface CallQuality {
  /** By participant id: those with a connection that was looked at twice. */
  readonly peers: ReadonlyMap<string, ConnectionQuality>;
  /** For some seconds what we send has been too much for the network: without a picture, voices would fare better. */
  readonly weak: boolean;
}

export interface Call {
  getSnapshot(): CallSnapshot;
  /** Of its own, since it changes about once a second. */
  readonly quality: { getSnapshot(): CallQuality; subscribe(listener: () => void): () => void };
  subscribe(listener: () => void): () => void;
  on(event: "peer-connection", listener: (e: { participantId: string; pc: RTCPeerConnection }) => void): () => void;
  on(event: "signal-refused", listener: (e: { event: string; error: MayflyError }) => void): () => void;
  /** A camera or microphone went away by itself; `replaced`: another one is in its place. */
  on(event: "device-lost", listener: (e: { slot: "audio" | "video"; replaced: boolean }) => void): () => void;
  /** Among them `PEER_UNVERIFIED`: a description that nobody with the room's key vouches for was refused. */
  on(event: "error", listener: (error: unknown) => void): () => void;
  /**
   * Fulfilled once the devices are open and everybody is being called. Never rejected for want of a device. In a call that
   * goes on, only what the wish names changes. Rejected with `CALL_UNSUPPORTED` where the browser has no WebRTC.
   */
  start(wish?: {
    audio?: boolean | MediaStreamTrack;
    video?: boolean | MediaStreamTrack;
    /** Ids of the devices to open, where they are there; any other will do. */
    devices?: { audio?: string; video?: string };
  }): Promise<void>;
  stop(): void;
  setAudio(on: boolean): Promise<void>;
  setVideo(on: boolean): Promise<void>;
  setScreen(on: boolean): Promise<void>;
  /** At once where the slot is on, otherwise when it is turned on. */
  switchDevice(slot: "audio" | "video", deviceId: string): Promise<void>;
  /**
   * Of the microphone that is open, and of those that the call opens later. Resolves with what the browser then says of the
   * track; `null` where none is open, or the browser does not say.
   */
  setNoiseSuppression(on: boolean): Promise<boolean | null>;
  levels(): Map<string, number>;
  getStats(): Promise<Map<string, RTCStatsReport>>;
}

/** Codes that never cross the wire. */
export type ClientErrorCode =
  | "LINK_INVALID"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "KNOCK_REFUSED"
  | "MESSAGE_TOO_LONG"
  | "MESSAGE_EMPTY"
  | "KEY_INVALID"
  | "KEY_MISSING"
  | "KEY_WRONG"
  | "INSECURE_CONTEXT"
  | "ABORTED"
  | "LEFT"
  | "DEVICE_BLOCKED"
  | "DEVICE_MISSING"
  | "DEVICE_BUSY"
  | "DEVICE_FAILED"
  | "PEER_UNVERIFIED"
  | "CALL_UNSUPPORTED"
  | "FILES_OFF"
  | "FILE_DAMAGED"
  | "FILE_UNREADABLE";

export type MayflyErrorCode = ServerErrorCode | ClientErrorCode;

/** The name of a request about a room. */
export type RequestEvent = keyof ClientToServerEvents;

/** What a request takes, but `roomId`, which `room.request` adds. */
export type RequestFields<Event extends RequestEvent> = Omit<Exclude<Parameters<ClientToServerEvents[Event]>[0], string>, "roomId">;

/** The data with which it is acknowledged where all is well. */
export type RequestData<Event extends RequestEvent> =
  Parameters<Parameters<ClientToServerEvents[Event]>[1]>[0] extends Ack<infer Data> ? Data : never;

type RequestArguments<Event extends RequestEvent> = {} extends RequestFields<Event>
  ? [fields?: RequestFields<Event>, options?: { timeoutMs?: number }]
  : [fields: RequestFields<Event>, options?: { timeoutMs?: number }];

/** The codes with which a request is rejected, by its name: `ErrorCodeOf<"kick">`. */
export type ErrorCodeOf<Event extends keyof RequestErrorCodes> =
  | RequestErrorCodes[Event]
  | AnyRequestErrorCode
  | "CONNECTION_LOST"
  | "TIMEOUT";

/** The codes with which `joinRoom` and `joined` are rejected, and which a snapshot's `error` has where its status is `failed`. */
export type JoinErrorCode =
  | ErrorCodeOf<"join-room">
  | ErrorCodeOf<"knock">
  | "LINK_INVALID"
  | "KNOCK_REFUSED"
  | "KEY_INVALID"
  | "KEY_MISSING"
  | "KEY_WRONG"
  | "INSECURE_CONTEXT"
  | "ABORTED"
  | "LEFT";

export class MayflyError extends Error {
  readonly code: MayflyErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: Record<string, unknown>;
  /** The HTTP status, for a REST call. */
  readonly status?: number;
}

export interface ParsedLink {
  server: string;
  roomId: string;
  invite?: string;
  /** The host key. */
  key?: string;
  /** The end-to-end key. */
  e2e?: string;
}

export function createRoom(options?: CreateOptions): Promise<CreatedRoom>;
export function createInvite(options: InviteOptions): Promise<CreatedInvite>;
/** What the invite in a link is worth now. Spends nothing; refused as joining would be (`INVITE_USED`, `INVITE_EXPIRED`, …). */
export function checkInvite(
  link: string | URL,
  options?: { server?: string; signal?: AbortSignal },
): Promise<{ usesLeft: number; expiresAt: string }>;
/** Spends nothing: safe to call before a person decides. */
export function lookUpRoom(link: string | URL, options?: { server?: string; signal?: AbortSignal }): Promise<RoomInfo>;
/** Connect and join; fulfilled once inside. */
export function joinRoom(link: string | URL, options?: JoinOptions): Promise<Room>;
/** The same, with the room object at once: for showing the way in, such as the lobby. */
export function openRoom(link: string | URL, options?: JoinOptions): Room;
/**
 * Whether a link has the key of its room: `KEY_MISSING`, `KEY_WRONG`, `KEY_INVALID` (damaged), or `null` where nothing
 * speaks against it. Sends nothing. Joining asks the same question first.
 * @param room as `lookUpRoom` returns it
 * @param e2e as `parseLink` returns it
 */
export function checkKey(
  room: Pick<RoomInfo, "encrypted" | "keyCheck">,
  e2e?: string,
): Promise<"KEY_MISSING" | "KEY_WRONG" | "KEY_INVALID" | "INSECURE_CONTEXT" | null>;
/** The client for the `io` of socket.io-client that you have. */
export function makeClient(io: Io): Client;
export type Io = typeof io;
export interface Client {
  readonly createRoom: typeof createRoom;
  readonly createInvite: typeof createInvite;
  readonly checkInvite: typeof checkInvite;
  readonly lookUpRoom: typeof lookUpRoom;
  readonly openRoom: typeof openRoom;
  readonly joinRoom: typeof joinRoom;
}
export function parseLink(link: string | URL): ParsedLink;
export function buildLink(parts: { site: string; roomId: string; invite?: string; key?: string; e2e?: string }): string;
export function request(server: string, path: string, options?: object): Promise<any>;
/** The emoji that can be reacted with in encrypted rooms, in the order of a picker. */
export const EMOJI: readonly { readonly emoji: string; readonly name: string; readonly group: string }[];
/** Whether browsers show this media type without running anything: pictures, sound and video, and none that is markup. */
export function isShown(type: string): boolean;
export function canEncrypt(): boolean;
export function generateSecret(): string;
/** Whether this browser has WebRTC. */
export function canCall(): boolean;
export function canShareScreen(): boolean;
export function openCamera(wish?: { deviceId?: string }): Promise<MediaStreamTrack>;
export function openMicrophone(wish?: DeviceWish): Promise<MediaStreamTrack>;
export function openScreen(): Promise<MediaStreamTrack>;
export function listDevices(): Promise<{
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}>;
export function watchLevel(track: MediaStreamTrack, report: (level: number) => void): () => void;

export class Session {
  constructor(roomId: string, storage?: Storage | null);
  load(): null | { participantId?: string; name?: string; hostKey?: string; invite?: string };
  save(state: object): void;
  clear(): void;
}

/** One device on its way to what was wished for last; what is to stop stops at the press. */
export class Slot {
  constructor(port: {
    open: (wish: { deviceId?: string }) => Promise<MediaStreamTrack>;
    changed: (track: MediaStreamTrack | null) => void;
    /** Nothing is opened before. */
    ready?: () => Promise<unknown>;
    wished?: () => void;
    failed?: (error: MayflyError | undefined) => void;
    lost?: (replaced: boolean) => void;
    /** Whether another device may take its place. */
    replaceable?: boolean;
  });
  readonly track: MediaStreamTrack | null;
  readonly isWanted: boolean;
  readonly failure?: MayflyError;
  want(patch: { on?: boolean; muted?: boolean; deviceId?: string; given?: MediaStreamTrack }): Promise<void>;
  mute(muted: boolean): Promise<void>;
  close(): Promise<void>;
  /** Hands the track over, which is then somebody else's to stop. */
  release(): MediaStreamTrack | null;
}

/** What lives as long as one thing does: timers, listeners, subscriptions. */
export class Scope {
  readonly closed: boolean;
  add(end: () => void): () => void;
  later(action: () => void, delayMs: number): () => void;
  listen(target: EventTarget, event: string, listener: (event: any) => void): () => void;
  close(): void;
}
