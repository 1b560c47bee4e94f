/** Another name, without leaving. */

import { h } from "./dom.js";
import { actionButton, openDialog } from "./parts.js";

const NAME_CHARS = 64;

/** @param {{room: any, toast: (text: string) => void}} props */
export function openRename({ room, toast }) {
  const field = h("input", { id: "new-name", type: "text", maxLength: NAME_CHARS, autocomplete: "off", dir: "auto", value: room.getSnapshot().self.name });
  const rename = (close) => {
    const name = field.value.trim();
    close();
    if (name) room.updateSelf({ name }).catch((error) => toast(error.message));
  };
  openDialog({
    title: "Change your name",
    class: "small",
    body: (close) =>
      h(
        "form",
        { class: "rename", onsubmit: (event) => (event.preventDefault(), rename(close)) },
        h("div", { class: "field" }, h("label", { htmlFor: "new-name" }, "Your name"), field),
        h("div", { class: "dialog-actions" }, actionButton("Change", async () => rename(close))),
      ),
  });
  field.select();
}
