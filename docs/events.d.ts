// Mayfly's events, generated from the server's payload models. Do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./events";
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(url);

import type {} from "socket.io-client";

/** `delete-message`, `view-message`. */
export interface AboutMessage {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  id: string;
}

/** `kick`, `ban`, `transfer-host`. */
export interface AboutParticipant {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  participantId: string;
}

/** `close-poll`, `delete-poll`. */
export interface AboutPoll {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  pollId: string;
}

/** A room as its operator sees it: no name, no text. `madeBy`: the name of the API key that made it. */
export interface AdminRoom {
  id: string;
  status: "open" | "locked" | "ended";
  /** at least 1 */
  capacity: number;
  /** at least 0 */
  participantCount: number;
  /** at least 0 */
  awayCount: number;
  /** at least 0 */
  inCallCount: number;
  /** at least 0 */
  messageCount: number;
  /** ISO 8601, UTC, with milliseconds */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
  encrypted: boolean;
  inviteOnly: boolean;
  passwordRequired: boolean;
  lobby: boolean;
  log: boolean;
  madeBy?: string;
}

/** One page of rooms, and how many there are in all. */
export interface AdminRooms {
  rooms: AdminRoom[];
  /** at least 0 */
  total: number;
}

/** `answer`. The description may come as `answer`, too. */
export interface Answer {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  to?: string | null;
  /** 1 to 64 characters */
  negotiationId?: string | null;
  description: AnswerDescription;
}

/** An `RTCSessionDescriptionInit` of type answer. */
export interface AnswerDescription {
  type: "answer";
  /** at most 65536 characters */
  sdp: string;
}

/** `answer-knock`. */
export interface AnswerKnock {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  knockId: string;
  admit: boolean;
}

/** An answer for this participant. */
export interface AnswerReceived {
  roomId: string;
  from: string;
  negotiationId?: string;
  description: AnswerDescription;
}

/** A file that is attached to a message. What is not told of it is not known: it is inside, where it is sealed. */
export interface AttachedFile {
  fileId: string;
  /** at least 0 */
  bytes: number;
  contentType?: string;
  name?: string;
}

/** A file that the sender has laid down in the room (`POST /api/rooms/{roomId}/files`). */
export interface AttachmentWish {
  /** 1 to 64 characters */
  fileId: string;
}

/** `deliveredTo` is how many connected others it went to. */
export interface BroadcastAccepted {
  /** at least 0 */
  deliveredTo: number;
}

/** A participant sent something that is not kept. `from` is the participant id that the server stamped. */
export interface BroadcastReceived {
  roomId: string;
  from: string;
  type: string;
  data: unknown;
}

/** `broadcast`: any JSON, for the others or for one. */
export interface BroadcastRequest {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  type: string;
  data: unknown;
  /** 1 to 64 characters */
  to?: string | null;
}

/** `call-state`: how the sender's call goes. `joined`: it enters; `ended`: it hung up and stays. */
export interface CallState {
  /** 1 to 64 characters */
  roomId: string;
  state: "joined" | "connected" | "failed" | "ended";
}

/** An `RTCIceCandidateInit` (W3C WebRTC, section 4.8.1). */
export interface CandidateInit {
  /** at most 2048 characters */
  candidate?: string;
  /** at most 64 characters */
  sdpMid?: string | null;
  /** 0 to 65535 */
  sdpMLineIndex?: number | null;
  /** at most 256 characters */
  usernameFragment?: string | null;
}

/** A change, and its place in the room; where nothing changed, the room's newest. */
export interface Changed {
  /** at least 0 */
  seq: number;
}

/** `POST /api/rooms/{roomId}/invites`. */
export interface CreateInvite {
  /** 1 to 1000 */
  uses?: number;
  /** 1 to 604800 */
  expiresInS?: number | null;
}

/** `create-poll`. Where it is sealed, its texts may be as long as sealed ones. */
export interface CreatePoll {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 10000 characters */
  question: string;
  options: string[];
  multiple?: boolean | null;
  anonymous?: boolean | null;
  /** 1 to 604800 */
  closesInS?: number | null;
  encrypted?: boolean | null;
}

/** `POST /api/rooms`. */
export interface CreateRoom {
  /** 1 to 1000 */
  capacity?: number | null;
  /** 1 to 604800 */
  expiresInS?: number | null;
  inviteOnly?: boolean;
  /** 1 to 256 characters */
  password?: string | null;
  lobby?: boolean;
  log?: boolean;
  encrypted?: boolean;
  /** 1 to 64 characters */
  keyCheck?: string | null;
  receipts?: boolean;
  /** 5 to 604800 */
  messageTtlS?: number | null;
}

/** `edit-message`. Without `data` that of the message stays. */
export interface EditMessage {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  id: string;
  /** at most 10000 characters */
  text: string;
  data?: unknown | null;
  encrypted?: boolean | null;
}

/** Granted; there is nothing more to say. */
export type Empty = Record<string, never>;

/** `end-room`. */
export interface EndRoom {
  /** 1 to 64 characters */
  roomId: string;
}

/** The room is over. */
export interface Erased {
  erased: ErasedCounts;
}

/** How much was erased. */
export interface ErasedCounts {
  /** at least 0 */
  messages: number;
  /** at least 0 */
  seats: number;
  /** at least 0 */
  invites: number;
}

/** The body of every refused REST call. */
export interface ErrorAnswer {
  error: ErrorObject;
}

/** Every error code of the protocol (protocol page, "Error codes"). */
export type ErrorCode = "INVALID_PAYLOAD" | "UNKNOWN_EVENT" | "PAYLOAD_TOO_LARGE" | "UNAUTHORIZED" | "FORBIDDEN" | "INVITE_REQUIRED" | "INVITE_INVALID" | "INVITE_USED" | "INVITE_EXPIRED" | "PASSWORD_REQUIRED" | "PASSWORD_INVALID" | "ROOM_NOT_FOUND" | "ROOM_ENDED" | "ROOM_EXPIRED" | "ROOM_FULL" | "ROOM_LOCKED" | "LOBBY_WAITING" | "BANNED" | "NOT_IN_ROOM" | "ALREADY_JOINED" | "TOO_MANY_ROOMS" | "PEER_NOT_FOUND" | "TARGET_REQUIRED" | "RESUME_INVALID" | "RESUME_EXPIRED" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "ENCRYPTION_REQUIRED" | "MESSAGE_NOT_FOUND" | "POLL_CLOSED" | "FILE_TOO_LARGE" | "STALE_NEGOTIATION" | "RATE_LIMITED" | "QUOTA_EXCEEDED" | "SERVER_DRAINING" | "UNAVAILABLE" | "INTERNAL_ERROR" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "TIMEOUT";

/** The error object. `details` maps a field to the reason it was refused for, never to its value. */
export interface ErrorObject {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  /** at least 1 */
  retryAfterMs?: number;
  details?: Record<string, string>;
}

/** A file that lies in the room. It goes at `expiresAt`, unless its author attaches it to a message before. */
export interface FileLaidDown {
  fileId: string;
  /** at least 0 */
  bytes: number;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
}

/** `get-ice-servers`. */
export interface GetIceServers {
  /** 1 to 64 characters */
  roomId: string;
}

/** `degraded`: it serves, but not all of what it depends on does. `bus`: what processes share; `none` where one is alone. */
export interface Health {
  status: "ok" | "degraded";
  storage: HealthStorage;
  bus: Storage;
  draining: boolean;
  /** at least 0 */
  uptimeS: number;
  build: "pure" | "compiled";
}

/** `shared`, with Redis: whether all processes on it use one database, as far as is known. */
export interface HealthStorage {
  kind: string;
  ok: boolean;
  shared?: boolean;
}

/** `ice-candidate`; `null` means the end of candidates. */
export interface IceCandidate {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  to?: string | null;
  /** 1 to 64 characters */
  negotiationId?: string | null;
  candidate: CandidateInit | null;
}

/** A candidate for this participant; null is the end of candidates. */
export interface IceCandidateReceived {
  roomId: string;
  from: string;
  negotiationId?: string;
  candidate: CandidateInit | null;
}

/** An `RTCIceServer` (W3C WebRTC, section 4.2.2). */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** `expiresAt` is null where nothing expires. */
export interface IceServers {
  iceServers: IceServer[];
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string | null;
}

/** An invite, without its token. */
export interface Invite {
  inviteId: string;
  /** at least 1 */
  uses: number;
  /** at least 0 */
  used: number;
  /** ISO 8601, UTC, with milliseconds */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
  revoked: boolean;
}

/** A new invite. Its token, `invite`, is told this once; `url` carries it in the fragment. */
export interface InviteCreated {
  inviteId: string;
  /** at least 1 */
  uses: number;
  /** at least 0 */
  used: number;
  /** ISO 8601, UTC, with milliseconds */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
  revoked: boolean;
  invite: string;
  url: string;
}

/** What an invite is worth now: `usesLeft` people can still come in with it, until `expiresAt`. */
export interface InviteStanding {
  /** at least 1 */
  usesLeft: number;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
}

/** All invites of a room. */
export interface Invites {
  invites: Invite[];
}

/** `join-room`. `clientJoinId` marks the repetitions of one join, so that a lost reply costs no second seat. `snapshot` says where the client reads the snapshot, so that it is sent once; `both` unless told. */
export interface JoinRoom {
  /** 1 to 64 characters */
  roomId: string;
  /** at most 64 characters */
  name?: string | null;
  /** 1 to 256 characters */
  hostKey?: string | null;
  /** 1 to 256 characters */
  invite?: string | null;
  /** 1 to 256 characters */
  password?: string | null;
  /** 1 to 8192 characters */
  token?: string | null;
  media?: MediaState | null;
  resume?: ResumeRequest | null;
  /** 16 to 64 characters */
  clientJoinId?: string | null;
  snapshot?: "ack" | "event" | "both" | null;
}

/** The answer to a knock. `invite` comes where `admitted`, is good for one join and for five minutes. */
export interface KnockAnswered {
  roomId: string;
  admitted: boolean;
  invite?: string;
}

/** Somebody waits in the lobby. For the host. */
export interface KnockReceived {
  roomId: string;
  knockId: string;
  name: string;
}

/** `knock`. */
export interface KnockRequest {
  /** 1 to 64 characters */
  roomId: string;
  /** at most 64 characters */
  name?: string | null;
}

/** `leave-room`. */
export interface LeaveRoom {
  /** 1 to 64 characters */
  roomId: string;
}

/** What the server accepts: sizes of requests, requests a second (0: any number) and how many at once. `fileBytes` is the largest file; 0: none, as files are off. */
export interface Limits {
  /** at least 0 */
  messageChars: number;
  /** at least 0 */
  sealedChars: number;
  /** at least 0 */
  nameChars: number;
  /** at least 0 */
  sdpBytes: number;
  /** at least 0 */
  candidateChars: number;
  /** at least 0 */
  callParticipants: number;
  /** at least 0 */
  roomsPerSocket: number;
  /** at least 0 */
  fileBytes: number;
  /** at least 0 */
  eventsPerS: number;
  /** at least 0 */
  burst: number;
}

/** What a participant says of its own devices. `canCall` is false where its browser has no WebRTC. */
export interface Media {
  audio: boolean;
  video: boolean;
  screen: boolean;
  handRaised: boolean;
  canCall: boolean;
}

/** Which of its devices a participant says are on. `canCall`: whether its browser can call at all. */
export interface MediaState {
  audio?: boolean | null;
  video?: boolean | null;
  screen?: boolean | null;
  handRaised?: boolean | null;
  canCall?: boolean | null;
}

/** `budgetBytes` 0: no bound. */
export interface MemoryUse {
  /** at least 0 */
  residentBytes: number;
  /** at least 0 */
  budgetBytes: number;
}

/** `duplicate`: the same `clientMessageId` was accepted before, and this is the answer of that time. */
export interface MessageAccepted {
  id: string;
  /** at least 1 */
  seq: number;
  /** ISO 8601, UTC, with milliseconds */
  timestamp: string;
  /** at least 0 */
  deliveredTo: number;
  duplicate: boolean;
}

/** A message is gone. `by` is who did it; empty where it expired, and for the room's owner over REST. `forgotten`, in `missed` alone: it was edited in an earlier epoch, and what it says since is not known. */
export interface MessageDeleted {
  roomId: string;
  id: string;
  by: string;
  reason: "deleted" | "moderated" | "expired" | "viewed" | "forgotten";
  /** at least 1 */
  seq: number;
}

/** Somebody said something. `sender` is a participant id, or empty for the room's owner over REST. `kind`, `data` and `replyTo` are as its author gave them. `viewOnce`: its text is seen with `view-message`. `expiresAt`: by then it is gone. `editedAt` and `reactions` come where it is told later, in a snapshot or on a page. */
export interface MessageReceived {
  id: string;
  roomId: string;
  text: string;
  sender: string;
  senderName: string;
  /** ISO 8601, UTC, with milliseconds */
  timestamp: string;
  /** at least 1 */
  seq: number;
  epoch: string;
  clientMessageId?: string;
  to?: string;
  encrypted?: true;
  kind?: "text" | "image" | "voice" | "video" | "file" | "sticker" | "location" | "custom";
  data?: unknown;
  replyTo?: string;
  attachments?: AttachedFile[];
  viewOnce?: true;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt?: string;
  /** ISO 8601, UTC, with milliseconds */
  editedAt?: string;
  reactions?: Reaction[];
}

/** Its author changed a message: `text` and `data` are what they are now. */
export interface MessageUpdated {
  roomId: string;
  id: string;
  text: string;
  data?: unknown;
  /** ISO 8601, UTC, with milliseconds */
  editedAt: string;
  /** at least 1 */
  seq: number;
  encrypted?: true;
}

/** A page of messages, newest first. */
export interface Messages {
  messages: MessageReceived[];
}

/** A missed `message-deleted`. */
export interface MissedDeletion {
  event: "message-deleted";
  payload: MessageDeleted;
}

/** A missed `message-updated`. */
export interface MissedEdit {
  event: "message-updated";
  payload: MessageUpdated;
}

/** A missed `user-joined`. */
export interface MissedJoin {
  event: "user-joined";
  payload: UserJoined;
}

/** A missed `user-left`. */
export interface MissedLeave {
  event: "user-left";
  payload: UserLeft;
}

/** A missed `message-received`. */
export interface MissedMessage {
  event: "message-received";
  payload: MessageReceived;
}

/** A missed `poll-created`. */
export interface MissedPoll {
  event: "poll-created";
  payload: PollCreated;
}

/** A missed `poll-deleted`. */
export interface MissedPollDeletion {
  event: "poll-deleted";
  payload: PollDeleted;
}

/** A missed `reaction-changed`. */
export interface MissedReaction {
  event: "reaction-changed";
  payload: ReactionChanged;
}

/** A missed `room-updated`. */
export interface MissedRoomUpdate {
  event: "room-updated";
  payload: RoomUpdated;
}

/** A missed `user-updated`. */
export interface MissedUpdate {
  event: "user-updated";
  payload: UserUpdated;
}

/** A missed `poll-updated`. */
export interface MissedVote {
  event: "poll-updated";
  payload: PollUpdated;
}

/** `offer`. The description may come as `offer`, too. */
export interface Offer {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  to?: string | null;
  /** 1 to 64 characters */
  negotiationId?: string | null;
  description: OfferDescription;
}

/** An `RTCSessionDescriptionInit` of type offer. */
export interface OfferDescription {
  type: "offer";
  /** at most 65536 characters */
  sdp: string;
}

/** An offer for this participant. */
export interface OfferReceived {
  roomId: string;
  from: string;
  negotiationId?: string;
  description: OfferDescription;
}

/** Somebody else in a snapshot. `needsIceRestart`: signals of this participant were lost while you were away. */
export interface OtherParticipant {
  id: string;
  name: string;
  role: "host" | "member";
  connected: boolean;
  /** ISO 8601, UTC, with milliseconds */
  joinedAt: string;
  media: Media;
  inCall: boolean;
  idle: boolean;
  attributes?: Record<string, string>;
  attributesOmitted?: true;
  verified?: true;
  userId?: string;
  polite: boolean;
  needsIceRestart?: true;
}

/** `POST /api/rooms/{roomId}/messages`. `text` may be empty where there are attachments. */
export interface OutsideMessage {
  /** at most 10000 characters */
  text: string;
  /** at most 64 characters */
  senderName?: string;
  encrypted?: boolean;
  attachments?: AttachmentWish[] | null;
}

/** What others see of a seat. `id` stays the same across reconnects and is not the Socket.IO `sid`. `inCall`: it has entered the room's call and not hung up. `idle` is what its client says. `attributes` are left out of a list of participants, and `attributesOmitted` says so, where those of all would be too long. `verified`: the operator's site says who it is, and its name; `userId` is how that site calls it. */
export interface Participant {
  id: string;
  name: string;
  role: "host" | "member";
  connected: boolean;
  /** ISO 8601, UTC, with milliseconds */
  joinedAt: string;
  media: Media;
  inCall: boolean;
  idle: boolean;
  attributes?: Record<string, string>;
  attributesOmitted?: true;
  verified?: true;
  userId?: string;
}

/** A call in a room that has ended; `connected`: media flowed. */
export interface PastCall {
  /** ISO 8601, UTC, with milliseconds */
  startedAt: string;
  /** ISO 8601, UTC, with milliseconds */
  endedAt: string;
  /** at least 0 */
  peak: number;
  connected: boolean;
}

/** `pin-message`; null pins none. */
export interface PinMessage {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  id: string | null;
}

/** A question with options; `counts` and `choices` go by their order. `votes`: participant id to choices, unless the poll is anonymous or the room may have more than 50 people. */
export interface Poll {
  pollId: string;
  author: string;
  question: string;
  options: string[];
  multiple: boolean;
  anonymous: boolean;
  /** ISO 8601, UTC, with milliseconds */
  closesAt?: string;
  counts: number[];
  votes?: Record<string, number[]>;
  closed: boolean;
  /** at least 1 */
  seq: number;
  encrypted?: true;
}

/** The new poll. */
export interface PollAccepted {
  pollId: string;
  /** at least 1 */
  seq: number;
}

/** Somebody asked. */
export interface PollCreated {
  roomId: string;
  poll: Poll;
  /** at least 1 */
  seq: number;
}

/** A poll is gone. */
export interface PollDeleted {
  roomId: string;
  pollId: string;
  /** at least 1 */
  seq: number;
}

/** Somebody voted, or the poll was closed. */
export interface PollUpdated {
  roomId: string;
  pollId: string;
  counts: number[];
  votes?: Record<string, number[]>;
  closed: boolean;
  /** at least 1 */
  seq: number;
}

/** Averages since the start. */
export interface Rates {
  /** at least 0 */
  requestsPerS: number;
}

/** `react`: put a reaction (`on`), or take it back. */
export interface React {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  id: string;
  /** 1 to 32 characters */
  emoji: string;
  on: boolean;
}

/** How many reacted with an emoji, the first of them by name. `mine`: whoever is told this is among them. */
export interface Reaction {
  emoji: string;
  /** at least 1 */
  count: number;
  participantIds: string[];
  mine?: true;
}

/** Somebody reacted to a message, or took that back. */
export interface ReactionChanged {
  roomId: string;
  id: string;
  participantId: string;
  emoji: string;
  on: boolean;
  /** at least 1 */
  seq: number;
}

/** `read`: everything up to `seq` has been seen. */
export interface Read {
  /** 1 to 64 characters */
  roomId: string;
  /** at least 0 */
  seq: number;
}

/** A participant has seen everything up to a `seq`. */
export interface ReadChanged {
  roomId: string;
  participantId: string;
  /** at least 0 */
  seq: number;
}

/** New rooms can be made. */
export interface Ready {
  status: "ready";
}

/** A request that asked for no acknowledgement was refused. */
export interface RequestFailed {
  event: string;
  error: ErrorObject;
}

/** Taking a seat back; `epoch` and `lastSeq` say what was seen last. */
export interface ResumeRequest {
  /** 1 to 64 characters */
  participantId: string;
  /** 1 to 256 characters */
  resumeToken: string;
  /** 1 to 64 characters */
  epoch?: string | null;
  /** at least 0 */
  lastSeq?: number | null;
}

/** What anyone who has the link may know of a room. `hostId` is null while nobody is in. `keyCheck` is as its creator gave it; by it a client tells whether the key in its link is that of the room. `receipts`: it is told who has read what. `messageTtlS`: how long messages last that are sent from now on, or null. */
export interface Room {
  id: string;
  status: "open" | "locked" | "ended";
  /** at least 1 */
  capacity: number;
  /** at least 0 */
  participantCount: number;
  hostId: string | null;
  inviteOnly: boolean;
  passwordRequired: boolean;
  lobby: boolean;
  encrypted: boolean;
  receipts: boolean;
  messageTtlS: number | null;
  pinnedMessageId: string | null;
  /** ISO 8601, UTC, with milliseconds */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
  keyCheck?: string;
}

/** A room. */
export interface RoomAnswer {
  room: Room;
}

/** `hostKey` is told this once: a repetition with an Idempotency-Key that others may guess goes without. */
export interface RoomCreated {
  roomId: string;
  url: string;
  hostKey?: string;
  room: Room;
}

/** The room ends soon: 60 s and 10 s ahead. */
export interface RoomExpiring {
  roomId: string;
  /** ISO 8601, UTC, with milliseconds */
  expiresAt: string;
}

/** The full picture of a room. It replaces what the client knew. `missed` comes where `recovered`; elsewhere it holds `message-deleted` of messages of earlier epochs alone. `forgotten`: these were too many, and all messages of earlier epochs have to go. `reads` (up to which `seq` each participant has seen everything) comes where the room has receipts. */
export interface RoomJoined {
  roomId: string;
  self: Participant;
  room: Room;
  participants: OtherParticipant[];
  typing: string[];
  messages: MessageReceived[];
  polls: Poll[];
  reads?: Record<string, number>;
  iceServers: IceServer[];
  /** ISO 8601, UTC, with milliseconds */
  iceExpiresAt: string | null;
  epoch: string;
  /** at least 0 */
  seq: number;
  recovered: boolean;
  missed?: (MissedMessage | MissedEdit | MissedDeletion | MissedReaction | MissedPoll | MissedVote | MissedPollDeletion | MissedJoin | MissedLeave | MissedUpdate | MissedRoomUpdate)[];
  forgotten?: true;
  resumeToken: string;
  /** at least 0 */
  resumeTtlS: number;
  limits: Limits;
}

/** This socket's seat is gone. `action` says what to do about it. */
export interface RoomLeft {
  roomId: string;
  reason: "left" | "timeout" | "kicked" | "banned" | "replaced" | "room-ended" | "room-expired" | "server-shutdown";
  action: "resume" | "rejoin" | "none";
}

/** What a host may change; ceilings come from the settings of the server. `messageTtlS`: null is without end. */
export interface RoomSettings {
  locked?: boolean | null;
  /** 1 to 1000 */
  capacity?: number | null;
  lobby?: boolean | null;
  /** 1 to 604800 */
  expiresInS?: number | null;
  receipts?: boolean | null;
  /** 5 to 604800 */
  messageTtlS?: number | null;
}

/** The room's settings, its host or its pinned message changed. */
export interface RoomUpdated {
  roomId: string;
  /** at least 1 */
  seq: number;
  room: Room;
}

/** A page of rooms, in the order of their ids. */
export interface Rooms {
  rooms: Room[];
}

/** How `join-room` is acknowledged with `snapshot: "event"`: the picture itself comes as `room-joined`. */
export interface SeatTaken {
  roomId: string;
  participantId: string;
  resumeToken: string;
  /** at least 0 */
  resumeTtlS: number;
}

/** `send-message`. */
export interface SendMessage {
  /** 1 to 64 characters */
  roomId: string;
  /** at most 10000 characters */
  text: string;
  /** 1 to 64 characters */
  clientMessageId?: string | null;
  /** 1 to 64 characters */
  to?: string | null;
  encrypted?: boolean | null;
  kind?: "text" | "image" | "voice" | "video" | "file" | "sticker" | "location" | "custom" | null;
  data?: unknown | null;
  /** 1 to 64 characters */
  replyTo?: string | null;
  attachments?: AttachmentWish[] | null;
  /** 5 to 604800 */
  ttlS?: number | null;
  viewOnce?: true | null;
}

/** `deliveredTo` is how many connected others it went to at once. */
export interface SentMessage {
  id: string;
  /** at least 1 */
  seq: number;
  /** ISO 8601, UTC, with milliseconds */
  timestamp: string;
  /** at least 0 */
  deliveredTo: number;
}

/** The process is about to stop. Reconnect after `retryAfterMs` and resume. */
export interface ServerDraining {
  /** at least 0 */
  retryAfterMs: number;
}

/** A room that has ended: no name, no text, no room id. `id` is for paging; `came` counts seats, `peak` at once. */
export interface Session {
  id: string;
  /** ISO 8601, UTC, with milliseconds */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds */
  endedAt: string;
  reason: "room-ended" | "room-expired";
  /** at least 0 */
  capacity: number;
  /** at least 0 */
  came: number;
  /** at least 0 */
  peak: number;
  /** at least 0 */
  messages: number;
  calls: PastCall[];
}

/** A page of the session log, newest end first. */
export interface Sessions {
  sessions: Session[];
}

/** `typing`; begins unless told otherwise. */
export interface SetTyping {
  /** 1 to 64 characters */
  roomId: string;
  isTyping?: boolean;
}

/** `buffered`: the target is away, and gets it if it comes back in time. */
export interface SignalAccepted {
  delivery: "sent" | "buffered";
}

/** The metrics of the processes that answered, for people. `requests` is by outcome: `ok`, or the error code. `processes`: how many they are. `uptimeS` and `draining` are of the one that was asked, `loopLagP99Ms` is the worst. `joins` and `resumes` are by result, in lower case; `disconnects` by reason. `owner`: whether the rooms are here. */
export interface Stats {
  /** at least 1 */
  processes: number;
  /** at least 0 */
  uptimeS: number;
  owner: boolean;
  draining: boolean;
  /** at least 0 */
  rooms: number;
  /** at least 0 */
  tombstones: number;
  /** at least 0 */
  seats: number;
  /** at least 0 */
  seatsAway: number;
  /** at least 0 */
  sockets: number;
  /** at least 0 */
  transports: number;
  /** at least 0 */
  calls: number;
  /** at least 0 */
  inCall: number;
  /** at least 0 */
  messages: number;
  requests: Record<string, number>;
  joins: Record<string, number>;
  resumes: Record<string, number>;
  disconnects: Record<string, number>;
  rates: Rates;
  /** at least 0 */
  loopLagP99Ms: number;
  memory: MemoryUse;
  storage: StorageState;
  /** at least 0 */
  droppedLogMessages: number;
}

/** The store of the process. */
export interface Storage {
  kind: string;
  ok: boolean;
}

/** `unwritten`: rooms, ends of rooms and messages that the store does not have yet. */
export interface StorageState {
  kind: string;
  ok: boolean;
  /** at least 0 */
  unwritten: number;
}

/** Somebody began or stopped typing. */
export interface TypingChanged {
  roomId: string;
  participantId: string;
  isTyping: boolean;
}

/** `update-media`. */
export interface UpdateMedia {
  audio?: boolean | null;
  video?: boolean | null;
  screen?: boolean | null;
  handRaised?: boolean | null;
  canCall?: boolean | null;
  /** 1 to 64 characters */
  roomId: string;
}

/** `update-room`. */
export interface UpdateRoom {
  locked?: boolean | null;
  /** 1 to 1000 */
  capacity?: number | null;
  lobby?: boolean | null;
  /** 1 to 604800 */
  expiresInS?: number | null;
  receipts?: boolean | null;
  /** 5 to 604800 */
  messageTtlS?: number | null;
  /** 1 to 64 characters */
  roomId: string;
}

/** `update-self`. `attributes` replace those before, all of them. */
export interface UpdateSelf {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  name?: string | null;
  idle?: boolean | null;
  attributes?: Record<string, string> | null;
}

/** A new participant. `polite` is the flag to use towards it. */
export interface UserJoined {
  roomId: string;
  /** at least 1 */
  seq: number;
  participant: Participant;
  polite: boolean;
  /** at least 0 */
  participantCount: number;
}

/** A participant is gone for good. */
export interface UserLeft {
  roomId: string;
  /** at least 1 */
  seq: number;
  participantId: string;
  reason: "left" | "timeout" | "kicked" | "banned" | "replaced" | "room-ended" | "room-expired" | "server-shutdown";
  /** at least 0 */
  participantCount: number;
}

/** The name, role, media, call, connection, attributes or presence of a participant changed. */
export interface UserUpdated {
  roomId: string;
  /** at least 1 */
  seq: number;
  participant: Participant;
}

/** Who is in a room. */
export interface Users {
  participants: Participant[];
}

/** What is seen once. */
export interface Viewed {
  text: string;
  data?: unknown;
  attachments?: AttachedFile[];
  encrypted?: true;
}

/** `vote`: numbers of options, from 0; none takes a vote back. */
export interface Vote {
  /** 1 to 64 characters */
  roomId: string;
  /** 1 to 64 characters */
  pollId: string;
  choices: number[];
}

/** How every request is acknowledged, exactly once. */
export type Ack<Data> = { ok: true; data: Data } | { ok: false; error: ErrorObject };

/** Codes with which any request may be refused. */
export type AnyRequestErrorCode = "INVALID_PAYLOAD" | "PAYLOAD_TOO_LARGE" | "RATE_LIMITED" | "SERVER_DRAINING" | "UNAVAILABLE" | "INTERNAL_ERROR";

/** By request: the codes of its own with which it may be refused, besides those of any. */
export interface RequestErrorCodes {
  "join-room": "ROOM_NOT_FOUND" | "ROOM_ENDED" | "ROOM_EXPIRED" | "ROOM_FULL" | "ROOM_LOCKED" | "LOBBY_WAITING" | "BANNED" | "FORBIDDEN" | "INVITE_REQUIRED" | "INVITE_INVALID" | "INVITE_USED" | "INVITE_EXPIRED" | "PASSWORD_REQUIRED" | "PASSWORD_INVALID" | "RESUME_INVALID" | "RESUME_EXPIRED" | "UNAUTHORIZED" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "ALREADY_JOINED" | "TOO_MANY_ROOMS" | "QUOTA_EXCEEDED";
  "leave-room": "NOT_IN_ROOM" | "ROOM_EXPIRED";
  "send-message": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND" | "ENCRYPTION_REQUIRED" | "NOT_FOUND";
  "edit-message": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "MESSAGE_NOT_FOUND" | "FORBIDDEN" | "ENCRYPTION_REQUIRED";
  "delete-message": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "MESSAGE_NOT_FOUND" | "FORBIDDEN";
  "view-message": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "MESSAGE_NOT_FOUND";
  "react": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "MESSAGE_NOT_FOUND";
  "read": "NOT_IN_ROOM" | "ROOM_EXPIRED";
  "create-poll": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "ENCRYPTION_REQUIRED";
  "vote": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "NOT_FOUND" | "POLL_CLOSED";
  "close-poll": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "NOT_FOUND" | "FORBIDDEN";
  "delete-poll": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "NOT_FOUND" | "FORBIDDEN";
  "offer": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND" | "TARGET_REQUIRED" | "STALE_NEGOTIATION" | "ROOM_FULL";
  "answer": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND" | "TARGET_REQUIRED" | "STALE_NEGOTIATION" | "ROOM_FULL";
  "ice-candidate": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND" | "TARGET_REQUIRED" | "STALE_NEGOTIATION";
  "get-ice-servers": "NOT_IN_ROOM" | "ROOM_EXPIRED";
  "call-state": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN";
  "update-media": "NOT_IN_ROOM" | "ROOM_EXPIRED";
  "update-self": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN";
  "broadcast": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND";
  "typing": "NOT_IN_ROOM" | "ROOM_EXPIRED";
  "knock": "ROOM_NOT_FOUND" | "ROOM_ENDED" | "ROOM_EXPIRED" | "ROOM_LOCKED" | "BANNED" | "FORBIDDEN" | "UNAUTHORIZED" | "ALREADY_JOINED";
  "answer-knock": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND";
  "kick": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND";
  "ban": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND";
  "update-room": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "ROOM_ENDED";
  "pin-message": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "MESSAGE_NOT_FOUND" | "FORBIDDEN";
  "transfer-host": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN" | "PEER_NOT_FOUND";
  "end-room": "NOT_IN_ROOM" | "ROOM_EXPIRED" | "FORBIDDEN";
}

/** Requests. Each is acknowledged exactly once, where it asks to be. */
export interface ClientToServerEvents {
  /** Take a seat, or take one back. The acknowledgement is the snapshot, unless `snapshot` says otherwise. */
  "join-room": (request: JoinRoom | string, acknowledge: (ack: Ack<RoomJoined>) => void) => void;
  /** Free the seat at once. */
  "leave-room": (request: LeaveRoom | string, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Say something to the room, or to one participant. */
  "send-message": (request: SendMessage, acknowledge: (ack: Ack<MessageAccepted>) => void) => void;
  /** Change one's own message. */
  "edit-message": (request: EditMessage, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Take a message away: one's own, or any as host. */
  "delete-message": (request: AboutMessage, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** See a message that is seen once. */
  "view-message": (request: AboutMessage, acknowledge: (ack: Ack<Viewed>) => void) => void;
  /** React to a message, or take that back. */
  "react": (request: React, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Say that everything up to `seq` has been seen; it only goes forward. */
  "read": (request: Read, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Ask everybody to choose. */
  "create-poll": (request: CreatePoll, acknowledge: (ack: Ack<PollAccepted>) => void) => void;
  /** Choose, in place of what one chose before. */
  "vote": (request: Vote, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Let nobody vote any more, as its author or host. */
  "close-poll": (request: AboutPoll, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Take a poll away, as its author or host. */
  "delete-poll": (request: AboutPoll, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Relay an offer. */
  "offer": (request: Offer, acknowledge: (ack: Ack<SignalAccepted>) => void) => void;
  /** Relay an answer. */
  "answer": (request: Answer, acknowledge: (ack: Ack<SignalAccepted>) => void) => void;
  /** Relay a candidate, or the end of candidates (`null`). */
  "ice-candidate": (request: IceCandidate, acknowledge: (ack: Ack<SignalAccepted>) => void) => void;
  /** Fresh ICE servers for a seat: `{iceServers, expiresAt}`. */
  "get-ice-servers": (request: GetIceServers, acknowledge: (ack: Ack<IceServers>) => void) => void;
  /** Take note of how a participant's call goes: the others are told who is in it, the record whether it connected. */
  "call-state": (request: CallState, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Say which devices are on. */
  "update-media": (request: UpdateMedia, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Change one's name, whether one is there, or one's attributes, which are replaced as a whole. */
  "update-self": (request: UpdateSelf, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Send something to the others, or to one of them, that is not kept. */
  "broadcast": (request: BroadcastRequest, acknowledge: (ack: Ack<BroadcastAccepted>) => void) => void;
  /** Begin or stop typing. */
  "typing": (request: SetTyping, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Wait at the door of a room with a lobby. */
  "knock": (request: KnockRequest, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Let somebody in, or send them away. */
  "answer-knock": (request: AnswerKnock, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Put somebody out. */
  "kick": (request: AboutParticipant, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Put somebody out and keep them out. */
  "ban": (request: AboutParticipant, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** Change the room's settings. The acknowledgement is the room. */
  "update-room": (request: UpdateRoom, acknowledge: (ack: Ack<Room>) => void) => void;
  /** Pin a message for everybody, or none. */
  "pin-message": (request: PinMessage, acknowledge: (ack: Ack<Changed>) => void) => void;
  /** Make somebody else the host. */
  "transfer-host": (request: AboutParticipant, acknowledge: (ack: Ack<Empty>) => void) => void;
  /** End the room for all. */
  "end-room": (request: EndRoom, acknowledge: (ack: Ack<Empty>) => void) => void;
}

/** What the server tells. */
export interface ServerToClientEvents {
  /** The full picture of a room. It replaces what the client knew. `missed` comes where `recovered`; elsewhere it holds `message-deleted` of messages of earlier epochs alone. `forgotten`: these were too many, and all messages of earlier epochs have to go. `reads` (up to which `seq` each participant has seen everything) comes where the room has receipts. */
  "room-joined": (payload: RoomJoined, offset?: string) => void;
  /** This socket's seat is gone. `action` says what to do about it. */
  "room-left": (payload: RoomLeft) => void;
  /** A new participant. `polite` is the flag to use towards it. */
  "user-joined": (payload: UserJoined, offset?: string) => void;
  /** A participant is gone for good. */
  "user-left": (payload: UserLeft, offset?: string) => void;
  /** The name, role, media, call, connection, attributes or presence of a participant changed. */
  "user-updated": (payload: UserUpdated, offset?: string) => void;
  /** Somebody said something. `sender` is a participant id, or empty for the room's owner over REST. `kind`, `data` and `replyTo` are as its author gave them. `viewOnce`: its text is seen with `view-message`. `expiresAt`: by then it is gone. `editedAt` and `reactions` come where it is told later, in a snapshot or on a page. */
  "message-received": (payload: MessageReceived, offset?: string) => void;
  /** Its author changed a message: `text` and `data` are what they are now. */
  "message-updated": (payload: MessageUpdated, offset?: string) => void;
  /** A message is gone. `by` is who did it; empty where it expired, and for the room's owner over REST. `forgotten`, in `missed` alone: it was edited in an earlier epoch, and what it says since is not known. */
  "message-deleted": (payload: MessageDeleted, offset?: string) => void;
  /** Somebody reacted to a message, or took that back. */
  "reaction-changed": (payload: ReactionChanged, offset?: string) => void;
  /** A participant has seen everything up to a `seq`. */
  "read-changed": (payload: ReadChanged) => void;
  /** Somebody asked. */
  "poll-created": (payload: PollCreated, offset?: string) => void;
  /** Somebody voted, or the poll was closed. */
  "poll-updated": (payload: PollUpdated, offset?: string) => void;
  /** A poll is gone. */
  "poll-deleted": (payload: PollDeleted, offset?: string) => void;
  /** A participant sent something that is not kept. `from` is the participant id that the server stamped. */
  "broadcast-received": (payload: BroadcastReceived) => void;
  /** An offer for this participant. */
  "offer-received": (payload: OfferReceived) => void;
  /** An answer for this participant. */
  "answer-received": (payload: AnswerReceived) => void;
  /** A candidate for this participant; null is the end of candidates. */
  "ice-candidate-received": (payload: IceCandidateReceived) => void;
  /** Somebody began or stopped typing. */
  "typing-changed": (payload: TypingChanged) => void;
  /** The room's settings, its host or its pinned message changed. */
  "room-updated": (payload: RoomUpdated, offset?: string) => void;
  /** Somebody waits in the lobby. For the host. */
  "knock-received": (payload: KnockReceived) => void;
  /** The answer to a knock. `invite` comes where `admitted`, is good for one join and for five minutes. */
  "knock-answered": (payload: KnockAnswered) => void;
  /** The room ends soon: 60 s and 10 s ahead. */
  "room-expiring": (payload: RoomExpiring) => void;
  /** The process is about to stop. Reconnect after `retryAfterMs` and resume. */
  "server-draining": (payload: ServerDraining) => void;
  /** A request that asked for no acknowledgement was refused. */
  "request-failed": (payload: RequestFailed) => void;
}

declare module "socket.io-client" {
  // `emit` of a `Socket<ServerToClientEvents, ClientToServerEvents>` takes a request without an acknowledgement, too.
  interface Socket<ListenEvents, EmitEvents> {
    emit<Ev extends keyof EmitEvents & string>(
      event: Ev,
      request: EmitEvents[Ev] extends (request: infer Request, acknowledge: any) => void ? Request : never,
    ): this;
  }
}
