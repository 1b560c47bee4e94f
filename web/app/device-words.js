/** What was chosen of camera and microphone in this tab, and why one of them may be missing, in words. */

import { hasWords, sentences, t } from "./words.js";

const KEY = "mayfly-page:devices";

/** What was chosen in this tab; a reload enters the room the same way. */
export function savedDevices() {
  try {
    return { audio: true, video: true, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { audio: true, video: true };
  }
}

export function saveDevices(patch) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...savedDevices(), ...patch }));
  } catch {
    // It then lasts as long as the page.
  }
}

/** Where a permission is given: each browser has it elsewhere. @param {string} agent as `navigator.userAgent` */
export const wayOut = (agent) => t(`device.way.${browserOf(agent)}`);

function browserOf(agent) {
  if (/iPhone|iPad|iPod/.test(agent)) return "ios";
  if (/Android/.test(agent)) return /Firefox/.test(agent) ? "androidFirefox" : "android";
  if (/Firefox/.test(agent)) return "firefox";
  return /Safari/.test(agent) && !/Chrom(e|ium)/.test(agent) ? "safari" : "other";
}

const KINDS = { DEVICE_BLOCKED: "blocked", DEVICE_MISSING: "missing", DEVICE_BUSY: "busy", INSECURE_CONTEXT: "insecure", BLUR_FAILED: "blur" };

/**
 * What is wrong and what to do about it.
 * @param {{code?: string}} error @param {"audio" | "video" | "screen"} slot
 * @param {{inside?: boolean}} [where] inside a room, or on the way in
 */
export function deviceWords(error, slot, { inside = false } = {}) {
  const found = KINDS[error?.code];
  const kind = found && hasWords(`device.${found}.${slot}`) ? found : "failed";
  const problem = t(`device.${kind}.${slot}`);
  // A browser does not tell "No" in its own dialog from a rule against it; whoever said "No" knows.
  if (kind === "insecure" || (kind === "blocked" && slot === "screen")) return problem;
  const where = inside ? "inside" : "outside";
  if (kind === "blocked") return filledAdvice(problem, where);
  return sentences([problem, t(`device.${kind}.${where}`)]);
}

const filledAdvice = (problem, where) => t("device.advice", { problem, way: wayOut(navigator.userAgent), then: t(`device.then.${where}`) });

/** A device that went away by itself. @param {"audio" | "video"} slot @param {boolean} replaced by another one */
export const lostWords = (slot, replaced) => t(`device.${replaced ? "replaced" : "lost"}.${slot}`);
