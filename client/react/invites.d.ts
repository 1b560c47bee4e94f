// Made of the sources by `npm run types`. Do not edit.
/** Links into a room, and the one-time ones of a host. */
export type CreatedInvite = import("../index.js").CreatedInvite;
export type Invite = {
    readonly inviteId: string;
    readonly uses: number;
    readonly used: number;
    readonly createdAt: string;
    readonly expiresAt: string;
    readonly revoked: boolean;
    readonly state: "open" | "used" | "expired" | "revoked";
    readonly link?: string;
};
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
export declare function useInvites({ site, hostKey }?: {
    site?: string;
    hostKey?: string;
}): {
    readonly link: string | null;
    readonly canMake: boolean;
    readonly invites: readonly Invite[];
    readonly error: import("../index.js").MayflyError | null;
    make(wish?: {
        uses?: number;
        expiresInS?: number;
    }): Promise<CreatedInvite | null>;
    revoke(inviteId: string): Promise<unknown>;
    reload(): Promise<unknown>;
};
