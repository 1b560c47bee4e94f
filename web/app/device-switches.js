/** Noise suppression and background blur: switches, at the door and in the room, kept in this browser. */

import { canBlur } from "./camera.js";
import { deviceWords } from "./device-words.js";
import { switchField } from "./parts.js";
import { prefs, setPrefs } from "./prefs.js";
import { t } from "./words.js";

/** @typedef {{element: HTMLElement, look: () => void}} DeviceSwitch `look` shows what is true of the devices of now */

/**
 * @param {{track: () => MediaStreamTrack | null | undefined, set: (on: boolean) => Promise<unknown>, say: (problem: string) => void}} props
 *   `say` is given what went wrong, or nothing
 * @returns {DeviceSwitch | null} none where the browser knows nothing of it
 */
export function noiseSwitch({ track, set, say }) {
  if (!navigator.mediaDevices?.getSupportedConstraints?.().noiseSuppression) return null;
  // What the browser says of the track, where one is open.
  const isOn = () => track()?.getSettings().noiseSuppression ?? prefs().noiseSuppression;
  const change = async (wanted) => {
    setPrefs({ noiseSuppression: wanted });
    await set(wanted).catch(() => {});
    if (isOn() !== wanted) say(t("devices.noiseFailed"));
  };
  return deviceSwitch({ name: "noise", label: t("devices.noise"), hint: t("devices.noiseMore"), isOn, change, say });
}

/**
 * @param {{reopen: () => Promise<any>, inside?: boolean, say: (problem: string) => void}} props `reopen` opens the camera anew, where
 *   it is on, and tells the error with which it could not
 * @returns {DeviceSwitch | null} none where the browser cannot do it; one that was on can be switched off there
 */
export function blurSwitch({ reopen, inside = false, say }) {
  if (!canBlur() && !prefs().blur) return null;
  const change = async (wanted) => {
    setPrefs({ blur: wanted });
    const error = await reopen();
    if (error) say(deviceWords(error, "video", { inside }));
  };
  return deviceSwitch({ name: "blur", label: t("devices.blur"), hint: t("devices.blurMore"), isOn: () => prefs().blur, change, say });
}

function deviceSwitch({ name, label, hint, isOn, change, say }) {
  const element = switchField({
    name,
    label,
    hint,
    checked: isOn(),
    onchange: async ({ target }) => {
      say("");
      await change(target.checked);
      look();
    },
  });
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const look = () => void (input.checked = isOn());
  return { element, look };
}
