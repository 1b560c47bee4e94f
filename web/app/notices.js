/** Whole pages for the moments when there is no room to show: used, over, full, locked, not found, and so on. */

import { h, setText, show } from "./dom.js";
import { icon, ripples } from "./icons.js";
import { actionButton, topBar } from "./parts.js";
import { hasWords, pieces, t } from "./words.js";

/** What a person can do besides making a room of their own; what is said of each code is in `words/`. */
const ACTIONS = {
  retry: ["ROOM_FULL", "ROOM_LOCKED", "KNOCK_REFUSED", "RATE_LIMITED", "CONNECTION_LOST", "TIMEOUT"],
  rejoin: ["left", "timeout"],
  takeBack: ["replaced"],
};
const CALM = new Set(["left", "lost", "room-ended", "room-expired", "ROOM_ENDED", "ROOM_EXPIRED"]);

/**
 * @param {string} code an error code, or the reason of an ending
 * @param {{retry?: () => void, rejoin?: () => void, takeBack?: () => void, detail?: string,
 *   undo?: {until: number, run: () => void, over: () => void}}} [actions] `undo` is offered until then (milliseconds since 1970),
 *   in place of `rejoin`; `over` is called as that time is up
 */
export function showNotice(code, actions = {}) {
  const known = hasWords(`notice.${code}`);
  const name = known ? code : "unknown";
  const [title, text] = [t(`notice.${name}`), t(`notice.${name}.more`)];
  const action = known ? Object.keys(ACTIONS).find((each) => ACTIONS[each].includes(code)) : "retry";
  const offered = {
    retry: actions.retry && actionButton(t("tryAgain"), async () => actions.retry(), { busy: t("notice.trying") }),
    rejoin: actions.rejoin && actionButton(t("notice.goBackIn"), async () => actions.rejoin()),
    takeBack: actions.takeBack && actionButton(t("notice.useItHere"), async () => actions.takeBack()),
  }[action];
  const undo = actions.undo && undoing(actions.undo, offered);
  show(
    h(
      "div",
      { class: "notice-page", "data-notice": code },
      topBar(),
      h(
        "main",
        { class: "notice" },
        h("div", { class: `notice-art ${CALM.has(code) ? "calm" : ""}` }, ripples({ still: true })),
        h("h1", {}, title),
        h("p", {}, text),
        undo?.words,
        !known && actions.detail && h("p", { class: "hint" }, actions.detail),
        h("div", { class: "notice-actions" }, undo?.button ?? offered, h("a", { class: offered ? "button" : "button primary", href: "/" }, t("notice.newRoom"))),
      ),
    ),
    { title },
  );
}

/** t("undo") with the seconds that are left for it; then `later` stands in its place. */
function undoing({ until, run, over }, later) {
  const words = h("p", { class: "hint", role: "timer" });
  const button = actionButton(t("undo"), async () => run());
  const tick = () => {
    // Another page is shown: nothing of this one is kept for a clock.
    if (timer && !words.isConnected) return clearInterval(timer);
    const seconds = Math.ceil((until - Date.now()) / 1000);
    if (seconds > 0) return setText(words, t("notice.seatKept", { seconds }));
    clearInterval(timer);
    words.remove();
    const focused = button === document.activeElement;
    button.replaceWith(later);
    if (focused) later.focus();
    over();
  };
  let timer = null;
  tick();
  timer = setInterval(tick, 1_000);
  return { words, button };
}

/** The server runs without its JavaScript packages: say what to install. */
export function showMissingClient() {
  show(
    h(
      "div",
      { class: "notice-page", "data-notice": "missing-client" },
      topBar(),
      h(
        "main",
        { class: "notice" },
        h("div", { class: "notice-art" }, icon("alert", 44)),
        h("h1", {}, t("notice.missing")),
        h("p", {}, t("notice.missing.more")),
        h(
          "ol",
          { class: "steps" },
          h("li", {}, t("notice.missing.node")),
          h("li", {}, pieces("notice.missing.install", { make: h("code", {}, "make install"), npm: h("code", {}, "npm ci --prefix client && npm ci --prefix web") })),
          h("li", {}, t("notice.missing.reload")),
        ),
        h("div", { class: "notice-actions" }, actionButton(t("notice.reload"), async () => location.reload())),
      ),
    ),
    { title: t("notice.missing") },
  );
}

/** Something is being fetched. */
export function showWaiting(title, text, ...actions) {
  show(
    h(
      "div",
      { class: "notice-page" },
      topBar(),
      h(
        "main",
        { class: "notice", "aria-busy": "true" },
        h("div", { class: "notice-art" }, ripples()),
        h("h1", {}, title),
        text && h("p", {}, text),
        h("div", { class: "notice-actions" }, actions),
      ),
    ),
    { title },
  );
}
