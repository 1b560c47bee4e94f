/** What opens with the plus beside the field: a poll, how long the next messages last, and a wave to everybody. */

import { h } from "./dom.js";
import { quickRow } from "./emoji-picker.js";
import { icon } from "./icons.js";
import { openDialog, segmented, switchField } from "./parts.js";
import { openNewPoll } from "./poll-form.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const LIVES = ["", "30", "300", "3600", "86400"];

/** @type {[unit: string, seconds: number][]} */
const UNITS = [["days", 86_400], ["hours", 3_600], ["minutes", 60], ["seconds", 1]];

/** As in "disappears after an hour". */
export function ttlWords(seconds) {
  const [unit, length] = UNITS.find(([, each]) => seconds % each === 0);
  return t(`after.${unit}`, { count: seconds / length });
}

/**
 * @param {{room: Room, emojis: readonly any[], float: (emoji: string) => void, ttlS?: number, viewOnce?: boolean,
 *   chosen: (patch: object) => void, onclose: () => void}} props
 */
export function openAdd({ room, emojis, float, ttlS, viewOnce, chosen, onclose }) {
  const life = segmented({ legend: t("add.life"), name: "life", options: LIVES.map((seconds) => [seconds, t(`add.${seconds || "stays"}`)]), value: String(ttlS ?? "") });
  life.addEventListener("change", (event) => chosen({ ttlS: Number(event.target.value) || undefined }));
  const once = switchField({ name: "viewOnce", label: t("add.once"), hint: t("add.onceMore"), checked: viewOnce, onchange: (event) => chosen({ viewOnce: event.target.checked || undefined }) });
  const wave = (close) =>
    quickRow({ emojis, label: t("add.float"), chosen: (emoji) => (close(), float(emoji)) });
  openDialog({
    title: t("compose.add"),
    class: "small sheet",
    onclose,
    body: (close) => [
      h("button", { class: "choice", type: "button", onclick: () => (close(), openNewPoll({ room })) }, icon("poll"), h("span", {}, t("poll.ask"), h("small", {}, t("add.pollMore")))),
      life,
      once,
      h("div", { class: "float-row" }, h("p", { class: "label" }, t("add.float")), wave(close)),
    ],
  });
}
