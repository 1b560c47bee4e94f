/** A list of microphones, or of cameras. */

import { createElement as h } from "react";
import { useWords } from "./words.js";

/**
 * A labelled `<select>`; nothing where there is no choice.
 * @param {{
 *   slot: "audio" | "video",
 *   devices: readonly MediaDeviceInfo[],
 *   chosen?: string,
 *   choose: (slot: "audio" | "video", deviceId: string) => unknown,
 *   words?: Partial<import("./words.js").Words>,
 * }} props
 */
export function DeviceChoice({ slot, devices, chosen, choose, words }) {
  const said = useWords(words);
  const label = slot === "audio" ? said.microphone : said.camera;
  if (devices.length < 2) return null;
  const named = devices.map(({ deviceId, label: name }, at) => h("option", { key: deviceId, value: deviceId }, name || `${label} ${at + 1}`));
  return h(
    "select",
    { "aria-label": label, value: chosen ?? devices[0].deviceId, onChange: (/** @type {any} */ { target }) => void choose(slot, target.value) },
    named,
  );
}
