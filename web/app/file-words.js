/** Files in words: what one is, how large, how long, and why one did not come through. */

import { errorWords } from "./error-words.js";
import { hasWords, number, t } from "./words.js";

const UNITS = ["bytes", "kB", "MB", "GB"];
const STEP = 1_000;

export function sizeWords(bytes) {
  let [size, at] = [bytes, 0];
  for (; size >= STEP && at < UNITS.length - 1; at += 1) size /= STEP;
  return t(`size.${UNITS[at]}`, { size: at && size < 10 ? number(size, 1) : number(Math.round(size)) });
}

/** "0:07", "12:40" */
export function durationWords(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const nameWords = ({ name }) => name || t("files.noName");

/** What a message's files are, in place of a text. */
export function filesWords({ attachments, kind }) {
  const [file] = attachments ?? [];
  if (!file) return "";
  if (kind === "voice") return file.durationS === undefined ? t("voice.message") : t("voice.messageOf", { time: durationWords(file.durationS) });
  if (file.type.startsWith("image/") && file.thumbnail) return t("files.picture");
  return nameWords(file);
}

/** Why a file did not come through. @param {{code?: string, message?: string}} error */
export const fileProblem = (error) => (hasWords(`files.${error.code}`) ? t(`files.${error.code}`) : errorWords(error));
