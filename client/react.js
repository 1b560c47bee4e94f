"use client";

/**
 * React: a room for a tree of components, hooks, and parts without a style of their own. React is a peer dependency, and
 * Preact under its name does as well: nothing here needs more than the hooks both have. `docs/client.md` is the tour.
 */

/** @typedef {import("./react/room.js").RoomState} RoomState */
/** @typedef {import("./react/invites.js").Invite} InviteState */
/** @typedef {import("./react/prejoin.js").Entry} Entry */
/** @typedef {import("./react/words.js").Words} Words */

export { RoomProvider, useRoom } from "./react/room.js";
export { useCall } from "./react/call.js";
export { useBroadcast, useMessages, useRead, useSeenBy } from "./react/talk.js";
export { useFile, useUploads } from "./react/files.js";
export { useDevices, usePreview } from "./react/devices.js";
export { useInvites } from "./react/invites.js";
export { WORDS } from "./react/words.js";
export { Tile } from "./react/tile.js";
export { Stage } from "./react/stage.js";
export { Controls } from "./react/controls.js";
export { PreJoin } from "./react/prejoin.js";
export { Chat } from "./react/chat.js";
export { Invite } from "./react/invite.js";
