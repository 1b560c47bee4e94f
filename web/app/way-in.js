/** From the press of "Join" to the room: waiting in the lobby, being refused, or being inside. */

import { cameraOf } from "./camera.js";
import { savedDevices } from "./device-words.js";
import { h } from "./dom.js";
import { errorWords } from "./error-words.js";
import { forgetHost } from "./host-key.js";
import { isBack } from "./leaving.js";
import { showNotice, showWaiting } from "./notices.js";
import { prefs } from "./prefs.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

const PASSWORD_WORDS = {
  PASSWORD_REQUIRED: "door.passwordNeeded",
  PASSWORD_INVALID: "door.passwordWrong",
};
/** Coming back is quick as a rule; only a slow return is worth a page of its own. */
const SHOW_WAITING_MS = 250;

/**
 * @typedef {typeof import("./room-view.js")} Parts what a room is shown with
 * @typedef {{client: Client, parsed: any, hostKey?: string, options: {name?: string, password?: string, tracks?: any},
 *   scope: import("./scope.js").Scope, again: (more?: object) => void, load: () => Promise<Parts>,
 *   failed: (error: Error) => void, open: (parts: Parts, room: Room, tracks: any) => void}} Way
 */

/** @param {Way} way `load` brings the parts, before anything is spent; where it cannot, `failed` tells it. */
export async function enterRoom(way) {
  const parts = await way.load().catch((error) => {
    release(way.options.tracks);
    if (!way.scope.ended) way.failed(error);
  });
  if (!parts) return undefined;
  if (way.scope.ended) return release(way.options.tracks);
  return comeIn(way, parts);
}

/** @param {Way} way @param {Parts} parts */
async function comeIn({ client, parsed, hostKey, options, scope, again, open }, parts) {
  const { tracks, name, password } = options;
  const cancelled = new AbortController();
  const devices = savedDevices();
  const room = client.openRoom(client.buildLink({ site: location.origin, ...parsed, key: hostKey }), {
    name,
    password,
    signal: cancelled.signal,
    call: { noiseSuppression: prefs().noiseSuppression, open: { video: cameraOf(client, () => room.call.getSnapshot().wanted.video) } },
    media: { audio: Boolean(tracks ? tracks.audio : devices.audio), video: Boolean(tracks ? tracks.video : devices.video) },
  });
  const giveUp = () => cancelled.abort();
  // Back to another page: the attempt is given up; a seat is kept for a while, for the way forward again.
  scope.add(() => {
    cancelled.abort();
    room.close();
  });
  const slow = tracks ? () => {} : scope.after(SHOW_WAITING_MS, () => showWaiting(t("door.back"), t("door.seatKept")));
  const unwatch = room.subscribe(() => {
    if (room.getSnapshot().status === "waiting") showLobby(giveUp);
  });
  try {
    await room.joined;
  } catch (error) {
    release(tracks);
    if (scope.ended) return undefined;
    if (PASSWORD_WORDS[error.code]) return again({ problem: t(PASSWORD_WORDS[error.code]) });
    if (error.code === "ABORTED") return again();
    if (error.code === "FORBIDDEN" && hostKey) forgetHost(parsed.roomId);
    return showNotice(error.code, { detail: errorWords(error), retry: () => again() });
  } finally {
    slow();
    unwatch();
  }
  if (scope.ended) return release(tracks);
  isBack(room);
  dropInvite(client, parsed);
  open(parts, room, tracks ?? { audio: devices.audio, video: devices.video });
}

/** A spent invite in the address bar would only mislead whoever copies it. */
function dropInvite(client, { roomId, e2e, invite }) {
  if (invite) history.replaceState(null, "", client.buildLink({ site: location.origin, roomId, e2e }));
}

function release(tracks) {
  for (const track of Object.values(tracks ?? {})) track && track.stop?.();
}

function showLobby(giveUp) {
  showWaiting(
    t("door.knocked"),
    t("door.knockedMore"),
    h("button", { class: "button", type: "button", onclick: giveUp }, t("door.giveUp")),
  );
}
