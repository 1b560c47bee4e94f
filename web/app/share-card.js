/** What stands for one's own shared screen: the screen itself would show itself, and so on without end. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { actionButton } from "./parts.js";
import { t } from "./words.js";

export class ShareCard {
  ratio = 4 / 3;

  /** @param {{key: string, person: any}} tile @param {() => Promise<void>} stop */
  constructor({ key, person }, stop) {
    this.element = h(
      "div",
      { class: "tile screen own share-card", "data-tile": key, "data-participant": person.id },
      icon("screen", 26),
      h("p", {}, t("stage.sharing")),
      actionButton(t("stage.stop"), stop, { class: "button small", "aria-label": t("stage.stopSharing") }),
    );
  }

  /** @param {import("./arrange.js").Box} box */
  place({ left, top, width, height }) {
    Object.assign(this.element.style, { insetInlineStart: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }
}
