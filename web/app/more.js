/** Captions and recording: what a call can have besides, in a dialog. */

import { h, setText } from "./dom.js";
import { errorWords } from "./error-words.js";
import { openDialog, switchField } from "./parts.js";
import { canRecordCall } from "./recording.js";
import { t } from "./words.js";

/** @param {{captions: import("./captions.js").Captions, recording: import("./recording.js").CallRecording}} view */
export function openMore({ captions, recording }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  /** A switch goes back to what is true where it could not be set. */
  const setting = ({ name, hint, failed, isOn, set }) =>
    switchField({
      name,
      label: t(name),
      hint,
      checked: isOn(),
      onchange: async ({ target }) => {
        problem.hidden = true;
        target.disabled = true;
        try {
          await set(target.checked);
        } catch (error) {
          setText(problem, error.code ? errorWords(error) : failed);
          problem.hidden = false;
        }
        target.disabled = false;
        target.checked = isOn();
      },
    });
  openDialog({
    title: t("more.title"),
    class: "small",
    body: [
      setting({ name: "captions", hint: t("captions.more"), failed: t("captions.failed"), isOn: () => captions.on, set: (on) => captions.set(on) }),
      canRecordCall() &&
        setting({ name: "recording", hint: t("recording.more"), failed: t("recording.failed"), isOn: () => recording.on, set: (on) => (on ? recording.start() : recording.stop()) }),
      problem,
    ].filter(Boolean),
  });
}
