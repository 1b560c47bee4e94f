/** The door: what room this is, how one looks and sounds, one's name, and the button that goes in. Spends nothing. */

import { h, show } from "./dom.js";
import { plural, remaining } from "./format.js";
import { icon } from "./icons.js";
import { actionButton, topBar } from "./parts.js";
import { Preview } from "./preview.js";
import { canShare, sharePanel } from "./share.js";

const NAME_KEY = "mayfly-page:name";
const MAX_NAME_CHARS = 48;

/**
 * @param {{client: any, parsed: any, room: any, hostKey?: string, fresh: boolean, problem?: string,
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
    placeholder: "Guest",
    value: savedName(),
    dir: "auto",
    enterKeyHint: "go",
  });
  const password = room.passwordRequired && !hostKey && h("input", { id: "password", type: "password", autocomplete: "off", required: true });
  const alert = h("p", { class: "problem", role: "alert", hidden: !problem }, problem);
  const join = actionButton("Join", go, { class: "button primary wide join", busy: "Going in …", before: icon("arrow") });

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
    h("h1", {}, fresh ? "Your room is ready" : hostKey ? "Your room" : "Ready to go in?"),
    facts(client, parsed, room),
    h("div", { class: "field" }, h("label", { htmlFor: "your-name" }, "Your name"), name),
    password && h("div", { class: "field" }, h("label", { htmlFor: "password" }, "Password of this room"), password),
    alert,
    join,
  );

  show(
    h(
      "div",
      { class: "door" },
      topBar(),
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
              h("h2", { id: "invite-title" }, room.inviteOnly ? "Invite somebody" : "Send this link"),
              sharePanel({ client, roomId: parsed.roomId, e2e: parsed.e2e, hostKey, inviteOnly: room.inviteOnly }),
            ),
        ),
      ),
    ),
    { title: fresh ? "Your room is ready" : "Join" },
  );
  preview.open();
}

function facts(client, parsed, room) {
  const left = Date.parse(room.expiresAt) - Date.now();
  const here = room.participantCount;
  return h(
    "ul",
    { class: "facts" },
    h("li", {}, icon("people", 18), here ? `${plural(here, "person is", "people are")} inside, ${room.capacity} can be` : `Nobody is inside yet, ${room.capacity} can be`),
    h("li", {}, icon("clock", 18), `Ends in ${remaining(left)}`),
    parsed.e2e
      ? h("li", {}, icon("shield", 18), "End-to-end encrypted")
      : h("li", { class: "caution" }, icon("shieldOff", 18), "Not end-to-end encrypted: the link has no key"),
    room.lobby && h("li", {}, icon("hand", 18), "A host lets people in"),
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
