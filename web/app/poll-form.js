/** Asking: a question, two options or more, and how they are chosen. */

import { h } from "./dom.js";
import { actionButton, openDialog, switchField } from "./parts.js";

const MAX_OPTIONS = 12;
const QUESTION_CHARS = 300;
const OPTION_CHARS = 100;

/** @param {{room: any}} props */
export function openNewPoll({ room }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const question = h("input", { id: "poll-question", type: "text", maxLength: QUESTION_CHARS, dir: "auto", autocomplete: "off" });
  const options = h("div", { class: "poll-options-form" });
  const more = h("button", { class: "button small", type: "button", onclick: () => addOption(options, more).focus() }, "Add an option");
  for (let count = 0; count < 2; count += 1) addOption(options, more);
  const multiple = switchField({ name: "multiple", label: "Several may be chosen" });
  const anonymous = switchField({ name: "anonymous", label: "Anonymous", hint: "Nobody is told who chose what. The server knows." });
  const isOn = (field) => field.querySelector("input").checked;
  const ask = async (close) => {
    const texts = [...options.querySelectorAll("input")].map(({ value }) => value.trim()).filter(Boolean);
    problem.textContent = !question.value.trim() ? "What is the question?" : texts.length < 2 ? "It needs two options or more." : "";
    try {
      if (!problem.textContent) {
        await room.createPoll({ question: question.value, options: texts, multiple: isOn(multiple), anonymous: isOn(anonymous) });
        return close();
      }
    } catch (error) {
      problem.textContent = error.message;
    }
    problem.hidden = false;
  };
  openDialog({
    title: "Ask with a poll",
    class: "small",
    body: (close) => [
      h("div", { class: "field" }, h("label", { htmlFor: "poll-question" }, "Question"), question),
      h("fieldset", { class: "field poll-form" }, h("legend", {}, "Options"), options, more),
      h("div", { class: "switches" }, multiple, anonymous),
      problem,
      h("div", { class: "dialog-actions" }, actionButton("Ask", () => ask(close), { busy: "Asking …" })),
    ],
  });
  question.focus();
}

function addOption(options, more) {
  const number = options.childElementCount + 1;
  const field = h("input", { type: "text", maxLength: OPTION_CHARS, dir: "auto", autocomplete: "off", "aria-label": `Option ${number}`, placeholder: `Option ${number}` });
  options.append(field);
  more.hidden = number >= MAX_OPTIONS;
  return field;
}
