/** The link into a room, and the one-time links of a host. */

import { createElement as h, useState } from "react";
import { useInvites } from "./invites.js";
import { useWords } from "./words.js";

const STATES = { open: "inviteOpen", used: "inviteUsed", expired: "inviteExpired", revoked: "inviteRevoked" };
/** Those that let nobody in any more: so many of them are listed. */
const MAX_OVER = 5;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/**
 * A `<div data-part="invite">`: a button that copies the room's link, or makes one for one person where each needs one; the link as
 * text (`role="status"`), since not every browser lets pages copy; and the list of invites, to be withdrawn.
 * @param {{
 *   site?: string,
 *   wish?: {uses?: number, expiresInS?: number},
 *   words?: Partial<import("./words.js").Words>,
 *   [attribute: string]: any,
 * }} props `site`: whose `/r/{roomId}` opens rooms; the page's own unless set. `wish`: how long an invite holds, and for how many
 */
export function Invite({ site, wish, words, ...rest }) {
  const { link, canMake, invites, error, make, revoke } = useInvites({ site });
  const [shared, setShared] = useState("");
  const said = useWords(words);
  const share = async () => {
    const made = link ?? (await make(wish))?.link ?? "";
    setShared(made);
    // The link is on the page as well.
    if (made) await navigator.clipboard?.writeText(made).catch(() => {});
  };
  return h(
    "div",
    { "data-part": "invite", ...rest },
    h("button", { type: "button", onClick: () => void share(), disabled: !link && !canMake }, said.copyLink),
    h("p", { role: "status" }, error?.message ?? shared),
    h(List, { invites, revoke, said }),
  );
}

/** @param {{invites: readonly import("./invites.js").Invite[], revoke: (inviteId: string) => unknown, said: import("./words.js").Words}} props */
function List({ invites, revoke, said }) {
  if (!invites.length) return null;
  const [open, over] = [invites.filter(({ state }) => state === "open"), invites.filter(({ state }) => state !== "open")];
  return h(
    "details",
    null,
    h("summary", null, `${said.invites} (${open.length})`),
    h("ul", null, [...open, ...over.slice(0, MAX_OVER)].map((invite) => h(Row, { key: invite.inviteId, invite, revoke, said }))),
  );
}

function Row({ invite: { inviteId, createdAt, state }, revoke, said }) {
  const made = clock.format(new Date(createdAt));
  const withdraw = { type: "button", "aria-label": `${said.revoke} (${made})`, onClick: () => void revoke(inviteId) };
  return h("li", { "data-state": state }, `${made} · ${said[STATES[state]]} `, state === "open" && h("button", withdraw, said.revoke));
}
