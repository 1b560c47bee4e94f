/** "Your rooms" on the front page: those whose host key is in this browser. */

import { h } from "./dom.js";
import { remaining } from "./format.js";
import { forgetHost, noteRoom, ownRooms } from "./host-key.js";
import { icon } from "./icons.js";
import { openElsewhere } from "./share.js";
import { dateWords, t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

const SHOWN = 5;

/** @param {{client: Client}} props @returns {HTMLElement | null} nothing where there are none */
export function yourRooms({ client }) {
  const rooms = ownRooms().slice(0, SHOWN);
  if (!rooms.length) return null;
  const list = h("ul", { class: "own-rooms" });
  const element = h("section", { class: "card your-rooms", "aria-labelledby": "your-rooms" }, h("h2", { id: "your-rooms" }, t("own.title")), list);
  const gone = (row) => {
    row.remove();
    if (!list.childElementCount) element.remove();
  };
  list.append(...rooms.map((room) => roomRow({ client, room, gone })));
  return element;
}

function roomRow({ client, room, gone }) {
  const { roomId, e2e, hostKey, madeAt, expiresAt } = room;
  const name = dateWords("made", { weekday: "long", hour: "2-digit", minute: "2-digit" }, madeAt);
  const detail = h("small", {}, expiresAt ? leftWords(expiresAt) : "");
  const link = client.buildLink({ site: location.origin, roomId, e2e });
  const small = (sign, label, onclick) => h("button", { class: "icon-button quiet", type: "button", "aria-label": t("own.of", { what: label, time: name }), title: label, onclick }, icon(sign, 18));
  const forget = () => {
    forgetHost(roomId);
    gone(row);
  };
  const row = h(
    "li",
    { class: "own-room" },
    h("span", { class: "own-room-text" }, name, detail),
    h("a", { class: "button small", href: link, "aria-label": t("own.of", { what: t("own.open"), time: name }) }, t("own.open")),
    small("qr", t("share.elsewhere"), () => openElsewhere({ client, roomId, e2e, hostKey })),
    small("bin", t("own.forget"), forget),
  );
  look({ client, link, roomId, detail }).then((isThere) => isThere || forget());
  return row;
}

const leftWords = (expiresAt) => t("own.left", { time: remaining(Date.parse(expiresAt) - Date.now()) });

/** @returns {Promise<boolean>} whether the room is still there, as far as can be told */
async function look({ client, link, roomId, detail }) {
  try {
    const { status, participantCount, expiresAt } = await client.lookUpRoom(link);
    if (status === "ended") return false;
    noteRoom(roomId, { expiresAt });
    const inside = participantCount ? t("own.inside", { count: participantCount }) : t("own.nobody");
    detail.textContent = `${leftWords(expiresAt)} · ${inside}`;
    return true;
  } catch (error) {
    return !["ROOM_NOT_FOUND", "ROOM_ENDED", "ROOM_EXPIRED"].includes(error.code);
  }
}
