/** What opens with the plus beside the field: a poll, how long the next messages last, and a wave to everybody. */

import { h } from "./dom.js";
import { quickRow } from "./emoji-picker.js";
import { icon } from "./icons.js";
import { openDialog, segmented, switchField } from "./parts.js";
import { openNewPoll } from "./poll-form.js";

const LIVES = [["", "Stays"], ["30", "30 s"], ["300", "5 min"], ["3600", "1 h"], ["86400", "1 day"]];

export function ttlWords(seconds) {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? "a day" : `${seconds / 86_400} days`;
  if (seconds % 3_600 === 0) return seconds === 3_600 ? "an hour" : `${seconds / 3_600} hours`;
  return seconds % 60 === 0 ? (seconds === 60 ? "a minute" : `${seconds / 60} minutes`) : `${seconds} seconds`;
}

/**
 * @param {{room: any, emojis: readonly any[], float: (emoji: string) => void, ttlS?: number, viewOnce?: boolean,
 *   chosen: (patch: object) => void, onclose: () => void}} props
 */
export function openAdd({ room, emojis, float, ttlS, viewOnce, chosen, onclose }) {
  const life = segmented({ legend: "How long your messages last", name: "life", options: LIVES, value: String(ttlS ?? "") });
  life.addEventListener("change", (event) => chosen({ ttlS: Number(event.target.value) || undefined }));
  const once = switchField({ name: "viewOnce", label: "Seen once", hint: "Each person opens the next message once; then it is gone.", checked: viewOnce, onchange: (event) => chosen({ viewOnce: event.target.checked || undefined }) });
  const wave = (close) =>
    quickRow({ emojis, label: "Float over everybody's screen", chosen: (emoji) => (close(), float(emoji)) });
  openDialog({
    title: "Add to the chat",
    class: "small sheet",
    onclose,
    body: (close) => [
      h("button", { class: "choice", type: "button", onclick: () => (close(), openNewPoll({ room })) }, icon("poll"), h("span", {}, "Ask with a poll", h("small", {}, "Everybody chooses; you see it at once."))),
      life,
      once,
      h("div", { class: "float-row" }, h("p", { class: "label" }, "Float over everybody's screen"), wave(close)),
    ],
  });
}
