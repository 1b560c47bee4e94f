/** The operator's page: the key, then the process and its rooms, without what anybody said. */

import { announce, h, show } from "../app/dom.js";
import { glyph } from "../app/icons.js";
import { applySavedTheme, themeButton } from "../app/theme.js";
import { Api } from "./api.js";
import { Board } from "./board.js";

applySavedTheme();
showDoor();

function bar(...more) {
  return h(
    "header",
    { class: "top-bar" },
    h("a", { class: "brand", href: "/" }, glyph(30), h("span", {}, "Mayfly")),
    h("div", { class: "top-bar-end" }, more, themeButton()),
  );
}

/** @param {string} [problem] why the key is asked for again */
function showDoor(problem = "") {
  const key = h("input", { id: "key", name: "key", type: "password", autocomplete: "current-password", required: true, "aria-describedby": "key-hint key-problem" });
  const told = h("p", { id: "key-problem", class: "problem", role: "alert", hidden: !problem }, problem);
  const button = h("button", { class: "button primary wide", type: "submit" }, "Look");
  const tell = (text) => {
    told.textContent = text;
    told.hidden = false;
    key.setAttribute("aria-invalid", "true");
    key.focus();
    key.select();
  };
  const form = h(
    "form",
    {
      class: "card admin-door",
      onsubmit: async (event) => {
        event.preventDefault();
        if (button.getAttribute("aria-disabled") === "true") return;
        button.setAttribute("aria-disabled", "true");
        try {
          await open(key.value);
        } catch (error) {
          tell(wordsFor(error));
        } finally {
          button.removeAttribute("aria-disabled");
        }
      },
    },
    h("h1", {}, "Operator"),
    h("div", { class: "field" }, h("label", { htmlFor: "key" }, "Admin key"), key, h("p", { id: "key-hint", class: "hint" }, "The server's ADMIN_KEY. It stays in this tab until you reload it.")),
    told,
    button,
  );
  show(h("div", { class: "admin" }, bar(), h("main", { class: "admin-main narrow" }, form)), { title: "Operator", focus: false });
  key.focus();
}

async function open(key) {
  const api = new Api(key);
  const stats = await api.stats();
  const board = new Board(api, stats, { lock: (problem) => { board.end(); showDoor(problem); } });
  const leave = h("button", { class: "button small", type: "button", onclick: () => { board.end(); showDoor(); } }, "Forget the key");
  show(h("div", { class: "admin" }, bar(leave), board.element), { title: "Operator" });
  announce("The key is right.");
  board.start();
}

function wordsFor(error) {
  if (error.code === "FORBIDDEN") return "This is not the admin key.";
  if (error.code === "RATE_LIMITED") return `Too many tries. Wait ${Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))} s.`;
  return error.message || "That did not work.";
}
