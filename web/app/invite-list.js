/** The one-time links of a room: which are open, used, expired or withdrawn; to be shown again, or withdrawn. */

import { h } from "./dom.js";
import { remaining, timeOf } from "./format.js";
import { invitesOf, keepOnlyInvites } from "./host-key.js";
import { actionButton } from "./parts.js";
import { t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

/** Older ones that are good for nothing any more are not listed. */
const MAX_OVER = 5;

export class InviteList {
  #client;
  #room;
  #show;

  /** @param {{client: Client, roomId: string, e2e?: string, hostKey: string, show: (link: string | null) => void}} props */
  constructor({ client, show, ...room }) {
    this.#client = client;
    this.#room = room;
    this.#show = show;
    this.title = h("summary", {}, t("invites.title"));
    this.list = h("ul", { class: "invite-list" });
    this.element = h("details", { class: "invites", hidden: true }, this.title, this.list);
  }

  /** @returns {Promise<string | null>} the newest link that still lets somebody in and is known here */
  async draw() {
    const invites = await this.#all();
    const good = invites.filter((invite) => stateOf(invite) === "open");
    const over = invites.filter((invite) => stateOf(invite) !== "open").slice(0, MAX_OVER);
    keepOnlyInvites(this.#room.roomId, good.map(({ inviteId }) => inviteId));
    this.element.hidden = invites.length === 0;
    this.title.textContent = t("invites.open", { count: good.length });
    this.list.replaceChildren(...[...good, ...over].map((invite) => this.#row(invite)));
    const newest = good.find(({ inviteId }) => this.#linkOf(inviteId));
    return newest ? this.#linkOf(newest.inviteId) : null;
  }

  async #all() {
    const { roomId, hostKey } = this.#room;
    try {
      const { invites } = await this.#client.request(location.origin, `/api/rooms/${encodeURIComponent(roomId)}/invites`, { bearer: hostKey });
      return invites.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
    } catch {
      return []; // A link can be made all the same, and says what is wrong.
    }
  }

  #linkOf(inviteId) {
    const { roomId, e2e } = this.#room;
    const invite = invitesOf(roomId)[inviteId];
    return invite && this.#client.buildLink({ site: location.origin, roomId, e2e, invite });
  }

  #row(invite) {
    const { inviteId, createdAt } = invite;
    const state = stateOf(invite);
    const link = state === "open" && this.#linkOf(inviteId);
    const made = timeOf(createdAt);
    return h(
      "li",
      { class: "invite-row", "data-state": state },
      h("span", {}, t("invites.madeAt", { time: made }), h("small", {}, stateWords(invite))),
      link && h("button", { class: "button small", type: "button", "aria-label": t("invites.showOf", { time: made }), onclick: () => this.#show(link) }, t("invites.show")),
      state === "open" && actionButton(t("invites.withdraw"), () => this.#revoke(inviteId), { class: "button small", busy: t("invites.withdrawing"), "aria-label": t("invites.withdrawOf", { time: made }) }),
    );
  }

  async #revoke(inviteId) {
    const { roomId, hostKey } = this.#room;
    const path = `/api/rooms/${encodeURIComponent(roomId)}/invites/${encodeURIComponent(inviteId)}`;
    await this.#client.request(location.origin, path, { method: "DELETE", bearer: hostKey }).catch(() => {}); // The list says how it is.
    this.#show(await this.draw());
  }
}

const stateWords = (invite) => t(`invites.state.${stateOf(invite)}`, { time: remaining(Date.parse(invite.expiresAt) - Date.now()) });

/** @returns {"open" | "used" | "expired" | "revoked"} */
function stateOf({ uses, used, revoked, expiresAt }) {
  if (revoked) return "revoked";
  if (used >= uses) return "used";
  return Date.parse(expiresAt) <= Date.now() ? "expired" : "open";
}
