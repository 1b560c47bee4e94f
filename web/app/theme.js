/** Light, dark, or as the system says; the choice is remembered. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const KEY = "mayfly-page:theme";

export function applySavedTheme() {
  try {
    const saved = localStorage.getItem(KEY);
    if (saved === "light" || saved === "dark") document.documentElement.dataset.theme = saved;
  } catch {
    // Storage is forbidden: the system's choice it is.
  }
}

const isDark = () =>
  (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) ===
  "dark";

export function themeButton() {
  const button = h("button", { class: "icon-button quiet", type: "button" });
  const draw = () => {
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", isDark() ? t("lightColours") : t("darkColours"));
    button.title = button.getAttribute("aria-label");
  };
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It then lasts as long as the page.
    }
    draw();
  });
  draw();
  return button;
}
