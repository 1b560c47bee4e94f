/** Starts the page: theme, client, and the way from an address to a view. */

import { hostKeyOf, rememberHost } from "./host-key.js";
import { showLanding } from "./landing.js";
import { showMissingClient, showNotice, showWaiting } from "./notices.js";
import { showPrejoin } from "./prejoin.js";
import { RoomView } from "./room-view.js";
import { Scope } from "./scope.js";
import { applySavedTheme } from "./theme.js";
import { enterRoom } from "./way-in.js";

const VENDOR = "/vendor/socket.io-client/socket.io.esm.min.js";
/** A look-up that takes longer than this shows that something is happening. */
const SHOW_WAITING_MS = 400;

/** Ends when another view is shown: whatever the view holds (camera, seat, timers, requests) is given up. */
let view = new Scope();

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

/** Ends the view before. */
function nextView() {
  view.end();
  view = new Scope();
  return view;
}

async function route() {
  nextView();
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
  const scope = nextView();
  // A reload takes the seat back without asking again.
  if (!problem && new client.Session(parsed.roomId).load()?.participantId) return inside(parsed, {});
  const seen = await lookFromOutside(parsed, scope).catch((error) => ({ refusal: error.code, detail: error.message }));
  if (scope.ended) return;
  if (seen.refusal) return showNotice(seen.refusal, { detail: seen.detail, retry: () => door(parsed) });
  const { room, hostKey } = seen;
  showPrejoin({ client, parsed, room, hostKey, fresh, problem, scope, enter: (options) => inside(parsed, options) });
}

/** Whether one can come in, as far as can be told before a camera is opened and anything is spent. */
async function lookFromOutside(parsed, scope) {
  const { signal } = scope;
  const slow = scope.after(SHOW_WAITING_MS, () => showWaiting("Looking for the room …"));
  const hostKey = hostKeyOf(parsed.roomId);
  const asGuest = parsed.invite && !hostKey;
  try {
    const [room, worthless] = await Promise.all([
      client.lookUpRoom(location.href, { signal }),
      asGuest ? whyWorthless(signal) : null,
    ]);
    return { room, hostKey, refusal: hostKey ? null : (refusalOf(room, parsed) ?? worthless) };
  } finally {
    slow();
  }
}

/** The code with which an invite is refused; null where it is good, and where that cannot be told: joining tells it. */
async function whyWorthless(signal) {
  try {
    await client.checkInvite(location.href, { signal });
    return null;
  } catch (error) {
    return error.code?.startsWith("INVITE_") ? error.code : null;
  }
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
  const scope = nextView();
  return enterRoom({
    client,
    parsed,
    options,
    scope,
    hostKey: hostKeyOf(parsed.roomId),
    again: (more) => door(parsed, more),
    open: (room, tracks) => new RoomView({ client, parsed, room, tracks, scope, again: () => door(parsed) }),
  });
}
