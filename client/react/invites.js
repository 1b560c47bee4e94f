/** Links into a room, and the one-time ones of a host. */

import { useCallback, useEffect, useMemo, useState } from "react";
import { createInvite, request } from "../client.js";
import { buildLink, parseLink } from "../core/link.js";
import { useAttempt } from "./attempt.js";
import { useProvided, useSnapshot } from "./room.js";
import { Session } from "../core/session.js";

/** @typedef {import("../index.js").CreatedInvite} CreatedInvite */
/**
 * `link`: only of those that this component has made, since the server tells a token once.
 * @typedef {{
 *   readonly inviteId: string,
 *   readonly uses: number,
 *   readonly used: number,
 *   readonly createdAt: string,
 *   readonly expiresAt: string,
 *   readonly revoked: boolean,
 *   readonly state: "open" | "used" | "expired" | "revoked",
 *   readonly link?: string,
 * }} Invite
 */

/** @type {readonly any[]} */
const NONE = Object.freeze([]);

/**
 * Links to hand on, for the room of the `RoomProvider` around. Where everybody with the link gets in, `link` is it. Where each needs
 * an invite, a host makes them; nothing is made before `make` is called. The actions are never rejected and fulfilled with `null`
 * where they fail: `error` says why the last one did.
 * @param {{site?: string, hostKey?: string}} [options] `site`: whose `/r/{roomId}` opens rooms, the page's own unless set;
 *   `hostKey`: that of the link, or of this tab's session, unless set
 * @returns {{
 *   readonly link: string | null,
 *   readonly canMake: boolean,
 *   readonly invites: readonly Invite[],
 *   readonly error: import("../index.js").MayflyError | null,
 *   make(wish?: {uses?: number, expiresInS?: number}): Promise<CreatedInvite | null>,
 *   revoke(inviteId: string): Promise<unknown>,
 *   reload(): Promise<unknown>,
 * }} `invites`: the newest first; empty for whoever has no host key
 */
export function useInvites({ site, hostKey } = {}) {
  const { room, link } = useProvided();
  const { status, room: info } = useSnapshot(room);
  const isInside = ["joined", "reconnecting"].includes(status);
  const where = useWhere(isInside ? link : null, site, hostKey);
  const [listed, setListed] = useState(NONE);
  const [links, setLinks] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, attempt] = useAttempt();

  const reload = useCallback(() => attempt(async () => setListed(await listOf(where))), [where, attempt]);
  useReloads(room, where?.hostKey ? reload : null);
  const make = useCallback(
    (wish = {}) =>
      attempt(async () => {
        if (!where) return null;
        const made = await createInvite({ ...where, ...wish });
        setLinks((before) => ({ ...before, [made.inviteId]: made.link }));
        setListed(await listOf(where));
        return made;
      }),
    [where, attempt],
  );
  const revoke = useCallback(
    (inviteId) =>
      attempt(async () => {
        if (!where) return;
        await request(where.server, `${pathOf(where)}/${encodeURIComponent(inviteId)}`, { method: "DELETE", bearer: where.hostKey });
        setListed(await listOf(where));
      }),
    [where, attempt],
  );
  const invites = useMemo(() => listed.map((invite) => ({ ...invite, state: stateOf(invite), link: links[invite.inviteId] })), [listed, links]);
  const open = useMemo(() => (where && info && !info.inviteOnly ? openLink(where) : null), [where, info]);
  return { link: open, canMake: Boolean(where?.hostKey), invites, error, make, revoke, reload };
}

/** What the calls need, as soon as one is inside. */
function useWhere(link, site, given) {
  const { server } = useProvided();
  return useMemo(() => {
    if (!link) return null;
    try {
      const { roomId, e2e, key, server: own } = parseLink(link);
      // After a reload the link has no host key any more; the session of this tab has.
      const hostKey = given ?? key ?? new Session(roomId).load()?.hostKey ?? "";
      return { server: server ?? own, site: site ?? globalThis.location?.origin ?? own, roomId, hostKey, encryptionKey: e2e };
    } catch {
      return null; // The room says what is wrong with its link.
    }
  }, [link, server, site, given]);
}

/** At first, and whenever somebody came in: perhaps with an invite. */
function useReloads(room, reload) {
  useEffect(() => {
    if (!room || !reload) return undefined;
    void reload();
    return room.on("user-joined", () => void reload());
  }, [room, reload]);
}

const pathOf = ({ roomId }) => `/api/rooms/${encodeURIComponent(roomId)}/invites`;
const openLink = ({ site, roomId, encryptionKey }) => buildLink({ site, roomId, e2e: encryptionKey });

async function listOf(where) {
  if (!where?.hostKey) return NONE;
  const { invites } = await request(where.server, pathOf(where), { bearer: where.hostKey });
  return invites.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}

function stateOf({ uses, used, revoked, expiresAt }) {
  if (revoked) return "revoked";
  if (used >= uses) return "used";
  return Date.parse(expiresAt) <= Date.now() ? "expired" : "open";
}
