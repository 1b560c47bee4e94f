/** How names, times and durations are shown. */

import { dateWords, list, t } from "./words.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const HUES = 6;

const segmenter = globalThis.Intl.Segmenter ? new Intl.Segmenter() : null;

/** Directional controls could turn the page around a name; what cannot be seen is no name. */
const DIRECTION = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;
const INVISIBLE = /[\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/gu;

/** What a server calls whoever gives no name. */
const NAMELESS = "Guest";

export function displayName(name) {
  const visible = String(name ?? "").replace(DIRECTION, "").replace(/\s+/g, " ").trim();
  const none = visible.replace(INVISIBLE, "") === "" || visible === NAMELESS;
  return none ? t("guest") : visible;
}

/** A name with a mark where it came in the clear into an encrypted room: anybody could have written it. */
export const markedName = ({ name, unsealed }) => (unsealed ? t("marked", { name: displayName(name), mark: t("plainName") }) : displayName(name));

/**
 * What was not encrypted of a message in an encrypted room, or "". A name inside a sealed message is as good as the message;
 * one beside a message that cannot be opened is anybody's word.
 */
export function plainPart({ encrypted, unsealed }, inEncryptedRoom) {
  if (!inEncryptedRoom) return "";
  return encrypted ? (unsealed ? t("plainName") : "") : t("plainMessage");
}

export function markedSender(message, inEncryptedRoom) {
  const mark = plainPart(message, inEncryptedRoom);
  const name = displayName(message.senderName);
  return mark ? t("marked", { name, mark }) : name;
}

/** One or two letters for an avatar. */
export function initials(name) {
  const words = displayName(name).split(" ").filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map(firstLetter) : [firstLetter(words[0])];
  return letters.join("").toLocaleUpperCase();
}

function firstLetter(word) {
  const letter = segmenter ? segmenter.segment(word)[Symbol.iterator]().next().value.segment : [...word][0];
  // A letter with a tower of combining marks would leave its circle.
  return [...letter].slice(0, 8).join("").replace(/(\p{M}{2})\p{M}+/gu, "$1");
}

/** A stable tint for each participant. */
export function hueOf(id) {
  let sum = 0;
  for (const char of id ?? "") sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return sum % HUES;
}

export const timeOf = (iso) => dateWords("clock", { hour: "2-digit", minute: "2-digit" }, new Date(iso));
export const fullTimeOf = (iso) => dateWords("full", { dateStyle: "medium", timeStyle: "medium" }, new Date(iso));

/** What is left, in the two largest units: "23 h 59 min", "4 min", "0:42". */
export function remaining(ms) {
  if (ms <= 0) return "0:00";
  if (ms < 5 * MINUTE_MS) {
    const seconds = Math.ceil(ms / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  const days = Math.floor(ms / DAY_MS);
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  if (days) return t("time.days", { days, hours });
  return hours ? t("time.hours", { hours, minutes }) : t("time.minutes", { minutes });
}

/** "Ada", "Ada and Ben", "Ada, Ben and 2 others" */
export function listNames(names) {
  return list(names.length <= 2 ? names : [...names.slice(0, 2), t("others", { count: names.length - 2 })]);
}
