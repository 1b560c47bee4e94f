/**
 * The rooms that were made in this browser, or opened with a host link: their keys, and the links made for them. Out of the
 * address bar, which people copy and share; kept until the room is over, so that its host comes back from the front page.
 */

const KEY = "mayfly-page:rooms";
/** More are not offered; the oldest are forgotten first. */
const MAX_ROOMS = 50;

/**
 * @typedef {{hostKey: string, e2e?: string, madeAt: number, expiresAt?: string, invites?: Record<string, string>}} OwnRoom
 *   `madeAt`: when this browser got the key, in milliseconds since 1970; `invites`: invite id → token
 */

/** @param {{e2e?: string, expiresAt?: string}} [more] */
export function rememberHost(roomId, hostKey, more = {}) {
  change((rooms) => {
    rooms[roomId] = { madeAt: Date.now(), ...rooms[roomId], ...more, hostKey };
  });
}

export const hostKeyOf = (roomId) => read()[roomId]?.hostKey;

/** What was learned of a room of ours since. @param {{expiresAt?: string, e2e?: string}} more */
export function noteRoom(roomId, more) {
  const known = read()[roomId];
  const news = Object.entries(more).some(([key, value]) => value !== undefined && known?.[key] !== value);
  if (known && news) change((rooms) => Object.assign(rooms[roomId], more));
}

export function forgetHost(roomId) {
  if (read()[roomId]) change((rooms) => delete rooms[roomId]);
}

/** The newest first; those whose time is up are none. @returns {(OwnRoom & {roomId: string})[]} */
export function ownRooms(now = Date.now()) {
  const rooms = Object.entries(read()).map(([roomId, room]) => ({ roomId, ...room }));
  const over = rooms.filter(({ expiresAt }) => Date.parse(expiresAt) <= now);
  for (const { roomId } of over) forgetHost(roomId);
  return rooms.filter((room) => !over.includes(room)).sort((a, b) => b.madeAt - a.madeAt);
}

/** Its token is told once, by the server; so that it can be sent later as well, it is kept here. */
export const keepInvite = (roomId, inviteId, token) =>
  change((rooms) => {
    if (rooms[roomId]) rooms[roomId].invites = { ...rooms[roomId].invites, [inviteId]: token };
  });

/** @returns {Record<string, string>} invite id → token */
export const invitesOf = (roomId) => read()[roomId]?.invites ?? {};

/** Only those are kept that may still be sent. @param {string[]} ids */
export function keepOnlyInvites(roomId, ids) {
  const kept = invitesOf(roomId);
  const left = Object.fromEntries(Object.entries(kept).filter(([id]) => ids.includes(id)));
  if (Object.keys(left).length !== Object.keys(kept).length) change((rooms) => (rooms[roomId].invites = left));
}

/** @returns {Record<string, OwnRoom>} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return memory;
  }
}

function change(edit) {
  const rooms = read();
  edit(rooms);
  const newest = Object.entries(rooms).sort(([, a], [, b]) => b.madeAt - a.madeAt).slice(0, MAX_ROOMS);
  memory = Object.fromEntries(newest);
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // It then lasts as long as the page.
  }
}

let memory = {};
