/** The front page: what this is, and the form that makes a room. */

import { h, show } from "./dom.js";
import { glyph, icon, ripples } from "./icons.js";
import { rememberHost } from "./host-key.js";
import { actionButton, segmented, switchField, topBar } from "./parts.js";

const CAPACITIES = [["2", "2"], ["4", "4"], ["8", "8"], ["16", "16"]];
const LIFETIMES = [["900", "15 min"], ["3600", "1 hour"], ["86400", "1 day"], ["604800", "1 week"]];

const PROMISES = [
  ["shield", "Only you can read it", "Messages and names are encrypted in your browser. The key stays in the link."],
  ["clock", "It ends", "When the time is up, messages, names and invites are erased for everybody."],
  ["people", "No accounts", "Whoever has the link can come in. Nobody signs up for anything."],
];

/** @param {{client: typeof import("../../client/browser.js"), go: (link: string) => void}} page */
export function showLanding({ client, go }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const form = h(
    "form",
    { class: "card maker", "aria-labelledby": "maker-title", onsubmit: (event) => event.preventDefault() },
    h("h2", { id: "maker-title" }, "Make a room"),
    segmented({ legend: "How many people?", name: "capacity", options: CAPACITIES, value: "4" }),
    segmented({ legend: "For how long?", name: "lifetime", options: LIFETIMES, value: "86400" }),
    h(
      "div",
      { class: "switches" },
      switchField({ name: "inviteOnly", label: "One-time links", hint: "Each link lets one person in, once." }),
      switchField({ name: "lobby", label: "Lobby", hint: "People knock. You let them in." }),
    ),
    problem,
    actionButton("Make a room", () => make(), { class: "button primary wide", busy: "Making your room …" }),
    !client.canEncrypt() && h("p", { class: "hint caution" }, "This page is not served over HTTPS: rooms made here are not encrypted end to end, and calls are off."),
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
      rememberHost(made.roomId, made.hostKey);
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
      topBar(),
      h(
        "main",
        { class: "landing-main" },
        h(
          "div",
          { class: "pitch" },
          h("h1", {}, "A room that is", h("br"), h("em", {}, "gone tomorrow.")),
          h("p", { class: "lede" }, "Chat and video for a few people and a short while. Make a room, send the link, talk. Then it is over, and nothing is left of it."),
          h(
            "ul",
            { class: "promises" },
            PROMISES.map(([name, title, text]) =>
              h("li", {}, h("span", { class: "promise-icon" }, icon(name, 22)), h("div", {}, h("h2", {}, title), h("p", {}, text))),
            ),
          ),
        ),
        h("div", { class: "maker-side" }, h("div", { class: "pond", "aria-hidden": "true" }, ripples({ still: true }), glyph(92)), form),
      ),
      h("footer", { class: "landing-foot" }, h("p", {}, "A mayfly lives for a day. Rooms here are not much older.")),
    ),
    { title: "Rooms for a while", focus: false },
  );
}

function wordsFor(error) {
  if (error.code === "RATE_LIMITED") return "That was a lot of rooms. Please wait a minute and try again.";
  if (error.code === "SERVER_DRAINING") return "The server is being restarted. Please try again in a few seconds.";
  if (error.code === "CONNECTION_LOST" || error.code === "TIMEOUT") return "The server could not be reached. Is your network on?";
  return error.message || "The room could not be made. Please try again.";
}
