/** Starts the page: theme, client, and the way from an address to a view. */

import { errorWords } from "./error-words.js";
import { forgetHost, hostKeyOf, noteRoom, rememberHost } from "./host-key.js";
import { showLanding } from "./landing.js";
import { keptUntil, sweepLeft } from "./leaving.js";
import { showMissingClient, showNotice, showWaiting } from "./notices.js";
import { showPrejoin } from "./prejoin.js";
import { Scope } from "./scope.js";
import { applySavedTheme } from "./theme.js";
import { enterRoom } from "./way-in.js";
import { t, useLanguage } from "./words.js";

const VENDOR = "/vendor/socket.io-client/socket.io.esm.min.js";
/** A look-up that takes longer than this shows that something is happening. */
const SHOW_WAITING_MS = 400;

/** Nobody comes back into such a room. */
const OVER = new Set(["ROOM_ENDED", "ROOM_EXPIRED", "ROOM_NOT_FOUND"]);

/** @typedef {{room?: import("../../client/index.js").RoomInfo, hostKey?: string, refusal: string | null, detail?: string}} Outside */

/** Ends when another view is shown: whatever the view holds (camera, seat, timers, requests) is given up. */
let view = new Scope();

/** @type {typeof import("../../client/browser.js") | null} */
let client;
/** @type {Promise<typeof import("./room-view.js")> | null} */
let roomParts = null;

start();

/** Not at the top level: what comes later imports parts of this page, and would wait for it while it is awaited here. */
async function start() {
  applySavedTheme();
  // Side by side; but whatever is said, also of a client that is missing, is said in that language.
  const speaking = useLanguage();
  client = await loadClient(speaking);
  await speaking;
  if (!client) return;
  addEventListener("popstate", route);
  await route();
}

async function loadClient(speaking) {
  try {
    return await import("/client/browser.js");
  } catch (error) {
    const vendor = await fetch(VENDOR, { method: "HEAD" }).catch(() => null);
    await speaking;
    if (vendor?.status === 404) showMissingClient();
    else showLoadFailed(error);
    return null;
  }
}

function showLoadFailed(error) {
  showNotice("LOAD_FAILED", { detail: t("door.loadFailed"), retry: () => location.reload() });
  console.error(error);
}

/** The front page does without the room; its door asks for it, so that it is there when somebody joins. */
function loadRoom() {
  roomParts ??= import("./room-view.js");
  roomParts.catch(() => (roomParts = null));
  return roomParts;
}

/** Ends the view before. */
function nextView() {
  view.end();
  view = new Scope();
  return view;
}

async function route() {
  nextView();
  sweepLeft(client);
  if (location.pathname === "/") return showLanding({ client, go: (link) => goTo(link, { fresh: true }) });
  if (location.pathname === "/check") return check();
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
  rememberHost(parsed.roomId, parsed.key, { e2e: parsed.e2e });
  const { key, ...rest } = parsed;
  history.replaceState(null, "", client.buildLink({ site: location.origin, ...rest }));
  return rest;
}

async function check() {
  const scope = view;
  const { showCheck } = await import("./check/view.js");
  if (!scope.ended) showCheck({ client, scope });
}

function goTo(link, options) {
  history.pushState(null, "", link);
  return door(client.parseLink(link), options);
}

async function door(parsed, { fresh = false, problem = "" } = {}) {
  const scope = nextView();
  loadRoom();
  const seat = seatOf(parsed.roomId);
  // A reload takes the seat back without asking again; whoever has left finds the door, and the seat behind it.
  if (!problem && seat === "ours") return inside(parsed, {});
  /** @type {Outside} */
  const seen = await lookFromOutside(parsed, scope, seat).catch((error) => ({ refusal: error.code, detail: errorWords(error) }));
  if (scope.ended) return;
  if (OVER.has(seen.refusal)) forgetHost(parsed.roomId);
  if (seen.refusal) return showNotice(seen.refusal, { detail: seen.detail, retry: () => door(parsed) });
  const { room, hostKey } = seen;
  showPrejoin({ client, parsed, room, hostKey, fresh, problem, scope, enter: (options) => inside(parsed, options) });
}

/** @returns {"ours" | "left" | null} whether this tab holds a seat, or held one that is kept for a while */
function seatOf(roomId) {
  sweepLeft(client);
  if (!new client.Session(roomId).load()?.participantId) return null;
  return keptUntil(roomId) ? "left" : "ours";
}

/**
 * Whether one can come in, as far as can be told before a camera is opened and anything is spent.
 * @returns {Promise<Outside>}
 */
async function lookFromOutside(parsed, scope, seat) {
  const { signal } = scope;
  const slow = scope.after(SHOW_WAITING_MS, () => showWaiting(t("door.looking")));
  const hostKey = hostKeyOf(parsed.roomId);
  const asGuest = parsed.invite && !hostKey && !seat;
  try {
    const [room, worthless] = await Promise.all([
      client.lookUpRoom(location.href, { signal }),
      asGuest ? whyWorthless(signal) : null,
    ]);
    noteRoom(parsed.roomId, { expiresAt: room.expiresAt });
    const refusal = (await client.checkKey(room, parsed.e2e)) ?? (hostKey ? null : (refusalOf(room, parsed, seat) ?? worthless));
    return { room, hostKey, refusal };
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
function refusalOf(room, parsed, seat) {
  if (room.status === "ended") return "ROOM_ENDED";
  if (seat) return null;
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
    load: loadRoom,
    failed: showLoadFailed,
    again: (more) => door(parsed, more),
    open: ({ RoomView }, room, tracks) => new RoomView({ client, parsed, room, tracks, scope, again: () => door(parsed) }),
  });
}
