/** The small one of two pictures: drawn into another corner by pointer, finger or key, pressed like any other. */

import { isRightToLeft } from "./words.js";

/** Below this many pixels it was a press. */
const DRAG_PX = 8;
const AFTER_DROP_MS = 50;
const AROUND = ["bottom-right", "bottom-left", "top-left", "top-right"];

export class Corner {
  #moved;
  /** @type {import("./arrange.js").Corner} */
  at = "bottom-right";

  /** @param {{moved: () => void}} props */
  constructor({ moved }) {
    this.#moved = moved;
  }

  /** @param {{element: HTMLElement, mover: HTMLElement}} view @param {() => void} press */
  watch({ element, mover }, press) {
    mover.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#move(AROUND[(AROUND.indexOf(this.at) + 1) % AROUND.length]);
    });
    let from = null;
    let droppedAt = -Infinity;
    // The click that ends a drag is none.
    element.addEventListener("click", (event) => !/** @type {Element} */ (event.target).closest("button") && event.timeStamp - droppedAt > AFTER_DROP_MS && press());
    element.addEventListener("pointerdown", (event) => {
      if (!element.classList.contains("self-view") || event.button !== 0 || /** @type {Element} */ (event.target).closest("button")) return;
      from = { x: event.clientX, y: event.clientY, dragged: false };
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.dragged && Math.hypot(x, y) < DRAG_PX) return;
      from.dragged = true;
      element.style.transform = `translate(${x}px, ${y}px)`;
    });
    const drop = (event) => {
      const dragged = from?.dragged;
      from = null;
      if (!dragged) return;
      const [own, stage] = [element.getBoundingClientRect(), element.parentElement.getBoundingClientRect()];
      element.style.transform = "";
      droppedAt = event.timeStamp;
      const [right, low] = [own.left + own.width / 2 > stage.left + stage.width / 2, own.top + own.height / 2 > stage.top + stage.height / 2];
      // The boxes are counted from where lines begin.
      this.#move(`${low ? "bottom" : "top"}-${right === isRightToLeft() ? "left" : "right"}`);
    };
    element.addEventListener("pointerup", drop);
    element.addEventListener("pointercancel", drop);
  }

  #move(corner) {
    this.at = corner;
    this.#moved();
  }
}
