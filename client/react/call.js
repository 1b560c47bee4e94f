/** A call as components show it. */

import { useMemo, useSyncExternalStore } from "react";
import { useRoomObject } from "./room.js";
import { EMPTY_CALL } from "../core/snapshot.js";

/** @typedef {import("../index.js").Call} Call */

const never = () => () => {};
const noCall = () => EMPTY_CALL;

/**
 * The call's snapshot and what is done to it. What is pressed before there is a room is nothing.
 * @param {import("../index.js").Room | null} [room] as `useRoom` gives it (`roomObject`); that of the `RoomProvider` unless given
 * @returns {import("../index.js").CallSnapshot & {
 *   readonly call: Call | null,
 *   start(wish?: Parameters<Call["start"]>[0]): Promise<void> | undefined,
 *   stop(): void,
 *   setAudio(on: boolean): Promise<void> | undefined,
 *   setVideo(on: boolean): Promise<void> | undefined,
 *   setScreen(on: boolean): Promise<void> | undefined,
 * }}
 */
export function useCall(room) {
  const call = useRoomObject(room)?.call ?? null;
  const snapshot = useSyncExternalStore(call?.subscribe ?? never, call?.getSnapshot ?? noCall, noCall);
  const actions = useMemo(() => actionsOf(call), [call]);
  return { ...snapshot, call, ...actions };
}

const actionsOf = (call) => ({
  start: (wish) => call?.start(wish),
  stop: () => call?.stop(),
  setAudio: (on) => call?.setAudio(on),
  setVideo: (on) => call?.setVideo(on),
  setScreen: (on) => call?.setScreen(on),
});
