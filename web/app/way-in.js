/** From the press of "Join" to the room: waiting in the lobby, being refused, or being inside. */

import { savedDevices } from "./device-words.js";
import { h } from "./dom.js";
import { forgetHost } from "./host-key.js";
import { showNotice, showWaiting } from "./notices.js";

const PASSWORD_WORDS = {
  PASSWORD_REQUIRED: "This room needs a password.",
  PASSWORD_INVALID: "That is not the password of this room.",
};
/** Coming back is quick as a rule; only a slow return is worth a page of its own. */
const SHOW_WAITING_MS = 250;

/**
 * @param {{client: any, parsed: any, hostKey?: string, options: {name?: string, password?: string, tracks?: object},
 *   scope: import("./scope.js").Scope, again: (more?: object) => void, open: (room: any, tracks: object) => void}} way
 */
export async function enterRoom({ client, parsed, hostKey, options, scope, again, open }) {
  const { tracks, name, password } = options;
  const cancelled = new AbortController();
  const devices = savedDevices();
  const room = client.openRoom(client.buildLink({ site: location.origin, ...parsed, key: hostKey }), {
    name,
    password,
    signal: cancelled.signal,
    media: { audio: Boolean(tracks ? tracks.audio : devices.audio), video: Boolean(tracks ? tracks.video : devices.video) },
  });
  const giveUp = () => cancelled.abort();
  // Back to another page: the attempt is given up; a seat is kept for a while, for the way forward again.
  scope.add(() => {
    cancelled.abort();
    room.close();
  });
  const slow = tracks ? () => {} : scope.after(SHOW_WAITING_MS, () => showWaiting("Going back in …", "Your seat is kept."));
  const unwatch = room.subscribe(() => {
    if (room.getSnapshot().status === "waiting") showLobby(giveUp);
  });
  try {
    await room.joined;
  } catch (error) {
    release(tracks);
    if (scope.ended) return undefined;
    if (PASSWORD_WORDS[error.code]) return again({ problem: PASSWORD_WORDS[error.code] });
    if (error.code === "ABORTED") return again();
    if (error.code === "FORBIDDEN" && hostKey) forgetHost(parsed.roomId);
    return showNotice(error.code, { detail: error.message, retry: () => again() });
  } finally {
    slow();
    unwatch();
  }
  if (scope.ended) return release(tracks);
  dropInvite(client, parsed);
  open(room, tracks ?? { audio: devices.audio, video: devices.video });
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
    "You have knocked",
    "A host will let you in. Please stay on this page.",
    h("button", { class: "button", type: "button", onclick: giveUp }, "Give up"),
  );
}
