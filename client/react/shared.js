/** The rooms that components have open: those with one link share one, and it outlives the last of them by a second. */

import { asMayflyError } from "../errors.js";
import { openRoom } from "../index.js";
import { EMPTY_ROOM } from "../core/snapshot.js";

/**
 * How long a room outlives its last component. Strict Mode unmounts and mounts every component once more: a room that was
 * left at once would have spent a one-time link for nothing.
 */
const LINGER_MS = 1_000;

export const NOT_JOINED = Object.freeze({ ...EMPTY_ROOM, status: "idle" });

/** link → the room that components share, and who they are. */
const rooms = new Map();

/** How many components have asked so far. */
let places = 0;

/** Parents render before their children, and their effects run after: the place decides whose options count. */
export const nextPlace = () => (places += 1);

/**
 * @param {string} link
 * @param {{place: number, options: object | undefined, show: (shared: {room: any, failure: any}) => void}} holder
 */
export function hold(link, holder) {
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

export function release(entry, holder) {
  // Of this entry, whatever has been opened with the same link meanwhile.
  entry.holders.delete(holder);
  if (entry.holders.size > 0 || !entry.room) return;
  entry.timer = setTimeout(() => {
    forget(entry);
    entry.room.leave();
  }, LINGER_MS);
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

function forget(entry) {
  if (rooms.get(entry.link) === entry) rooms.delete(entry.link);
}
