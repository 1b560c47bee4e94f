/** What somebody has chosen for this browser, whatever the room: kept until the browser's storage is emptied. */

const KEY = "mayfly-page:prefs";
/**
 * `keys`: shortcuts of one key; `sounds`: soft ones for what happens; `speaker`: a device id, or "" for the system's;
 * `language`: a code (language.js), or "" for the browser's; `noiseSuppression`: of the
 * microphone; `blur`: of what is behind one in one's own picture.
 */
const DEFAULTS = { keys: true, sounds: true, speaker: "", language: "", noiseSuppression: true, blur: false };

let kept = null;

/** @returns {typeof DEFAULTS} */
export function prefs() {
  try {
    kept ??= { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    kept ??= { ...DEFAULTS };
  }
  return kept;
}

/** @param {Partial<typeof DEFAULTS>} patch */
export function setPrefs(patch) {
  kept = { ...prefs(), ...patch };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // They then last as long as the page.
  }
}
