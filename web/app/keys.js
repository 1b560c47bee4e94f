/** What single keys do in a room, as long as nobody is typing and no dialog is open; and the list of them. */

import { h } from "./dom.js";
import { openDialog, switchField } from "./parts.js";
import { prefs, setPrefs } from "./prefs.js";
import { t } from "./words.js";

const LIST = [["M", "m"], ["V", "v"], ["S", "s"], ["H", "h"], ["C", "c"], ["", "space"], ["?", "help"]];
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
/** What the space bar has a meaning of its own for. */
const PRESSABLE = "a, button, input, summary, [tabindex]:not([tabindex='-1'])";

/**
 * @param {{scope: import("./scope.js").Scope, acts: Record<"m" | "v" | "s" | "h" | "c" | "?", () => void>,
 *   talk: (on: boolean) => void}} props `talk` is called with `true` as the space bar goes down and `false` as it comes up
 */
export function watchKeys({ scope, acts, talk }) {
  let talking = false;
  /** What the pointer pressed last: it keeps the focus, and the space bar is not for it. */
  let pointed = null;
  scope.listen(document, "pointerdown", ({ target }) => (pointed = target.closest?.(PRESSABLE)), true);
  scope.listen(document, "focusin", ({ target }) => target === pointed || (pointed = null));
  const hush = () => {
    if (talking) talk(false);
    talking = false;
  };
  scope.listen(document, "keydown", (event) => {
    if (event.defaultPrevented || isElsewhere(event)) return;
    if (event.key === " ") {
      const pressable = event.target.closest?.(PRESSABLE);
      if (pressable && (pressable !== pointed || pressable.matches("input, summary"))) return;
      event.preventDefault();
      if (!event.repeat && !talking) talk((talking = true));
      return;
    }
    const act = acts[letterOf(event)];
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  });
  scope.listen(document, "keyup", (event) => {
    if (event.key !== " " || !talking) return;
    event.preventDefault();
    hush();
  });
  scope.listen(window, "blur", hush);
  scope.listen(document, "visibilitychange", hush);
  scope.add(hush);
}

function isElsewhere({ target, ctrlKey, metaKey, altKey, isComposing }) {
  if (!prefs().keys || ctrlKey || metaKey || altKey || isComposing) return true;
  return Boolean(target.closest?.(TYPING) || document.querySelector("dialog[open]"));
}

/** As it is written on the key; with letters of another script, as the key lies. */
function letterOf({ key, code }) {
  const letter = key.toLowerCase();
  return /^[a-z?]$/.test(letter) || !code?.startsWith("Key") ? letter : code.slice(3).toLowerCase();
}

export function openKeys() {
  openDialog({
    title: t("keys.title"),
    class: "small",
    body: [
      h(
        "dl",
        { class: "key-list" },
        LIST.map(([key, name]) => h("div", {}, h("dt", {}, h("kbd", {}, key || t("keys.spaceName"))), h("dd", {}, t(`keys.${name}`)))),
      ),
      switchField({
        name: "keys",
        label: t("keys.use"),
        hint: t("keys.useMore"),
        checked: prefs().keys,
        onchange: (event) => setPrefs({ keys: event.target.checked }),
      }),
    ],
  });
}
