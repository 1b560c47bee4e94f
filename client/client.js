/** Puts the client together around socket.io-client's `io`, which browsers and bundlers find in different places. */

import { checkInvite, createInvite, createRoom, lookUpRoom } from "./core/api.js";
import { Room } from "./room.js";

/** @param {typeof import("socket.io-client").io} io */
export function makeClient(io) {
  /** Connect and join; the room object is there at once, and `room.joined` tells how it went. */
  const openRoom = (link, options) => new Room({ io, link, options });
  /** Connect and join; fulfilled once inside. */
  const joinRoom = async (link, options) => {
    const room = openRoom(link, options);
    await room.joined;
    return room;
  };
  return Object.freeze({ createRoom, createInvite, checkInvite, lookUpRoom, openRoom, joinRoom });
}

export { isShown } from "./messages/attachments.js";
export { checkInvite, createInvite, createRoom, lookUpRoom, request } from "./core/api.js";
export { canEncrypt, generateSecret } from "./crypto/crypto.js";
export { canCall, canShareScreen, listDevices, openCamera, openMicrophone, openScreen, watchLevel } from "./call/devices.js";
export { EMOJI } from "./messages/emoji.js";
export { MayflyError } from "./errors.js";
export { checkKey } from "./core/key.js";
export { buildLink, parseLink } from "./core/link.js";
export { Scope } from "./core/scope.js";
export { Session } from "./core/session.js";
export { Slot } from "./call/slot.js";
