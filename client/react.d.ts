import type { Call, CallSnapshot, JoinOptions, Participant, Message, Room, RoomSnapshot } from "./index.js";

/** What `useRoom` returns before there is a link to join. */
export type RoomState = Omit<RoomSnapshot, "status"> & {
  readonly status: RoomSnapshot["status"] | "idle";
  /** The room itself, for everything that is done rather than shown; `null` until the effect has run. */
  readonly roomObject: Room | null;
};

/**
 * Joins the room of this link for as long as a component that uses it is mounted, and leaves it a second after the last
 * one is gone. Safe under Strict Mode. `null` joins nothing: pass the link once the person has pressed "Join".
 * Options are read when the room is opened: where several components share one link, those of the outermost count, and of
 * the others what it leaves open. A link that is none gives `status: "failed"`, with the reason in `error`.
 */
export function useRoom(link: string | null | undefined, options?: JoinOptions): RoomState;

export function useCall(room: Room | null): CallSnapshot & {
  readonly call: Call | null;
  start(wish?: Parameters<Call["start"]>[0]): Promise<void> | undefined;
  stop(): void;
  setAudio(on: boolean): Promise<void> | undefined;
  setVideo(on: boolean): Promise<void> | undefined;
  setScreen(on: boolean): Promise<void> | undefined;
};

/**
 * Says that everything in the snapshot has been read, while the page is in sight and `reading` is true: pass whether the
 * end of the list is on screen.
 */
export function useRead(room: Room | null, reading?: boolean): void;

/** The others who have read up to this message; empty where the room has no receipts. */
export function useSeenBy(room: Room | null, message: Message | undefined): readonly Participant[];

/** Hears what the others send with `broadcast` under this type. */
export function useBroadcast(room: Room | null, type: string, listener: (data: any, from: string) => void): void;
