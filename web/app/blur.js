/** Background blur of a camera's track: loaded when it is wished for. The work is done in a worker (blur-worker.js). */

import { PARTS, WORKER } from "./blur-files.js";

/** However slow the network and the machine: longer to load, or for the first picture, and it is said that it does not work. */
const LIMIT_MS = 30_000;
/** So many pictures a second it should be able to make; with fewer, so many times in a row, it is too much for this machine. */
const ENOUGH_PER_SECOND = 12;
const SLOW_TIMES = 3;

const streams = /** @type {any} */ (globalThis);
/** In the page or not at all: others have them in workers alone, and are given canvases. */
const hasStreams = () => Boolean(streams.MediaStreamTrackProcessor && streams.MediaStreamTrackGenerator);

/** So often a worker may break while it works; then blur counts as something that does not work here. */
const MAX_BREAKS = 3;
let breaks = 0;

/**
 * Loads what it takes. Throws where that cannot be.
 * @param {{slow?: (perSecond: number) => void}} [told] `slow` at most once
 * @returns {Promise<{of: (camera: MediaStreamTrack) => Promise<MediaStreamTrack>, close: () => void}>} `of`: a track of which not one
 *   picture is as the camera sees it; its `stop()` closes the camera and all of this
 */
export async function prepare({ slow = () => {} } = {}) {
  if (breaks >= MAX_BREAKS) throw new Error("BROKEN");
  const worker = new Worker(WORKER);
  const close = () => worker.terminate();
  const of = async (camera) => {
    try {
      const { track, rest } = hasStreams() ? byStreams(camera, worker) : await inTime(byCanvas(camera, worker));
      watchSpeed(worker, slow);
      return bound(track, camera, worker, rest);
    } catch (error) {
      close();
      throw error;
    }
  };
  try {
    await inTime(loaded(worker));
    return { of, close };
  } catch (error) {
    close();
    throw error;
  }
}

const loaded = (worker) =>
  new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => {
      if (data.loaded) resolve(undefined);
      else if (data.failed) reject(new Error(data.failed));
    });
    worker.addEventListener("error", (event) => reject(new Error(event.message || "NOT_STARTED")));
    worker.postMessage({ load: PARTS });
  });

/** @template T @param {Promise<T>} done @returns {Promise<T>} rejected after `LIMIT_MS` */
function inTime(done) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("TIMEOUT")), LIMIT_MS)));
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

/** Chromium: pictures go from the camera through the worker to the track; the page has nothing to do with them. */
function byStreams(camera, worker) {
  const { readable } = new streams.MediaStreamTrackProcessor({ track: camera });
  const track = new streams.MediaStreamTrackGenerator({ kind: "video" });
  const { writable } = track;
  worker.postMessage({ readable, writable }, [readable, writable]);
  return { track, rest: () => {} };
}

/** Elsewhere the worker asks for each picture, by its own clock, and a canvas shows it to the track. */
async function byCanvas(camera, worker) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: new MediaStream([camera]) });
  await video.play();
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  const shown = canvas.getContext("bitmaprenderer");
  const show = (picture) => {
    const { width, height } = picture;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    shown.transferFromImageBitmap(picture);
  };
  await exchanged(video, worker, show);
  const [track] = canvas.captureStream().getVideoTracks();
  return { track, rest: () => (video.srcObject = null) };
}

/** Gives the worker the video's pictures, one at a time. @returns {Promise<unknown>} when the first one has come back */
function exchanged(video, worker, show) {
  let isAsked = false;
  const give = async () => {
    if (isAsked || !video.videoWidth) return;
    isAsked = true;
    const picture = await createImageBitmap(video).catch(() => null);
    if (picture) worker.postMessage({ picture }, [picture]);
    else isAsked = false;
  };
  return new Promise((resolve, reject) => {
    worker.addEventListener("error", reject);
    worker.addEventListener("message", ({ data }) => {
      if (data.failed) reject(new Error(data.failed));
      if (data.next) give();
      if (!data.picture) return;
      isAsked = false;
      show(data.picture);
      resolve(undefined);
    });
    worker.postMessage({ ask: true });
  });
}

function watchSpeed(worker, slow) {
  let times = 0;
  const listen = ({ data }) => {
    if (!data.perSecond) return;
    times = data.perSecond < ENOUGH_PER_SECOND ? times + 1 : 0;
    if (times < SLOW_TIMES) return;
    worker.removeEventListener("message", listen);
    slow(Math.round(data.perSecond));
  };
  worker.addEventListener("message", listen);
}

/** The track ends with its camera, or when the worker breaks, and takes both along; its settings name the camera. */
function bound(track, camera, worker, rest) {
  const [close, settings] = [track.stop.bind(track), track.getSettings.bind(track)];
  let isOver = false;
  track.getSettings = () => {
    const { deviceId, groupId, facingMode } = camera.getSettings();
    return { ...settings(), deviceId, groupId, facingMode };
  };
  track.stop = () => {
    isOver = true; // What the worker says of its last picture is no break.
    camera.onended = null;
    camera.stop();
    worker.terminate();
    close();
    rest();
  };
  watchEnd(camera, worker, (isBroken) => {
    if (isOver) return;
    if (isBroken) breaks += 1;
    track.stop();
    track.dispatchEvent(new Event("ended"));
  });
  return track;
}

function watchEnd(camera, worker, ended) {
  camera.onended = () => ended(false);
  worker.addEventListener("error", () => ended(true));
  worker.addEventListener("message", ({ data }) => data.failed && ended(true));
}
