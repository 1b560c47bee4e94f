/** Noise suppression of a microphone that is open; loaded when it is switched. */

import { openMicrophone } from "./devices.js";

/**
 * Asks the running track first; a browser that does not change it there gets the device opened anew.
 * @param {MediaStreamTrack} track @param {boolean} on
 * @param {(wish: {deviceId?: string, noiseSuppression?: ConstrainBoolean}) => Promise<MediaStreamTrack>} [open]
 * @returns {Promise<MediaStreamTrack>} the same one, or another one to put in its place, which does what is wished where the
 *   browser can
 */
export async function withNoiseSuppression(track, on, open = openMicrophone) {
  // Merely wished for, Chromium keeps it as it is, and gives a second track of the device what the first one has.
  const wish = { noiseSuppression: { exact: on } };
  await track.applyConstraints({ ...track.getConstraints(), ...wish }).catch(() => {});
  const { noiseSuppression, deviceId } = track.getSettings();
  if (noiseSuppression === on || noiseSuppression === undefined) return track;
  return open({ deviceId, ...wish }).catch(() => track);
}

/**
 * For a call: that of now, and whatever microphone it opens later.
 * @param {import("./media.js").LocalMedia} media @param {boolean} on
 * @returns {Promise<boolean | null>} what the browser then says of the track; `null` where none is open, or it does not say
 */
export async function suppressNoise(media, on) {
  media.noiseSuppression = on;
  const { audio } = media.tracks;
  if (!audio) return null;
  const track = await withNoiseSuppression(audio, on, media.open.audio);
  if (track !== audio) {
    // Off, exchanged, or wished for otherwise meanwhile: whatever is open then was asked for that.
    if (media.tracks.audio !== audio || audio.readyState === "ended" || media.noiseSuppression !== on) track.stop();
    else await media.use("audio", track, { muted: !audio.enabled });
  }
  return media.tracks.audio?.getSettings().noiseSuppression ?? null;
}
