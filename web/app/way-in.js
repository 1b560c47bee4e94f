/** From the press of "Join" to the room: waiting in the lobby, being refused, or being inside. */

import { h } from "./dom.js";
import { forgetHost } from "./host-key.js";
import { showNotice, showWaiting } from "./notices.js";
import { savedDevices } from "./preview.js";

const PASSWORD_WORDS = {
  PASSWORD_REQUIRED: "This room needs a password.",
  PASSWORD_INVALID: "That is not the password of this room.",
};
/** Coming back is quick as a rule; only a slow return is worth a page of its own. */
const SHOW_WAITING_MS = 250;

/**
 * @param {{client: any, parsed: any, hostKey?: string, options: {name?: string, password?: string, tracks?: object},
 *   signal: AbortSignal, again: (more?: object) => void, open: (room: any, tracks: object) => void}} way
 */
export async function enterRoom({ client, parsed, hostKey, options, signal, again, open }) {
  const { tracks, name, password } = options;
  const cancelled = new AbortController();
  const devices = savedDevices();
  const room = client.openRoom(client.buildLink({ site: location.origin, ...parsed, key: hostKey }), {
    name,
    password,
    signal: AbortSignal.any([cancelled.signal, signal]),
    media: { audio: Boolean(tracks ? tracks.audio : devices.audio), video: Boolean(tracks ? tracks.video : devices.video) },
  });
  const giveUp = () => cancelled.abort();
  const slow = tracks ? null : setTimeout(() => showWaiting("Going back in …", "Your seat is kept."), SHOW_WAITING_MS);
  const unwatch = room.subscribe(() => {
    if (room.getSnapshot().status === "waiting") showLobby(giveUp);
  });
  try {
    await room.joined;
  } catch (error) {
    release(tracks);
    if (signal.aborted) return undefined;
    if (PASSWORD_WORDS[error.code]) return again({ problem: PASSWORD_WORDS[error.code] });
    if (error.code === "ABORTED") return again();
    if (error.code === "FORBIDDEN" && hostKey) forgetHost(parsed.roomId);
    return showNotice(error.code, { detail: error.message, retry: () => again() });
  } finally {
    clearTimeout(slow);
    unwatch();
  }
  dropInvite(client, parsed);
  // Back to another page: the seat is kept for a while, for the way forward again.
  signal.addEventListener("abort", () => room.close(), { once: true });
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
