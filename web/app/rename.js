/** Another name, without leaving. */

import { h } from "./dom.js";
import { errorWords } from "./error-words.js";
import { actionButton, openDialog } from "./parts.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const NAME_CHARS = 64;

/** @param {{room: Room, toast: (text: string) => void}} props */
export function openRename({ room, toast }) {
  const field = h("input", { id: "new-name", type: "text", maxLength: NAME_CHARS, autocomplete: "off", dir: "auto", value: room.getSnapshot().self.name });
  const rename = (close) => {
    const name = field.value.trim();
    close();
    if (name) room.updateSelf({ name }).catch((error) => toast(errorWords(error)));
  };
  openDialog({
    title: t("people.rename"),
    class: "small",
    body: (close) =>
      h(
        "form",
        { class: "rename", onsubmit: (event) => (event.preventDefault(), rename(close)) },
        h("div", { class: "field" }, h("label", { htmlFor: "new-name" }, t("yourName")), field),
        h("div", { class: "dialog-actions" }, actionButton(t("people.change"), async () => rename(close))),
      ),
  });
  field.select();
}
