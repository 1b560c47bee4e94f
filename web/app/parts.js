/** Pieces that several views share. */

import { h, liveRegion, svg } from "./dom.js";
import { displayName, hueOf, initials } from "./format.js";
import { glyph, icon } from "./icons.js";
import { themeButton } from "./theme.js";
import { t } from "./words.js";

/** The bar above the landing page and the door. */
export function topBar(...more) {
  return h(
    "header",
    { class: "top-bar" },
    h("a", { class: "brand", href: "/" }, glyph(30), h("span", {}, "Mayfly")),
    h("div", { class: "top-bar-end" }, more, themeButton()),
  );
}

/**
 * A button that shows while its action runs, and cannot be pressed twice.
 * @param {string} label @param {() => unknown} action
 * @param {{class?: string, before?: Node, busy?: string, [prop: string]: unknown}} [props] `busy`: what it says meanwhile
 */
export function actionButton(label, action, { class: className = "button primary", before, busy = label, ...props } = {}) {
  const text = h("span", {}, label);
  const button = h("button", { class: className, type: "button", ...props }, before, text);
  const run = async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    button.classList.add("busy");
    text.textContent = busy;
    try {
      await action();
    } finally {
      button.removeAttribute("aria-disabled");
      button.classList.remove("busy");
      text.textContent = label;
    }
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    run();
  });
  return button;
}

export function avatar(person, size = "medium") {
  return h(
    "span",
    { class: `avatar ${size} hue-${hueOf(person.id)}`, "aria-hidden": "true" },
    h("bdi", {}, initials(person.name)),
  );
}

/** A name: one line, clipped, and isolated from the text around it. */
export const nameOf = (person, className = "name") => h("bdi", { class: className }, displayName(person.name));

/**
 * @param {{label: string, hint?: string, checked?: boolean, name: string, onchange?: (event: {target: HTMLInputElement}) => void}} props
 */
export function switchField({ label, hint, checked = false, name, onchange }) {
  const id = `field-${name}`;
  return h(
    "div",
    { class: "switch-field" },
    h("input", { id, name, type: "checkbox", role: "switch", checked, onchange, "aria-describedby": hint && `${id}-hint` }),
    h("label", { htmlFor: id }, label),
    hint && h("p", { id: `${id}-hint`, class: "hint" }, hint),
  );
}

/** Radio buttons that look like one control. @param {{legend: string, name: string, options: [string, string][], value?: string}} props */
export function segmented({ legend, name, options, value }) {
  return h(
    "fieldset",
    { class: "segmented" },
    h("legend", {}, legend),
    h(
      "div",
      { class: "segments" },
      options.map(([key, label]) =>
        h(
          "label",
          { class: "segment" },
          h("input", { type: "radio", name, value: key, checked: key === value }),
          h("span", {}, label),
        ),
      ),
    ),
  );
}

/** So many were opened: one may open above another. */
let dialogs = 0;

/**
 * A native dialog: focus stays inside, Escape closes it, focus goes back to where it was.
 * @param {{title: string, class?: string, body: import("./dom.js").Child | ((close: () => void) => import("./dom.js").Child),
 *   onclose?: () => void}} props
 * @returns {HTMLDialogElement} already open
 */
export function openDialog({ title, class: className = "", body, onclose }) {
  const close = () => dialog.close();
  const id = `dialog-title-${(dialogs += 1)}`;
  const dialog = h(
    "dialog",
    { class: `dialog ${className}`, "aria-labelledby": id },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h("button", { class: "icon-button quiet", type: "button", "aria-label": t("close"), onclick: close }, icon("close")),
    ),
    h("div", { class: "dialog-body" }, typeof body === "function" ? body(close) : body),
    liveRegion(),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose?.();
  });
  // A press on the backdrop: outside of what the dialog contains.
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {{path: string, size: number}} code of `qrPath` @param {string} label */
export function qrImage({ path, size }, label) {
  return svg(
    "svg",
    { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, class: "qr-paper" }),
    svg("path", { d: path, class: "qr-ink" }),
  );
}
