/** React hooks. React itself is a peer dependency; see `react.d.ts`. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { asMayflyError } from "./errors.js";
import { openRoom } from "./index.js";
import { EMPTY_CALL, EMPTY_ROOM } from "./snapshot.js";

/**
 * How long a room outlives its last component. Strict Mode unmounts and mounts every component once more: a room that was
 * left at once would have spent a one-time link for nothing.
 */
const LINGER_MS = 1_000;

/** link → the room that components share, and who they are. */
const rooms = new Map();

/** How many components have asked so far. */
let places = 0;

const NOTHING = Object.freeze({ room: null, failure: null });
const NOT_JOINED = Object.freeze({ ...EMPTY_ROOM, status: "idle" });
const never = () => () => {};

/** @param {string | null | undefined} link `null`: not yet, the person has not pressed "Join" */
export function useRoom(link, options) {
  const [{ room, failure }, setShared] = useState(NOTHING);
  // Parents render before their children, and their effects run after: the place decides whose options count.
  const [place] = useState(() => (places += 1));
  const latest = useRef(options);
  latest.current = options;
  useEffect(() => {
    if (!link) return undefined;
    const holder = { place, options: latest.current, show: setShared };
    const entry = hold(link, holder);
    return () => {
      setShared(NOTHING);
      release(entry, holder);
    };
  }, [link]);
  const snapshot = useSyncExternalStore(room?.subscribe ?? never, room?.getSnapshot ?? idle, idle);
  return { ...(failure ?? snapshot), roomObject: room };
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

/** @param {import("./index.js").Room | null} room @param {boolean} [reading] whether the end of the list is on screen */
export function useRead(room, reading = true) {
  const { messages } = useSyncExternalStore(room?.subscribe ?? never, room?.getSnapshot ?? idle, idle);
  useEffect(() => {
    if (!room || !reading) return undefined;
    const mark = () => document.visibilityState === "visible" && room.markRead(Math.max(0, ...messages.map(({ seq }) => seq ?? 0)));
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [room, reading, messages]);
}

/** @param {import("./index.js").Room | null} room @param {import("./index.js").Message | undefined} message */
export function useSeenBy(room, message) {
  const { reads, participants, room: info } = useSyncExternalStore(room?.subscribe ?? never, room?.getSnapshot ?? idle, idle);
  const { seq, to } = message ?? {};
  return useMemo(() => {
    if (!info?.receipts || !seq) return NOBODY;
    return participants.filter(({ id }) => (!to || to === id) && (reads[id] ?? 0) >= seq);
  }, [info, participants, reads, seq, to]);
}

/** @param {import("./index.js").Room | null} room @param {string} type @param {(data: any, from: string) => void} listener */
export function useBroadcast(room, type, listener) {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => room?.on("broadcast", (heard) => heard.type === type && latest.current(heard.data, heard.from)), [room, type]);
}

const NOBODY = Object.freeze([]);
const idle = () => NOT_JOINED;
const noCall = () => EMPTY_CALL;

function hold(link, holder) {
  let entry = rooms.get(link);
  if (!entry || isOver(entry)) {
    entry = { link, room: null, holders: new Set(), timer: undefined };
    rooms.set(link, entry);
    const made = entry;
    // After the effects of all components that are mounted together.
    queueMicrotask(() => open(made));
  }
  clearTimeout(entry.timer);
  entry.holders.add(holder);
  if (entry.room) holder.show({ room: entry.room, failure: null });
  return entry;
}

const isOver = ({ room, failed }) => failed || ["left", "failed"].includes(room?.getSnapshot().status);

function open(entry) {
  if (!entry.holders.size) return void forget(entry);
  let shared;
  try {
    entry.room = openRoom(entry.link, optionsOf(entry.holders));
    shared = { room: entry.room, failure: null };
  } catch (error) {
    // A link that is none must not take the page down.
    entry.failed = true;
    shared = { room: null, failure: Object.freeze({ ...NOT_JOINED, status: "failed", error: asMayflyError(error) }) };
  }
  for (const holder of entry.holders) holder.show(shared);
}

/** Those of the outermost component, and of the others what it leaves open. */
function optionsOf(holders) {
  const merged = {};
  const inwards = [...holders].sort((a, b) => b.place - a.place);
  for (const { options } of inwards) {
    for (const [name, value] of Object.entries(options ?? {})) if (value !== undefined) merged[name] = value;
  }
  return merged;
}

function release(entry, holder) {
  // Of this entry, whatever has been opened with the same link meanwhile.
  entry.holders.delete(holder);
  if (entry.holders.size > 0 || !entry.room) return;
  entry.timer = setTimeout(() => {
    forget(entry);
    entry.room.leave();
  }, LINGER_MS);
}

function forget(entry) {
  if (rooms.get(entry.link) === entry) rooms.delete(entry.link);
}
