/** What was chosen of camera and microphone in this tab, and why one of them may be missing, in words. */

const KEY = "mayfly-page:devices";
const NAMES = { audio: "Microphone", video: "Camera", screen: "Screen sharing" };

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

const WORDS = {
  DEVICE_BLOCKED: (what, then) => `${what} is blocked. Allow it beside the address bar, ${then("then press the button again", "or go in without")}.`,
  DEVICE_MISSING: (what, then) => `No ${what.toLowerCase()} found. ${then("Plug one in, then press the button again", "You can go in without")}.`,
  DEVICE_BUSY: (what, then) => `${what} is used by another program. ${then("Close that, then press the button again", "Close that, or go in without")}.`,
  INSECURE_CONTEXT: (what) => `${what} needs a page served over HTTPS.`,
};
const OTHERWISE = (what, then) => `${what} could not be started. ${then("Press the button to try again", "You can go in without")}.`;

/**
 * What is wrong and what to do about it.
 * @param {{code?: string}} error @param {"audio" | "video" | "screen"} slot
 * @param {{inside?: boolean}} [where] inside a room, or on the way in
 */
export function deviceWords(error, slot, { inside = false } = {}) {
  const then = (within, before) => (inside ? within : before);
  // A browser does not tell "No" in its own dialog from a rule against it; whoever said "No" knows.
  if (slot === "screen" && error?.code === "DEVICE_BLOCKED") {
    return "Your screen is not shared. If you did not decide so, allow it in the settings of the browser and the system.";
  }
  return (WORDS[error?.code] ?? OTHERWISE)(NAMES[slot], then);
}

/** A device that went away by itself. @param {"audio" | "video"} slot @param {boolean} replaced by another one */
export const lostWords = (slot, replaced) =>
  replaced ? `${NAMES[slot]} lost: another one is used now.` : `${NAMES[slot]} lost. It is off now.`;
