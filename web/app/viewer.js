/** A picture or a film, large: above the page, closed by Escape, and gone when its message is. */

import { h, setText } from "./dom.js";
import { fileProblem, nameWords, sizeWords } from "./file-words.js";
import { icon } from "./icons.js";
import { openDialog } from "./parts.js";
import { t } from "./words.js";

/**
 * @param {{family: "image" | "video", attachment: any, address: () => Promise<string>, save: () => void, onclose: () => void}} props
 * @returns {HTMLDialogElement}
 */
export function openViewer({ family, attachment, address, save, onclose }) {
  const name = nameWords(attachment);
  const shown = family === "image" ? h("img", { class: "viewer-shown", alt: name, src: attachment.thumbnail }) : h("video", { class: "viewer-shown", controls: true, autoplay: true, playsInline: true });
  const note = h("p", { class: "hint", role: "status" }, t("files.opening"));
  const dialog = openDialog({
    title: name,
    class: "viewer",
    onclose() {
      shown.removeAttribute("src");
      if (family === "video") shown.load();
      onclose();
    },
    body: [
      h("div", { class: "viewer-frame" }, shown),
      h("div", { class: "viewer-foot" }, note, h("button", { class: "button", type: "button", onclick: save }, icon("download", 18), h("span", {}, t("files.saveSize", { size: sizeWords(attachment.size) })))),
    ],
  });
  const fail = (words) => setText(note, words);
  shown.addEventListener("error", () => shown.src.startsWith("blob:") && fail(t("files.cannotShowSave")));
  address().then(
    (found) => {
      if (!dialog.open) return;
      shown.src = found;
      note.textContent = "";
    },
    (error) => fail(fileProblem(error)),
  );
  return dialog;
}
