/** The link, ready to be sent: copy, the device's share sheet, a QR code. One-time links are made one by one. */

import { announce, h } from "./dom.js";
import { icon } from "./icons.js";
import { actionButton, qrImage } from "./parts.js";
import { qrPath } from "./qr.js";

const COPIED_MS = 2_000;

/**
 * @param {{client: any, roomId: string, e2e?: string, hostKey?: string, inviteOnly: boolean, openQr?: boolean}} props
 * @returns {HTMLElement}
 */
export function sharePanel({ client, roomId, e2e, hostKey, inviteOnly, openQr = false }) {
  const field = h("input", { class: "link-field", type: "text", readOnly: true, "aria-label": "Link to this room" });
  const qrBox = h("div", { class: "qr-box", hidden: !openQr });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const note = h("p", { class: "hint" });
  field.addEventListener("focus", () => field.select());

  async function display(link, text) {
    field.value = link;
    note.textContent = text;
    let shown;
    try {
      shown = qrImage(await qrPath(link), "QR code of the link");
    } catch {
      shown = h("p", { class: "hint" }, "There is no QR code of this link: send it as text.");
    }
    if (field.value === link) qrBox.replaceChildren(shown);
  }

  async function freshInvite() {
    problem.hidden = true;
    try {
      const invite = await client.createInvite({ roomId, hostKey, encryptionKey: e2e, site: location.origin });
      display(invite.link, "This link lets one person in, once. Make a new one for the next person.");
    } catch (error) {
      problem.textContent = error.message;
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
    announce("Link copied");
    copyButton.classList.add("done");
    copyButton.querySelector("span").textContent = "Copied";
    setTimeout(() => {
      copyButton.classList.remove("done");
      copyButton.querySelector("span").textContent = "Copy link";
    }, COPIED_MS);
  }

  const copyButton = h("button", { class: "button primary", type: "button", onclick: copy }, icon("copy"), h("span", {}, "Copy link"));
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
    "QR code",
  );
  const share = () => navigator.share({ title: "Mayfly", text: "Join me in this room:", url: field.value }).catch(() => {});
  if (inviteOnly) freshInvite();
  else display(client.buildLink({ site: location.origin, roomId, e2e }), "Anyone with this link can come in while there is room.");
  return h(
    "div",
    { class: "share" },
    field,
    h(
      "div",
      { class: "share-buttons" },
      copyButton,
      navigator.share && h("button", { class: "button", type: "button", onclick: share }, icon("share"), "Share"),
      qrButton,
      inviteOnly && actionButton("New link", freshInvite, { class: "button", busy: "Making …" }),
    ),
    qrBox,
    note,
    problem,
  );
}

/** Whether this person has a link to give away. */
export const canShare = (room, hostKey) => !room.inviteOnly || Boolean(hostKey);
