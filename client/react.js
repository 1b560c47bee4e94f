/** React hooks. React itself is a peer dependency; see `react.d.ts`. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { openRoom } from "./index.js";
import { EMPTY_CALL, EMPTY_ROOM } from "./snapshot.js";

/**
 * How long a room outlives its last component. Strict Mode unmounts and mounts every component once more: a room that was
 * left at once would have spent a one-time link for nothing.
 */
const LINGER_MS = 1_000;

/** link → the room that components share, and how many they are. */
const rooms = new Map();

const NOT_JOINED = Object.freeze({ ...EMPTY_ROOM, status: "idle" });
const never = () => () => {};

/** @param {string | null | undefined} link `null`: not yet, the person has not pressed "Join" */
export function useRoom(link, options) {
  const [room, setRoom] = useState(null);
  const latest = useRef(options);
  latest.current = options;
  useEffect(() => {
    if (!link) return undefined;
    const shared = hold(link, latest.current);
    setRoom(shared);
    return () => {
      setRoom(null);
      release(link);
    };
  }, [link]);
  const snapshot = useSyncExternalStore(room?.subscribe ?? never, room?.getSnapshot ?? idle, idle);
  return { ...snapshot, roomObject: room };
}

/** @param {import("./index.js").Room | null} room as `useRoom` gives it (`roomObject`) */
export function useCall(room) {
  const call = room?.call ?? null;
  const snapshot = useSyncExternalStore(call?.subscribe ?? never, call?.getSnapshot ?? noCall, noCall);
  const start = useCallback((wish) => call?.start(wish), [call]);
  const stop = useCallback(() => call?.stop(), [call]);
  const setAudio = useCallback((on) => call?.setAudio(on), [call]);
  const setVideo = useCallback((on) => call?.setVideo(on), [call]);
  const setScreen = useCallback((on) => call?.setScreen(on), [call]);
  return { ...snapshot, call, start, stop, setAudio, setVideo, setScreen };
}

const idle = () => NOT_JOINED;
const noCall = () => EMPTY_CALL;

function hold(link, options) {
  let entry = rooms.get(link);
  if (!entry || ["left", "failed"].includes(entry.room.getSnapshot().status)) {
    entry = { room: openRoom(link, options), holders: 0, timer: undefined };
    rooms.set(link, entry);
  }
  clearTimeout(entry.timer);
  entry.holders += 1;
  return entry.room;
}

function release(link) {
  const entry = rooms.get(link);
  if (!entry) return;
  entry.holders -= 1;
  if (entry.holders > 0) return;
  entry.timer = setTimeout(() => {
    if (rooms.get(link) === entry) rooms.delete(link);
    entry.room.leave();
  }, LINGER_MS);
}
