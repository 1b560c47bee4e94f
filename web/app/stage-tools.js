/** What can be done with the stage as a whole: all of the same size, the whole screen, a window of its own. */

import { h, toggleAttribute } from "./dom.js";
import { icon } from "./icons.js";
import { canFloat, Pip } from "./pip.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

/** @typedef {{mic: () => void, camera: () => void, leave: () => void, more: () => void}} Acts */

export class StageTools {
  /**
   * @param {{room: Room, scope: import("./scope.js").Scope, acts: Acts,
   *   picture: () => import("./tile.js").Tile | null, follow: (on: boolean) => void}} props
   */
  constructor({ room, scope, acts, picture, follow }) {
    const tool = (name, label, onclick) => h("button", { class: `icon-button stage-tool for-${name}`, type: "button", "aria-label": label, title: label, onclick }, icon(name, 20));
    this.grid = tool("grid", t("stage.grid"), () => follow(this.grid.getAttribute("aria-pressed") === "true"));
    this.pip = new Pip({ room, scope, acts, picture });
    const pipButton = canFloat() && tool("pip", t("stage.pip"), () => this.pip.toggle());
    const root = document.documentElement;
    const full = root.requestFullscreen && tool("expand", t("stage.full"), () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen().catch(() => {})));
    if (full) {
      const draw = () => toggleAttribute(full, "aria-pressed", String(Boolean(document.fullscreenElement)));
      scope.listen(document, "fullscreenchange", draw);
      scope.add(() => document.fullscreenElement && document.exitFullscreen().catch(() => {}));
      draw();
    }
    const more = tool("more", t("more.title"), acts.more);
    this.element = h("div", { class: "stage-tools", role: "group", "aria-label": t("stage.view") }, this.grid, pipButton, full, more);
  }

  draw({ many, follows }) {
    this.grid.hidden = !many;
    toggleAttribute(this.grid, "aria-pressed", String(!follows));
    this.pip.draw();
  }
}
