/**
 * Leaving with one press, and back by another: the call ends at once, and the seat is kept for as long as the server keeps
 * that of somebody whose connection broke.
 */

const PREFIX = "mayfly-page:left:";
/** Of oneself, for the pages of the others: gone on purpose, and perhaps back in a moment. */
const LEFT = "left";
/** How long whoever leaves waits for the others to be told. */
const TELL_MS = 1_500;

/** @returns {Promise<void>} when the connection is closed; the room's own `left` is told before */
export async function leaveForNow(room) {
  room.call.stop();
  const { self, resumeTtlS } = room.getSnapshot();
  const told = room.updateSelf({ attributes: { ...self?.attributes, [LEFT]: "yes" } }).catch(() => {});
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, TELL_MS))]);
  write(room.id, Date.now() + (resumeTtlS ?? 0) * 1000);
  room.close();
}

/** Whoever is away after having left by a press. */
export const hasLeft = (person) => person.connected === false && person.attributes?.[LEFT] === "yes";

/** In again: the others are told no longer. */
export function isBack(room) {
  write(room.id, null);
  const { attributes } = room.getSnapshot().self ?? {};
  if (!attributes?.[LEFT]) return;
  const { [LEFT]: _, ...rest } = attributes;
  room.updateSelf({ attributes: rest }).catch(() => {}); // A connection says the same.
}

/** Until when the seat that was left is kept, in milliseconds since 1970; 0 where none was left. */
export function keptUntil(roomId) {
  try {
    return Number(sessionStorage.getItem(PREFIX + roomId) ?? 0);
  } catch {
    return memory.get(roomId) ?? 0;
  }
}

export const forgetLeaving = (roomId) => write(roomId, null);

/** What is kept of rooms that were left goes as the time of their seats is up, on whatever page of this tab. */
export function sweepLeft(client) {
  const now = Date.now();
  const rooms = leftRooms();
  for (const [roomId, until] of rooms) {
    if (until > now) continue;
    new client.Session(roomId).clear();
    forgetLeaving(roomId);
  }
  const next = Math.min(...rooms.map(([, until]) => until).filter((until) => until > now));
  clearTimeout(sweeping);
  if (Number.isFinite(next)) sweeping = setTimeout(() => sweepLeft(client), next - now + 100);
}

let sweeping;

/** @returns {[string, number][]} room id → until when its seat is kept */
function leftRooms() {
  try {
    const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    return keys.map((key) => [key.slice(PREFIX.length), Number(sessionStorage.getItem(key))]);
  } catch {
    return [...memory];
  }
}

function write(roomId, until) {
  try {
    if (until === null) sessionStorage.removeItem(PREFIX + roomId);
    else sessionStorage.setItem(PREFIX + roomId, String(until));
  } catch {
    if (until === null) memory.delete(roomId);
    else memory.set(roomId, until);
  }
}

const memory = new Map();
