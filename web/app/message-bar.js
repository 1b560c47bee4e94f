/** What can be done with a message: a few buttons beside it, and everything in a menu. */

import { h } from "./dom.js";
import { openEmojiPicker, quickRow } from "./emoji-picker.js";
import { icon } from "./icons.js";
import { openDialog } from "./parts.js";
import { t } from "./words.js";

/** How long a finger rests on a message before its menu opens, and how far it may move meanwhile. */
const PRESS_MS = 450;
const PRESS_PX = 10;

/** Shown while a pointer or the focus is on the message. No stop for Tab: Enter on the message opens a menu of everything. */
export class MessageBar {
  constructor(message, act) {
    const button = (name, label, action) =>
      h("button", { class: "bar-button", type: "button", tabIndex: -1, "aria-label": label, title: label, onclick: () => action(message()) }, icon(name, 18));
    this.react = button("smile", t("act.react"), act.reactWith);
    this.reply = button("reply", t("act.reply"), act.reply);
    this.element = h("div", { class: "message-bar" }, this.react, this.reply, button("more", t("act.more"), act.menu));
  }

  draw({ state, deleting, unreadable }) {
    this.element.hidden = state !== "sent" || Boolean(deleting);
    this.reply.hidden = Boolean(unreadable);
  }
}

/** A finger that rests on the message. A mouse has the bar, and its right button stays the browser's. */
export function watchPress(element, open) {
  let timer;
  let from;
  const stop = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("button, a")) return;
    from = event;
    stop();
    timer = setTimeout(open, PRESS_MS);
  });
  element.addEventListener("pointermove", (event) => {
    if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > PRESS_PX) stop();
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) element.addEventListener(end, stop);
}

/**
 * @param {{message: any, now: () => any, emojis: readonly any[], may: Record<string, boolean>, pinned: boolean, seen: string,
 *   act: Record<string, Function>, onclose: () => void}} props `now`: the message as it is when something is chosen
 */
export function openMessageMenu({ message, now, emojis, may, pinned, seen, act, onclose }) {
  const choice = (name, label, action, /** @type {{close: () => void, hint?: string, danger?: boolean}} */ { hint, danger, close }) =>
    h(
      "button",
      { class: danger ? "choice danger" : "choice", type: "button", onclick: () => (close(), action(now() ?? message)) },
      icon(name),
      h("span", {}, label, hint && h("small", {}, hint)),
    );
  return openDialog({
    onclose,
    title: t("message"),
    class: "small sheet",
    body: (close) => [
      may.react && reactionRow({ message, emojis, act, close }),
      h(
        "div",
        { class: "choices" },
        may.reply && choice("reply", t("act.reply"), act.reply, { close }),
        may.copy && choice("copy", t("act.copy"), act.copy, { close }),
        may.copy && choice("quote", t("act.quote"), act.quote, { close, hint: t("act.quoteMore") }),
        may.edit && choice("edit", t("act.edit"), act.edit, { close }),
        may.pin && choice("pin", pinned ? t("pinned.unpin") : t("pinned.pin"), act.pin, { close }),
        may.delete && choice("bin", t("act.delete"), act.delete, { close, danger: true, hint: t("act.deleteMore") }),
      ),
      seen && h("p", { class: "hint" }, t("message.seenBy", { names: seen })),
    ],
  });
}

function reactionRow({ message, emojis, act, close }) {
  const isOn = (emoji) => Boolean(message.reactions?.find((reaction) => reaction.emoji === emoji)?.mine);
  const row = quickRow({ emojis, label: t("act.react"), isOn, chosen: (emoji) => (close(), act.react(message, emoji)) });
  row.append(h("button", { class: "emoji more-emoji", type: "button", "aria-label": t("act.moreEmoji"), title: t("act.moreEmoji"), onclick: () => (close(), act.reactWith(message)) }, icon("plus", 18)));
  return row;
}

/** All there are, for one message. */
export function pickReaction({ message, emojis, act }) {
  openEmojiPicker({ emojis, title: t("act.react"), chosen: (emoji) => act.react(message, emoji) });
}
