/** Whole pages for the moments when there is no room to show: used, over, full, locked, not found, and so on. */

import { h, show } from "./dom.js";
import { icon, ripples } from "./icons.js";
import { actionButton, topBar } from "./parts.js";

/** code → what to say. `action`: what the person can do besides making a room of their own. */
const NOTICES = {
  INVITE_USED: ["This link has been used", "It let one person in, once. If that was not you, ask your host for a new link."],
  INVITE_EXPIRED: ["This link is too old", "Invites last for a while only. Ask your host for a new one."],
  INVITE_INVALID: ["This link does not fit", "Part of it may have been cut off, or the host has withdrawn it. Ask for it once more."],
  INVITE_REQUIRED: ["You need an invite", "This room opens with personal links only. Ask your host for yours."],
  ROOM_ENDED: ["This room is over", "Its host ended it. Messages, names and invites have been erased."],
  ROOM_EXPIRED: ["This room is over", "Its time was up. Messages, names and invites have been erased."],
  ROOM_NOT_FOUND: ["There is no such room", "The link may be incomplete, or the room was over long ago."],
  LINK_INVALID: ["This is not a link to a room", "Part of it may have been cut off. Ask for it once more."],
  KEY_MISSING: ["This link is incomplete", "It ends before the “#”, and behind that is the key to this encrypted room. Nothing of yours was sent. Ask the person who sent it for the whole link."],
  KEY_WRONG: ["This link has another room's key", "With it nothing said inside could be read. Nothing of yours was sent. Ask the person who sent it for the whole link."],
  KEY_INVALID: ["The key in this link is damaged", "Part of it was cut off, so nothing said inside could be read. Ask the person who sent it for the whole link."],
  ROOM_FULL: ["This room is full", "Every seat is taken. Somebody may leave in a moment.", "retry"],
  ROOM_LOCKED: ["This room is locked", "The host has closed the door. Nobody new can come in right now.", "retry"],
  BANNED: ["You cannot come in", "The host of this room has decided so."],
  KNOCK_REFUSED: ["You were not let in", "A host has declined your knock.", "retry"],
  RATE_LIMITED: ["Too many tries", "Please wait a moment, then try again.", "retry"],
  INSECURE_CONTEXT: ["This page needs HTTPS", "Browsers allow encryption and calls on secure pages only. Ask whoever runs this server to put it behind HTTPS."],
  CONNECTION_LOST: ["The server cannot be reached", "Your network may be off, or the server is being restarted.", "retry"],
  TIMEOUT: ["The server does not answer", "Your network may be slow, or the server is being restarted.", "retry"],
  FORBIDDEN: ["This host link does not fit", "Its key is not the one of this room."],
  left: ["You have left", "The room goes on without you.", "rejoin"],
  kicked: ["You were removed", "A host has removed you from this room."],
  banned: ["You were removed", "A host has removed you from this room, for good."],
  replaced: ["You are in this room elsewhere", "The room was opened in another tab or on another device, and continues there.", "takeBack"],
  lost: ["This room is gone", "The server was restarted, and kept nothing of it."],
  "shut-out": ["You were away for too long", "Your seat was given up, and your link lets nobody in a second time. Ask your host for a new one."],
  timeout: ["You were away for too long", "Your seat was given up.", "rejoin"],
  "room-ended": ["This room is over", "The host ended it for everybody. Messages, names and invites have been erased."],
  "room-expired": ["This room is over", "Its time was up. Messages, names and invites have been erased."],
};
const UNKNOWN = ["That did not work", "Something went wrong on the way into the room.", "retry"];
const CALM = new Set(["left", "lost", "room-ended", "room-expired", "ROOM_ENDED", "ROOM_EXPIRED"]);

/**
 * @param {string} code an error code, or the reason of an ending
 * @param {{retry?: () => void, rejoin?: () => void, takeBack?: () => void, detail?: string}} [actions]
 */
export function showNotice(code, actions = {}) {
  const [title, text, action] = NOTICES[code] ?? UNKNOWN;
  const offered = {
    retry: actions.retry && actionButton("Try again", async () => actions.retry(), { busy: "Trying …" }),
    rejoin: actions.rejoin && actionButton("Go back in", async () => actions.rejoin()),
    takeBack: actions.takeBack && actionButton("Use it here", async () => actions.takeBack()),
  }[action];
  show(
    h(
      "div",
      { class: "notice-page", "data-notice": code },
      topBar(),
      h(
        "main",
        { class: "notice" },
        h("div", { class: `notice-art ${CALM.has(code) ? "calm" : ""}` }, ripples({ still: true })),
        h("h1", {}, title),
        h("p", {}, text),
        !NOTICES[code] && actions.detail && h("p", { class: "hint" }, actions.detail),
        h("div", { class: "notice-actions" }, offered, h("a", { class: offered ? "button" : "button primary", href: "/" }, "Make a new room")),
      ),
    ),
    { title },
  );
}

/** The server runs without its JavaScript packages: say what to install. */
export function showMissingClient() {
  show(
    h(
      "div",
      { class: "notice-page", "data-notice": "missing-client" },
      topBar(),
      h(
        "main",
        { class: "notice" },
        h("div", { class: "notice-art" }, icon("alert", 44)),
        h("h1", {}, "One step is missing"),
        h("p", {}, "This server is running, but the browser part of Socket.IO is not installed beside it. Whoever runs the server can add it:"),
        h(
          "ol",
          { class: "steps" },
          h("li", {}, "Install Node.js 20 or later, which brings npm."),
          h("li", {}, "In the project's folder, run ", h("code", {}, "make install"), " (or ", h("code", {}, "npm ci --prefix client && npm ci --prefix web"), ")."),
          h("li", {}, "Reload this page. The server need not be restarted."),
        ),
        h("div", { class: "notice-actions" }, actionButton("Reload", async () => location.reload())),
      ),
    ),
    { title: "One step is missing" },
  );
}

/** Something is being fetched. */
export function showWaiting(title, text, ...actions) {
  show(
    h(
      "div",
      { class: "notice-page" },
      topBar(),
      h(
        "main",
        { class: "notice", "aria-busy": "true" },
        h("div", { class: "notice-art" }, ripples()),
        h("h1", {}, title),
        text && h("p", {}, text),
        h("div", { class: "notice-actions" }, actions),
      ),
    ),
    { title },
  );
}
