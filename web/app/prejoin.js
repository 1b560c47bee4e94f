/** The door: what room this is, how one looks and sounds, one's name, and the button that goes in. Spends nothing. */

import { h, show } from "./dom.js";
import { remaining } from "./format.js";
import { icon } from "./icons.js";
import { languageChoice } from "./language-choice.js";
import { actionButton, topBar } from "./parts.js";
import { Preview } from "./preview.js";
import { canShare, sharePanel } from "./share.js";
import { t } from "./words.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

const NAME_KEY = "mayfly-page:name";
const MAX_NAME_CHARS = 48;

/**
 * @param {{client: Client, parsed: any, room: import("../../client/index.js").RoomInfo, hostKey?: string, fresh: boolean, problem?: string,
 *   enter: (options: object) => Promise<void>, scope: import("./scope.js").Scope}} page `enter` is fulfilled when the page has
 *   moved on
 */
export function showPrejoin({ client, parsed, room, hostKey, fresh, problem = "", enter, scope }) {
  const preview = new Preview({ client, scope });
  const name = h("input", {
    id: "your-name",
    name: "name",
    type: "text",
    autocomplete: "name",
    maxLength: MAX_NAME_CHARS,
    placeholder: t("guest"),
    value: savedName(),
    dir: "auto",
    enterKeyHint: "go",
  });
  const password = room.passwordRequired && !hostKey && h("input", { id: "password", type: "password", autocomplete: "off", required: true });
  const alert = h("p", { class: "problem", role: "alert", hidden: !problem }, problem);
  const join = actionButton(t("door.join"), go, { class: "button primary wide join", busy: t("door.goingIn"), before: icon("arrow") });

  async function go() {
    const typed = name.value.trim();
    saveName(typed);
    const tracks = preview.take();
    await enter({ name: typed || undefined, password: password ? password.value : undefined, tracks });
  }

  const form = h(
    "form",
    {
      class: "door-form",
      onsubmit: (event) => {
        event.preventDefault();
        join.click();
      },
    },
    h("h1", {}, fresh ? t("door.ready") : hostKey ? t("door.yours") : t("door.goIn")),
    facts(client, parsed, room),
    h("div", { class: "field" }, h("label", { htmlFor: "your-name" }, t("yourName")), name),
    password && h("div", { class: "field" }, h("label", { htmlFor: "password" }, t("door.password")), password),
    alert,
    join,
  );

  show(
    h(
      "div",
      { class: "door" },
      topBar(languageChoice()),
      h(
        "main",
        { class: "door-main" },
        preview.element,
        h(
          "div",
          { class: "door-side" },
          h("div", { class: "card" }, form),
          hostKey &&
            canShare(room, hostKey) &&
            h(
              "section",
              { class: "card invite", "aria-labelledby": "invite-title" },
              h("h2", { id: "invite-title" }, room.inviteOnly ? t("door.invite") : t("door.send")),
              sharePanel({ client, roomId: parsed.roomId, e2e: parsed.e2e, hostKey, inviteOnly: room.inviteOnly, fresh }),
            ),
        ),
      ),
    ),
    { title: fresh ? t("door.ready") : t("door.join") },
  );
  preview.open();
}

function facts(client, parsed, room) {
  const left = Date.parse(room.expiresAt) - Date.now();
  const here = room.participantCount;
  return h(
    "ul",
    { class: "facts" },
    h("li", {}, icon("people", 18), here ? t("door.inside", { count: here, capacity: room.capacity }) : t("door.nobody", { capacity: room.capacity })),
    h("li", {}, icon("clock", 18), t("door.ends", { time: remaining(left) })),
    parsed.e2e
      ? h("li", {}, icon("shield", 18), t("encrypted"))
      : h("li", { class: "caution" }, icon("shieldOff", 18), t("door.noKey")),
    room.lobby && h("li", {}, icon("hand", 18), t("door.lobby")),
  );
}

export function savedName() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function saveName(name) {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // It is then asked for again.
  }
}
