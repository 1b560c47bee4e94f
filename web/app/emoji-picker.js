/** Choosing an emoji: with a word, with the arrows, or with a finger. */

import { h } from "./dom.js";
import { openDialog } from "./parts.js";
import { isRightToLeft, lower, t } from "./words.js";

/**
 * The row of those that are used most.
 * @param {{emojis: readonly any[], label: string, chosen: (emoji: string) => void, isOn?: (emoji: string) => boolean}} props
 */
export function quickRow({ emojis, label, chosen, isOn }) {
  const often = emojis.filter(({ group }) => group === "Often");
  const buttons = often.map(({ emoji, name }) =>
    h("button", { class: "emoji", type: "button", "aria-label": name, title: name, "aria-pressed": isOn && String(isOn(emoji)), onclick: () => chosen(emoji) }, emoji),
  );
  return h("div", { class: "quick-row", role: "group", "aria-label": label }, buttons);
}

/** @param {{emojis: readonly any[], title: string, chosen: (emoji: string) => void, onclose?: () => void}} props */
export function openEmojiPicker({ emojis, title, chosen, onclose }) {
  openDialog({ title, class: "small sheet picker", body: (close) => pickerBody(emojis, (emoji) => (close(), chosen(emoji))), onclose });
}

function pickerBody(emojis, choose) {
  const grid = h("div", { class: "emoji-groups" });
  const none = h("p", { class: "hint", hidden: true }, t("emoji.none"));
  const draw = (word) => {
    const found = emojis.filter(({ name }) => lower(name).includes(lower(word.trim())));
    grid.replaceChildren(...groupsOf(found).map(([group, members]) => groupOf(group, members, choose)));
    none.hidden = found.length > 0;
    const first = grid.querySelector(".emoji");
    if (first) first.tabIndex = 0;
  };
  const field = h("input", {
    type: "text",
    class: "emoji-search",
    placeholder: t("emoji.example"),
    "aria-label": t("emoji.find"),
    oninput: () => draw(field.value),
    onkeydown: (event) => {
      if (event.key === "Enter") grid.querySelector(".emoji")?.click();
      if (event.key === "ArrowDown") grid.querySelector(".emoji")?.focus();
      if (["Enter", "ArrowDown"].includes(event.key)) event.preventDefault();
    },
  });
  grid.addEventListener("keydown", (event) => moveOn(grid, event));
  draw("");
  return [field, grid, none];
}

function groupsOf(emojis) {
  const groups = new Map();
  for (const entry of emojis) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups];
}

function groupOf(group, members, choose) {
  const buttons = members.map(({ emoji, name }) =>
    h("button", { class: "emoji", type: "button", tabIndex: -1, "aria-label": name, title: name, onclick: () => choose(emoji) }, emoji),
  );
  return h("section", { class: "emoji-group", "aria-label": t(`emoji.in.${group}`) }, h("h3", {}, t(`emoji.in.${group}`)), h("div", { class: "emoji-grid" }, buttons));
}

/** One stop for Tab; the arrows go from one to the next. */
function moveOn(grid, event) {
  const all = [...grid.querySelectorAll(".emoji")];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const { width } = all[at].getBoundingClientRect();
  const columns = Math.max(1, Math.floor(all[at].parentElement.clientWidth / width));
  const onward = isRightToLeft() ? -1 : 1;
  const steps = { ArrowRight: onward, ArrowLeft: -onward, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: all.length - 1 - at };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const next = all[Math.min(all.length - 1, Math.max(0, at + steps[event.key]))];
  all[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
