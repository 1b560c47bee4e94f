/** Who knocks: a card on the stage that stays until it is answered, words in the title, and a notification elsewhere. */

import { announce, h, keyed } from "./dom.js";
import { errorWords } from "./error-words.js";
import { markedName } from "./format.js";
import { icon } from "./icons.js";
import { actionButton } from "./parts.js";
import { pieces, t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

export class Knocks {
  #room;
  #toast;
  #views = new Map();
  /** Shown outside of the page, by knock: closed as soon as it is answered. */
  #notified = new Map();
  #known = new Set();
  #sound;

  /** @param {{room: Room, scope: import("./scope.js").Scope, toast: (text: string) => void, sound: () => void}} props */
  constructor({ room, scope, toast, sound }) {
    this.#room = room;
    this.#toast = toast;
    this.#sound = sound;
    this.element = h("ul", { class: "knock-cards", "aria-label": t("people.door") });
    scope.add(() => this.#notified.forEach((shown) => shown.close()));
  }

  /** @param {readonly any[]} knocks @param {{hidden: boolean}} how where the list of people shows them, the stage need not */
  draw(knocks, { hidden }) {
    for (const knock of knocks) if (!this.#known.has(knock.knockId)) this.#heard(knock);
    this.#known = new Set(knocks.map(({ knockId }) => knockId));
    for (const [id, shown] of this.#notified) if (!this.#known.has(id)) this.#forget(id, shown);
    keyed(this.element, this.#views, knocks, ({ knockId }) => knockId, (knock) => ({ element: this.#card(knock) }));
    this.element.hidden = hidden || knocks.length === 0;
  }

  /** What stands before the title of the page. */
  static title(knocks) {
    if (!knocks.length) return "";
    return `${knocks.length === 1 ? t("knock.one", { name: markedName(knocks[0]) }) : t("knock.many", { count: knocks.length })} · `;
  }

  #heard(knock) {
    const words = t("knock.one", { name: markedName(knock) });
    announce(words);
    this.#sound();
    if (document.visibilityState === "visible" || globalThis.Notification?.permission !== "granted") return;
    try {
      const shown = new Notification(words, { body: t("knock.answer"), tag: knock.knockId });
      shown.onclick = () => (window.focus(), shown.close());
      this.#notified.set(knock.knockId, shown);
    } catch {
      // Some phones allow it to service workers only; card, title and sound are there.
    }
  }

  #forget(id, shown) {
    shown.close();
    this.#notified.delete(id);
  }

  #card({ knockId, name, unsealed }) {
    const shown = markedName({ name, unsealed });
    const answer = async (admit) => {
      try {
        await this.#room.answerKnock(knockId, admit);
      } catch (error) {
        this.#toast(errorWords(error));
      }
    };
    return h(
      "li",
      { class: "knock-card" },
      h("p", {}, icon("hand", 20), h("span", {}, pieces("knock.one", { name: h("bdi", { class: "name" }, shown) }))),
      h(
        "div",
        { class: "knock-answers" },
        actionButton(t("people.letIn"), () => answer(true), { class: "button primary small", "aria-label": t("people.letInName", { name: shown }) }),
        actionButton(t("people.decline"), () => answer(false), { class: "button small", "aria-label": t("people.declineName", { name: shown }) }),
      ),
      askButton(),
    );
  }
}

/** Browsers ask about notifications once; so does the page, and only when somebody presses for it. */
function askButton() {
  if (globalThis.Notification?.permission !== "default") return null;
  const button = h(
    "button",
    {
      class: "link-button",
      type: "button",
      onclick: async () => {
        await Notification.requestPermission();
        document.querySelectorAll(".knock-card .link-button").forEach((other) => other.remove());
      },
    },
    t("knock.notify"),
  );
  return button;
}
