/** Who is to be let in, as whom, with which rights. Rights that are not named are granted. */
export interface Who {
  /** Who it is to your site. Bans go by it. */
  sub: string;
  /** The id of a room, or `*` for any. */
  room: string;
  name?: string;
  role?: "host" | "member";
  attributes?: Record<string, string>;
  /** The token admits once. */
  once?: boolean;
  /** Others see `sub` as `userId`. */
  shareSub?: boolean;
  canSpeak?: boolean;
  canCall?: boolean;
  canInvite?: boolean;
}

export interface MintOptions {
  /** The server's `JOIN_JWT_SECRET`. */
  secret: string;
  /** 300 unless told otherwise. */
  expiresInS?: number;
  /** Where the server asks for one: `JOIN_JWT_ISSUER`, `JOIN_JWT_AUDIENCE`. */
  issuer?: string;
  audience?: string;
}

/** The Mayfly server, and a secret of its `API_KEYS`. */
export interface Site {
  server: string;
  apiKey: string;
}

export interface RoomOptions {
  capacity?: number;
  expiresInS?: number;
  inviteOnly?: boolean;
  password?: string;
  lobby?: boolean;
  log?: boolean;
  encrypted?: boolean;
  keyCheck?: string;
  receipts?: boolean;
  messageTtlS?: number | null;
}

export interface Room {
  id: string;
  status: "open" | "locked" | "ended";
  capacity: number;
  participantCount: number;
  createdAt: string;
  expiresAt: string;
  [more: string]: unknown;
}

export interface RoomCreated {
  roomId: string;
  url: string;
  hostKey?: string;
  room: Room;
}

interface Person {
  roomId: string;
  participantId: string;
  role: "host" | "member";
  userId?: string;
  name?: string;
}
interface Told<Type extends string, Data> {
  type: Type;
  timestamp: string;
  data: Data;
}
type End = "room-ended" | "room-expired";

/** What a webhook tells. */
export type WebhookMessage =
  | Told<"room.created" | "room.started" | "call.started", { roomId: string }>
  | Told<"room.ended", { roomId: string; reason: End; came: number; peak: number; durationS: number }>
  | Told<"participant.joined", Person>
  | Told<"participant.left", Person & { reason: "left" | "timeout" | "kicked" | "banned" | End }>
  | Told<"call.ended", { roomId: string; peak: number; durationS: number }>
  | Told<"knock.received", { roomId: string; knockId: string }>;

/** A refusal of the Mayfly server, with its error code. */
export declare class MayflyError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** A webhook that is not to be believed. */
export declare class WebhookError extends Error {}

/** A join token (HS256). */
export declare function mintToken(who: Who, options: MintOptions): Promise<string>;

/** Makes a room. Repeating it with the same `idempotencyKey` gives the same room. Throws `MayflyError`. */
export declare function createRoom(options: RoomOptions | undefined, site: Site & { idempotencyKey?: string }): Promise<RoomCreated>;

/** A page of the rooms that the API key has made, in the order of their ids, from above `after`. */
export declare function listRooms(site: Site & { after?: string; limit?: number }): Promise<Room[]>;

/** Ends a room that the API key has made. */
export declare function endRoom(roomId: string, site: Site): Promise<void>;

/** The message of a webhook; throws `WebhookError`. `body` is the raw text, `secret` one or several, separated by spaces. */
export declare function verifyWebhook(
  body: string,
  headers: { get(name: string): string | null } | Record<string, string | string[] | undefined>,
  secret: string,
  options?: { toleranceS?: number },
): Promise<WebhookMessage>;
