/** A room for a tree of components, and what every hook about one begins with. */

import { createContext, createElement, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { hold, nextPlace, NOT_JOINED, release } from "./shared.js";

/** @typedef {import("../index.js").Room} Room */
/** @typedef {import("../index.js").RoomSnapshot} RoomSnapshot */
/**
 * What `useRoom` returns: the snapshot, `idle` before there is a link to join, and the room itself for everything that is done
 * rather than shown (`null` until the effect has run).
 * @typedef {Omit<RoomSnapshot, "status"> & {readonly status: RoomSnapshot["status"] | "idle", readonly roomObject: Room | null}} RoomState
 */
/** @typedef {Partial<import("./words.js").Words>} SomeWords */

const NOTHING = Object.freeze({ room: null, failure: null });
/** @type {{room: Room | null, failure: any, link: string | null, server?: string, words?: SomeWords}} */
const OUTSIDE = Object.freeze({ ...NOTHING, link: null });
const never = () => () => {};
/** @returns {any} */
const idle = () => NOT_JOINED;

const Context = createContext(OUTSIDE);

/** What the `RoomProvider` around this component has; nothing where there is none. */
export const useProvided = () => useContext(Context);

/** @param {Room | null | undefined} room `undefined`: that of the `RoomProvider` around @returns {Room | null} */
export function useRoomObject(room) {
  const provided = useProvided();
  return room === undefined ? provided.room : room;
}

/** @param {Room | null} room @returns {any} its snapshot */
export const useSnapshot = (room) => useSyncExternalStore(room?.subscribe ?? never, room?.getSnapshot ?? idle, idle);

/**
 * Joins the room of this link for as long as it is mounted, and has it for all hooks and parts inside.
 * @param {{
 *   link: string | null | undefined,
 *   options?: import("../index.js").JoinOptions,
 *   call?: Parameters<import("../index.js").Call["start"]>[0] | null,
 *   words?: SomeWords,
 *   children?: import("react").ReactNode,
 * }} props `link`: `null` joins nothing. `options` are read when the room is opened. `call`: enter the call with this, once
 *   inside (as `PreJoin` hands it over); whoever comes back after a reload was in it or not, and stays so. `words`: in place
 *   of the English ones of all parts inside
 */
export function RoomProvider({ link, options, call = null, words, children }) {
  const { room, failure } = useShared(link, options);
  useCallOnEntry(room, call);
  const server = options?.server;
  const value = useMemo(() => ({ room, failure, link: link ?? null, server, words }), [room, failure, link, server, words]);
  return createElement(Context.Provider, { value }, children);
}

/**
 * With a link: joins its room for as long as a component that uses it is mounted, and leaves it a second after the last one is
 * gone. Safe under Strict Mode. `null` joins nothing: pass the link once the person has pressed "Join". Options are read when
 * the room is opened: where several components share one link, those of the outermost count, and of the others what it leaves
 * open. A link that is none gives `status: "failed"`, with the reason in `error`.
 *
 * Without a link: the room of the `RoomProvider` around; `idle` where there is none.
 * @param {string | null} [link]
 * @param {import("../index.js").JoinOptions} [options]
 * @returns {RoomState}
 */
export function useRoom(link, options) {
  const provided = useProvided();
  const shared = useShared(link, options);
  const { room, failure } = link === undefined ? provided : shared;
  const snapshot = useSnapshot(room);
  return useMemo(() => ({ ...(failure ?? snapshot), roomObject: room }), [failure, snapshot, room]);
}

/** @returns {{room: Room | null, failure: any}} */
function useShared(link, options) {
  const [shared, setShared] = useState(NOTHING);
  const [place] = useState(nextPlace);
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
  }, [link, place]);
  return shared;
}

/** Once for each room: Strict Mode's second mounting, and whoever hung up, find it done. */
function useCallOnEntry(room, call) {
  const latest = useRef(call);
  latest.current = call;
  const done = useRef(/** @type {Room | null} */ (null));
  useEffect(() => {
    if (!room || !latest.current) return undefined;
    let isCurrent = true;
    const enter = () => {
      if (!isCurrent || done.current === room || room.getSnapshot().resumed) return undefined;
      done.current = room;
      return room.call.start(latest.current ?? undefined);
    };
    // Why somebody did not get in is in the room's snapshot, and why a device is not on in the call's.
    room.joined.then(enter).catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [room]);
}
