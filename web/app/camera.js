/** How the page opens its camera, wherever it is asked for: with the background blurred, where that was chosen in this browser. */

import { prefs, setPrefs } from "./prefs.js";

/** @typedef {typeof import("../../client/browser.js")} Client */

/** A module of one function that makes a vector (SIMD), as the library's need it. */
const VECTORS = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);

export function canBlur() {
  const { Worker, OffscreenCanvas, createImageBitmap, WebAssembly } = globalThis;
  const shows = "MediaStreamTrackGenerator" in globalThis || "captureStream" in HTMLCanvasElement.prototype;
  return Boolean(shows && Worker && OffscreenCanvas && createImageBitmap && WebAssembly?.validate(VECTORS));
}

/** The tracks whose background is blurred. */
const blurred = new WeakSet();

/** How many pictures a second this machine can blur, where those are too few; and who is to be told. */
const slowness = { perSecond: 0, tell: /** @type {((perSecond: number) => void) | null} */ (null) };

/** @param {import("./scope.js").Scope} scope @param {(perSecond: number) => void} tell also of a track that was opened before */
export function watchBlur(scope, tell) {
  slowness.tell = tell;
  scope.add(() => (slowness.tell = null));
  if (slowness.perSecond) tell(slowness.perSecond);
}

function slow(perSecond) {
  slowness.perSecond = perSecond;
  slowness.tell?.(perSecond);
}

/**
 * As the client's own way of opening one. Whoever has asked for blur is never seen without: where it cannot be, no camera is opened,
 * and the error's code is `BLUR_FAILED`.
 * @param {Client} client @param {() => boolean} isWanted asked when blur has come, which takes a while: a camera that was called
 *   off meanwhile is not opened
 * @returns {(wish?: {deviceId?: string}) => Promise<MediaStreamTrack>}
 */
export const cameraOf = (client, isWanted) =>
  async function open(wish) {
    const { blur } = prefs();
    slowness.perSecond = 0;
    const track = blur ? await openBlurred(client, wish, isWanted) : await client.openCamera(wish);
    if (blur) blurred.add(track);
    if (blur === prefs().blur) return track;
    track.stop(); // Switched meanwhile.
    return open(wish);
  };

/**
 * What a call begins with: a camera that was opened at the door, unless blur was switched since, while the room was on its way.
 * @param {MediaStreamTrack | boolean | undefined} video @returns {MediaStreamTrack | boolean | undefined} `true`: to be opened anew
 */
export function asChosen(video) {
  if (typeof video !== "object" || blurred.has(video) === prefs().blur) return video;
  video.stop();
  return true;
}

/** The camera is opened when all is there: it is on for nobody while that comes. */
async function openBlurred(client, wish, isWanted) {
  const blur = await prepared();
  let camera;
  try {
    if (!isWanted()) throw new client.MayflyError("ABORTED");
    camera = await client.openCamera(wish);
  } catch (error) {
    blur.close();
    throw error;
  }
  return blur.of(camera).catch((cause) => {
    camera.stop();
    throw failed(cause);
  });
}

async function prepared() {
  try {
    const { prepare } = await import("./blur.js");
    return await prepare({ slow });
  } catch (cause) {
    throw failed(cause);
  }
}

const failed = (cause) => Object.assign(new Error("BLUR_FAILED", { cause }), { code: "BLUR_FAILED" });

/**
 * Blur on or off in a call: the camera is off to others until the other kind of picture is there.
 * @param {import("../../client/index.js").Room} room @returns {Promise<any>} why the camera could not be opened
 */
export async function reopenCamera({ call }) {
  if (!call.getSnapshot().wanted.video) return undefined;
  await call.setVideo(false);
  await call.setVideo(true);
  const { errors, video } = call.getSnapshot();
  return video ? undefined : errors.video;
}

/** @param {import("../../client/index.js").Room} room */
export function stopBlur(room) {
  setPrefs({ blur: false });
  return reopenCamera(room);
}
