/** The few words with which the page is built. Strings become text nodes, never markup. */

import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | boolean | null | undefined | readonly any[]} Child lists are laid out flat */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `on…` listeners, `ref` (called with the element), DOM properties where the
 *   element has one of that name, attributes otherwise; `false`, `null` and `undefined` are left out
 */
export function h(tag, props = {}, ...children) {
  return build(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

function build(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) setProp(element, name, value);
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  props?.ref?.(element);
  return element;
}

function setProp(element, name, value) {
  if (value === null || value === undefined || value === false || name === "ref") return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
  else if (name in element && !(element instanceof SVGElement) && !name.includes("-")) element[name] = value;
  else element.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
}

/** Sets the text only where it differs, so that a screen reader is not told twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function toggleAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Keeps the children of a container in step with a list, reusing the element of each key.
 * @param {Map<string, any>} views key → `{element, update?, remove?}`; the caller keeps it between calls
 */
export function keyed(container, views, items, keyOf, create) {
  const wanted = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (wanted.has(key)) continue;
    view.remove?.();
    view.element.remove();
    views.delete(key);
  }
  let before = container.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (!views.has(key)) views.set(key, create(item));
    const view = views.get(key);
    view.update?.(item);
    // An element that is where it belongs is not touched: moving a video stops it, moving a field takes its focus.
    if (view.element === before) before = before.nextElementSibling;
    else container.insertBefore(view.element, before);
  }
}

/** How long an announcement stays in its region: a screen reader may be busy with another. */
const SPOKEN_MS = 10_000;

/**
 * Says something to screen readers without showing it. Each is a node of its own, so that two at once are both spoken, and
 * the same words twice, too. What lies under an open dialog is not heard: dialogs bring a region along (`liveRegion`).
 * @returns {() => void} takes the words away before that
 */
export function announce(text) {
  const regions = [...document.querySelectorAll("dialog[open] > .announcer")];
  const region = regions.at(-1) ?? document.getElementById("announcer");
  const words = h("p", {}, text);
  region.append(words);
  setTimeout(() => words.remove(), SPOKEN_MS);
  return () => words.remove();
}

export const liveRegion = () => h("div", { class: "announcer visually-hidden", role: "log", "aria-live": "polite", "aria-label": t("news") });

/**
 * Shows a view: replaces the page's content, sets the title, moves the focus to the heading.
 * @param {Element} view @param {{title?: string, focus?: boolean}} [options]
 */
export function show(view, { title, focus = true } = {}) {
  document.getElementById("app").replaceChildren(view);
  document.title = title ? `${title} · Mayfly` : "Mayfly";
  if (!focus) return;
  /** @type {HTMLElement | null} */
  const heading = view.querySelector("[data-focus], h1");
  if (heading && !heading.matches("input, button, a")) heading.tabIndex = -1;
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}
