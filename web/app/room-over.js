/** What stands in the place of a room that one is not in any more: left, ended, removed from, lost. */

import { errorWords } from "./error-words.js";
import { forgetHost } from "./host-key.js";
import { keptUntil, sweepLeft } from "./leaving.js";
import { showNotice } from "./notices.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

const OVER = new Set(["room-ended", "room-expired", "ROOM_ENDED", "ROOM_EXPIRED", "ROOM_NOT_FOUND"]);

/** What a refusal means to somebody who had been inside. */
const WHILE_INSIDE = {
  ROOM_NOT_FOUND: "lost",
  INVITE_USED: "shut-out",
  INVITE_EXPIRED: "shut-out",
  INVITE_INVALID: "shut-out",
  INVITE_REQUIRED: "shut-out",
};

/**
 * @param {{client: Client, parsed: any, room: Room, again: () => void}} page @param {any} snapshot the room's last
 * @param {() => void} takeBack into the same seat
 */
export function showOver({ client, parsed, room, again }, { ending, error }, takeBack) {
  if (OVER.has(ending?.reason ?? error?.code)) forgetHost(parsed.roomId);
  const until = keptUntil(room.id);
  const undo = ending?.action === "resume" && until > Date.now() ? { until, run: takeBack, over: () => sweepLeft(client) } : undefined;
  const code = ending?.reason ?? WHILE_INSIDE[error?.code] ?? error?.code;
  showNotice(code, { rejoin: again, retry: again, takeBack, undo, detail: error && errorWords(error) });
}
