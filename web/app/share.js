/** The link, ready to be sent: copy, the device's share sheet, a QR code. One-time links are made one by one. */

import { announce, h } from "./dom.js";
import { errorWords } from "./error-words.js";
import { icon } from "./icons.js";
import { invitesOf, keepInvite } from "./host-key.js";
import { InviteList } from "./invite-list.js";
import { actionButton, openDialog, qrImage } from "./parts.js";
import { qrPath } from "./qr.js";
import { t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

const COPIED_MS = 2_000;

/**
 * @param {{client: Client, roomId: string, e2e?: string, hostKey?: string, inviteOnly: boolean, openQr?: boolean, fresh?: boolean}} props
 *   `fresh`: the room has just been made, and with it its first one-time link
 * @returns {HTMLElement}
 */
export function sharePanel({ client, roomId, e2e, hostKey, inviteOnly, openQr = false, fresh = false }) {
  const field = h("input", { class: "link-field", type: "text", readOnly: true, hidden: inviteOnly, dir: "ltr", "aria-label": t("share.link") });
  const qrBox = h("div", { class: "qr-box", hidden: !openQr || inviteOnly });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const note = h("p", { class: "hint" });
  field.addEventListener("focus", () => field.select());

  async function display(link, text) {
    field.value = link;
    note.textContent = text;
    let shown;
    try {
      shown = qrImage(await qrPath(link), t("share.qrLabel"));
    } catch {
      shown = h("p", { class: "hint" }, t("share.noQr"));
    }
    if (field.value === link) qrBox.replaceChildren(shown);
  }

  /** @param {string} [link] of one person; without one there is nothing to send yet */
  function displayOne(link) {
    const none = !link;
    field.hidden = none;
    for (const button of [copyButton, qrButton, shareButton]) if (button) button.hidden = none;
    if (none) qrBox.hidden = true;
    else if (openQr) qrBox.hidden = false;
    if (link) return display(link, t("share.one"));
    field.value = "";
    note.textContent = t("share.each");
  }

  async function freshInvite() {
    problem.hidden = true;
    try {
      const { inviteId, invite, link } = await client.createInvite({ roomId, hostKey, encryptionKey: e2e, site: location.origin });
      keepInvite(roomId, inviteId, invite);
      displayOne(link);
      await invites.draw();
    } catch (error) {
      problem.textContent = errorWords(error);
      problem.hidden = false;
    }
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      document.execCommand("copy");
    }
    announce(t("share.linkCopied"));
    copyButton.classList.add("done");
    copyButton.querySelector("span").textContent = t("copied");
    setTimeout(() => {
      copyButton.classList.remove("done");
      copyButton.querySelector("span").textContent = t("share.copyLink");
    }, COPIED_MS);
  }

  const copyButton = h("button", { class: "button primary", type: "button", onclick: copy }, icon("copy"), h("span", {}, t("share.copyLink")));
  const qrButton = h(
    "button",
    {
      class: "button",
      type: "button",
      "aria-expanded": String(openQr),
      onclick: () => {
        qrBox.hidden = !qrBox.hidden;
        qrButton.setAttribute("aria-expanded", String(!qrBox.hidden));
      },
    },
    icon("qr"),
    t("share.qr"),
  );
  const share = () => navigator.share({ title: "Mayfly", text: t("share.join"), url: field.value }).catch(() => {});
  const shareButton = navigator.share && h("button", { class: "button", type: "button", onclick: share }, icon("share"), t("share.share"));
  const invites = inviteOnly && hostKey && new InviteList({ client, roomId, e2e, hostKey, show: displayOne });
  if (inviteOnly) {
    displayOne(null);
    if (fresh && !Object.keys(invitesOf(roomId)).length) freshInvite();
    else invites.draw().then((newest) => newest && displayOne(newest));
  } else display(client.buildLink({ site: location.origin, roomId, e2e }), t("share.anyone"));
  return h(
    "div",
    { class: "share" },
    field,
    h(
      "div",
      { class: "share-buttons" },
      copyButton,
      shareButton,
      qrButton,
      inviteOnly && actionButton(t("share.new"), freshInvite, { class: "button", busy: t("share.making") }),
    ),
    qrBox,
    note,
    problem,
    invites && invites.element,
    hostKey && h("button", { class: "link-button", type: "button", onclick: () => openElsewhere({ client, roomId, e2e, hostKey }) }, t("share.elsewhere")),
  );
}

/** Whether this person has a link to give away. */
export const canShare = (room, hostKey) => !room.inviteOnly || Boolean(hostKey);

/** The host link as a QR code, for a phone of one's own. */
export async function openElsewhere({ client, roomId, e2e, hostKey }) {
  const link = client.buildLink({ site: location.origin, roomId, e2e, key: hostKey });
  const code = h("div", { class: "qr-box" });
  openDialog({
    title: t("share.elsewhere"),
    class: "small",
    body: [
      h("p", {}, t("share.elsewhereMore")),
      code,
    ],
  });
  try {
    code.append(qrImage(await qrPath(link), t("share.hostQrLabel")));
  } catch {
    code.append(h("input", { class: "link-field", type: "text", readOnly: true, value: link, dir: "ltr", "aria-label": t("share.hostLink") }));
  }
}
