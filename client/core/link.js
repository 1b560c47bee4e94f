/**
 * Links to rooms: `{site}/r/{roomId}#invite=…&key=…&e2e=…`. The fragment holds the secrets, since browsers never send it.
 *
 *   invite  lets so many people in          key  makes a host
 *   e2e     the encryption key: the server is never told of it
 */

import { MayflyError } from "../errors.js";

const ROOM_PATH = /\/r\/([A-Za-z0-9_-]{8,128})\/?$/;
const SECRETS = ["invite", "key", "e2e"];

/**
 * @param {string | URL} link
 * @returns {{server: string, roomId: string, invite?: string, key?: string, e2e?: string}} Throws `LINK_INVALID`.
 */
export function parseLink(link) {
  let url;
  try {
    url = new URL(link, globalThis.location?.href);
  } catch (cause) {
    throw new MayflyError("LINK_INVALID", undefined, { cause });
  }
  const roomId = ROOM_PATH.exec(url.pathname)?.[1];
  if (!roomId || !/^https?:$/.test(url.protocol)) throw new MayflyError("LINK_INVALID");
  const fragment = new URLSearchParams(url.hash.slice(1));
  const parsed = { server: url.origin, roomId };
  for (const name of SECRETS) {
    const value = fragment.get(name);
    if (value) parsed[name] = value;
  }
  return parsed;
}

/**
 * @param {{site: string, roomId: string, invite?: string, key?: string, e2e?: string}} parts `site`: where rooms are
 *   opened, such as `https://example.org` (its `/r/{roomId}` must be a page made with this client)
 */
export function buildLink({ site, roomId, ...secrets }) {
  const fragment = new URLSearchParams();
  for (const name of SECRETS) if (secrets[name]) fragment.set(name, secrets[name]);
  const hash = fragment.toString();
  return `${site.replace(/\/+$/, "")}/r/${roomId}${hash ? `#${hash}` : ""}`;
}
