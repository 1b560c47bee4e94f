/** Starts the page: theme, client, and the way from an address to a view. */

import { hostKeyOf, rememberHost } from "./host-key.js";
import { showLanding } from "./landing.js";
import { showMissingClient, showNotice, showWaiting } from "./notices.js";
import { showPrejoin } from "./prejoin.js";
import { RoomView } from "./room-view.js";
import { applySavedTheme } from "./theme.js";
import { enterRoom } from "./way-in.js";

const VENDOR = "/vendor/socket.io-client/socket.io.esm.min.js";
/** A look-up that takes longer than this shows that something is happening. */
const SHOW_WAITING_MS = 400;

/** Aborted when the address changes: whatever the view before holds (camera, seat, attempt) is given up. */
let visit = new AbortController();

applySavedTheme();
const client = await loadClient();
if (client) {
  addEventListener("popstate", route);
  await route();
}

async function loadClient() {
  try {
    return await import("/client/browser.js");
  } catch (error) {
    const vendor = await fetch(VENDOR, { method: "HEAD" }).catch(() => null);
    if (vendor?.status === 404) showMissingClient();
    else showNotice("LOAD_FAILED", { detail: "A part of this page could not be loaded.", retry: () => location.reload() });
    console.error(error);
    return null;
  }
}

async function route() {
  visit.abort();
  visit = new AbortController();
  if (location.pathname === "/") return showLanding({ client, go: (link) => goTo(link, { fresh: true }) });
  let parsed;
  try {
    parsed = client.parseLink(location.href);
  } catch {
    return showNotice("LINK_INVALID");
  }
  await door(withoutHostKey(parsed), {});
}

/** The host key leaves the address bar at once: people copy and share what is there. */
function withoutHostKey(parsed) {
  if (!parsed.key) return parsed;
  rememberHost(parsed.roomId, parsed.key);
  const { key, ...rest } = parsed;
  history.replaceState(null, "", client.buildLink({ site: location.origin, ...rest }));
  return rest;
}

function goTo(link, options) {
  history.pushState(null, "", link);
  return door(client.parseLink(link), options);
}

async function door(parsed, { fresh = false, problem = "" } = {}) {
  const { signal } = visit;
  // A reload takes the seat back without asking again.
  if (!problem && new client.Session(parsed.roomId).load()?.participantId) return inside(parsed, {});
  const slow = setTimeout(() => showWaiting("Looking for the room …"), SHOW_WAITING_MS);
  let room;
  try {
    room = await client.lookUpRoom(location.href, { signal });
  } catch (error) {
    if (signal.aborted) return;
    return showNotice(error.code, { detail: error.message, retry: () => door(parsed) });
  } finally {
    clearTimeout(slow);
  }
  const hostKey = hostKeyOf(parsed.roomId);
  const refusal = (await client.checkKey(room, parsed.e2e)) ?? (hostKey ? null : refusalOf(room, parsed));
  if (signal.aborted) return;
  if (refusal) return showNotice(refusal, { retry: () => door(parsed) });
  const preview = showPrejoin({ client, parsed, room, hostKey, fresh, problem, enter: (options) => inside(parsed, options) });
  signal.addEventListener("abort", () => preview.close(), { once: true });
}

/** What can be told before anything is spent. */
function refusalOf(room, parsed) {
  if (room.status === "ended") return "ROOM_ENDED";
  if (room.status === "locked") return "ROOM_LOCKED";
  if (room.participantCount >= room.capacity) return "ROOM_FULL";
  if (room.inviteOnly && !parsed.invite) return "INVITE_REQUIRED";
  return null;
}

function inside(parsed, options) {
  const { signal } = visit;
  return enterRoom({
    client,
    parsed,
    options,
    signal,
    hostKey: hostKeyOf(parsed.roomId),
    again: (more) => door(parsed, more),
    open: (room, tracks) => new RoomView({ client, parsed, room, tracks, again: () => door(parsed) }),
  });
}
