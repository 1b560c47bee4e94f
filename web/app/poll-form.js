/** Asking: a question, two options or more, and how they are chosen. */

import { h } from "./dom.js";
import { errorWords } from "./error-words.js";
import { actionButton, openDialog, switchField } from "./parts.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const MAX_OPTIONS = 12;
const QUESTION_CHARS = 300;
const OPTION_CHARS = 100;

/** @param {{room: Room}} props */
export function openNewPoll({ room }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const question = h("input", { id: "poll-question", type: "text", maxLength: QUESTION_CHARS, dir: "auto", autocomplete: "off" });
  const options = h("div", { class: "poll-options-form" });
  const more = h("button", { class: "button small", type: "button", onclick: () => addOption(options, more).focus() }, t("poll.addOption"));
  for (let count = 0; count < 2; count += 1) addOption(options, more);
  const multiple = switchField({ name: "multiple", label: t("poll.several") });
  const anonymous = switchField({ name: "anonymous", label: t("poll.anonymous"), hint: t("poll.anonymousMore") });
  const isOn = (field) => field.querySelector("input").checked;
  const ask = async (close) => {
    const texts = [...options.querySelectorAll("input")].map(({ value }) => value.trim()).filter(Boolean);
    problem.textContent = !question.value.trim() ? t("poll.noQuestion") : texts.length < 2 ? t("poll.fewOptions") : "";
    try {
      if (!problem.textContent) {
        await room.createPoll({ question: question.value, options: texts, multiple: isOn(multiple), anonymous: isOn(anonymous) });
        return close();
      }
    } catch (error) {
      problem.textContent = errorWords(error);
    }
    problem.hidden = false;
  };
  openDialog({
    title: t("poll.ask"),
    class: "small",
    body: (close) => [
      h("div", { class: "field" }, h("label", { htmlFor: "poll-question" }, t("poll.question")), question),
      h("fieldset", { class: "field poll-form" }, h("legend", {}, t("poll.options")), options, more),
      h("div", { class: "switches" }, multiple, anonymous),
      problem,
      h("div", { class: "dialog-actions" }, actionButton(t("poll.submit"), () => ask(close), { busy: t("poll.asking") })),
    ],
  });
  question.focus();
}

function addOption(options, more) {
  const number = options.childElementCount + 1;
  const field = h("input", { type: "text", maxLength: OPTION_CHARS, dir: "auto", autocomplete: "off", "aria-label": t("poll.option", { number }), placeholder: t("poll.option", { number }) });
  options.append(field);
  more.hidden = number >= MAX_OPTIONS;
  return field;
}
