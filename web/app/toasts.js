/** Short notes over the stage, spoken as they are shown. */

import { announce, h } from "./dom.js";

const TOAST_MS = 6_000;
/** One that says what to do is there for long enough to do it. */
const ADVICE_MS = 14_000;

export class Toasts {
  #scope;

  constructor(scope) {
    this.#scope = scope;
    this.element = h("div", { class: "toasts" });
  }

  /** @returns {() => void} takes it away before its time */
  show(text) {
    return this.#add(text, TOAST_MS);
  }

  /** The same advice once more starts its time anew, and is not shown twice. */
  advise(text) {
    for (const shown of this.element.children) if (shown.textContent === text) shown.remove();
    this.#add(text, ADVICE_MS);
  }

  /** A question, there until it is answered; at the scope's end the answer is no. @returns {Promise<boolean>} */
  ask(text, yes, no) {
    const unsay = announce(text);
    return new Promise((resolve) => {
      const forget = this.#scope.add(() => answer(false));
      const answer = (said) => {
        unsay();
        question.remove();
        resolve(said);
      };
      const button = (label, said, className) => h("button", { class: `button small ${className}`, type: "button", onclick: () => (answer(said), forget()) }, label);
      const question = h("div", { class: "toast question", role: "group", "aria-label": text }, h("p", {}, text), h("div", { class: "question-answers" }, button(yes, true, "primary"), button(no, false, "")));
      this.element.append(question);
    });
  }

  #add(text, ms) {
    const unsay = announce(text);
    const toast = h("p", { class: "toast" }, text);
    this.element.append(toast);
    this.#scope.after(ms, () => toast.remove());
    return () => {
      unsay();
      toast.remove();
    };
  }
}
