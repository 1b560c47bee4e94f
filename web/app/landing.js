/** The front page: what this is, and the form that makes a room. */

import { h, show } from "./dom.js";
import { errorWords } from "./error-words.js";
import { glyph, icon, ripples } from "./icons.js";
import { rememberHost } from "./host-key.js";
import { languageChoice } from "./language-choice.js";
import { yourRooms } from "./own-rooms.js";
import { actionButton, segmented, switchField, topBar } from "./parts.js";
import { t } from "./words.js";

/** @type {[string, string][]} */
const CAPACITIES = [["2", "2"], ["4", "4"], ["8", "8"], ["16", "16"]];
const LIFETIMES = [["900", "quarter"], ["3600", "hour"], ["86400", "day"], ["604800", "week"]];

/** @type {[import("./icons.js").IconName, string][]} */
const PROMISES = [["shield", "private"], ["clock", "ends"], ["people", "free"]];

/** @param {{client: typeof import("../../client/browser.js"), go: (link: string) => void}} page */
export function showLanding({ client, go }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const form = h(
    "form",
    { class: "card maker", "aria-labelledby": "maker-title", onsubmit: (event) => event.preventDefault() },
    h("h2", { id: "maker-title" }, t("makeRoom")),
    segmented({ legend: t("landing.howMany"), name: "capacity", options: CAPACITIES, value: "4" }),
    segmented({ legend: t("landing.howLong"), name: "lifetime", options: LIFETIMES.map(([seconds, name]) => [seconds, t(`landing.${name}`)]), value: "86400" }),
    h(
      "div",
      { class: "switches" },
      switchField({ name: "inviteOnly", label: t("landing.oneTime"), hint: t("landing.oneTimeMore") }),
      switchField({ name: "lobby", label: t("landing.lobby"), hint: t("landing.lobbyMore") }),
    ),
    problem,
    actionButton(t("makeRoom"), () => make(), { class: "button primary wide", busy: t("landing.making") }),
    !client.canEncrypt() && h("p", { class: "hint caution" }, t("landing.insecure")),
  );

  async function make() {
    problem.hidden = true;
    const fields = new FormData(form);
    try {
      const made = await client.createRoom({
        capacity: Number(fields.get("capacity")),
        expiresInS: Number(fields.get("lifetime")),
        inviteOnly: fields.has("inviteOnly"),
        lobby: fields.has("lobby"),
        site: location.origin,
        encrypt: client.canEncrypt(),
      });
      rememberHost(made.roomId, made.hostKey, { e2e: made.encryptionKey, expiresAt: made.room.expiresAt });
      go(made.link);
    } catch (error) {
      problem.textContent = wordsFor(error);
      problem.hidden = false;
    }
  }

  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) form.querySelector(".button.primary").click();
  });

  show(
    h(
      "div",
      { class: "landing" },
      topBar(languageChoice()),
      h(
        "main",
        { class: "landing-main" },
        h(
          "div",
          { class: "pitch" },
          h("h1", {}, t("landing.headline"), h("br"), h("em", {}, t("landing.headlineEnd"))),
          h("p", { class: "lede" }, t("landing.lede")),
          h(
            "ul",
            { class: "promises" },
            PROMISES.map(([name, promise]) =>
              h("li", {}, h("span", { class: "promise-icon" }, icon(name, 22)), h("div", {}, h("h2", {}, t(`landing.${promise}`)), h("p", {}, t(`landing.${promise}More`)))),
            ),
          ),
        ),
        h("div", { class: "maker-side" }, h("div", { class: "pond", "aria-hidden": "true" }, ripples({ still: true }), glyph(92)), yourRooms({ client }), form),
      ),
      h("footer", { class: "landing-foot" }, h("p", {}, t("landing.foot"))),
    ),
    { title: t("landing.title"), focus: false },
  );
}

function wordsFor(error) {
  if (error.code === "RATE_LIMITED") return t("landing.tooMany");
  if (error.code === "SERVER_DRAINING") return t("landing.draining");
  if (error.code === "CONNECTION_LOST" || error.code === "TIMEOUT") return t("landing.unreachable");
  return error.message ? errorWords(error) : t("landing.failed");
}
