/** Camera, microphone and screen, and why they may be missing, in words that a page can show. */

import { MayflyError } from "../errors.js";

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } };
const MICROPHONE = { echoCancellation: true, autoGainControl: true };
const SCREEN = { video: { frameRate: { ideal: 10, max: 30 } }, audio: false };

/** @type {Record<string, [code: import("../index.js").MayflyErrorCode, message?: string]>} a message where the code's own says another thing */
const REASONS = {
  NotAllowedError: ["DEVICE_BLOCKED"],
  SecurityError: ["DEVICE_BLOCKED", "The browser does not allow this here."],
  NotFoundError: ["DEVICE_MISSING"],
  OverconstrainedError: ["DEVICE_MISSING"],
  NotReadableError: ["DEVICE_BUSY"],
  AbortError: ["DEVICE_BUSY", "The device could not be started."],
};

/** @param {{deviceId?: string}} [wish] @returns {Promise<MediaStreamTrack>} Throws `MayflyError` `DEVICE_…`. */
export async function openCamera({ deviceId } = {}) {
  return (await capture({ video: { ...CAMERA, ...exactly(deviceId) } })).getVideoTracks()[0];
}

/** @param {{deviceId?: string, noiseSuppression?: ConstrainBoolean}} [wish] @returns {Promise<MediaStreamTrack>} Throws `MayflyError` `DEVICE_…`. */
export async function openMicrophone({ deviceId, noiseSuppression = true } = {}) {
  return (await capture({ audio: { ...MICROPHONE, noiseSuppression, ...exactly(deviceId) } })).getAudioTracks()[0];
}

/** Whether this browser has WebRTC. */
export const canCall = () => Boolean(globalThis.RTCPeerConnection);

export const canShareScreen = () => Boolean(globalThis.navigator?.mediaDevices?.getDisplayMedia);

export async function openScreen() {
  const stream = await explained(() => mediaDevices().getDisplayMedia(SCREEN));
  return stream.getVideoTracks()[0];
}

/** Names are empty until a permission was given. */
export async function listDevices() {
  const all = (await globalThis.navigator?.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind) => all.filter((device) => device.kind === kind && device.deviceId);
  return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** Reports how loud a track is, from 0 to 1, about fifteen times a second. @returns {() => void} ends it */
export function watchLevel(track, report) {
  const AudioContext = globalThis.AudioContext;
  if (!AudioContext || !track) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // -60 dB is silence, -10 dB is loud speech.
    report(Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 50)));
  }, 66);
  return () => {
    clearInterval(timer);
    source.disconnect();
    context.close().catch(() => {});
  };
}

const exactly = (deviceId) => (deviceId ? { deviceId: { exact: deviceId } } : {});

const capture = (constraints) => explained(() => mediaDevices().getUserMedia(constraints));

function mediaDevices() {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices) throw new MayflyError("INSECURE_CONTEXT");
  return devices;
}

async function explained(action) {
  try {
    return await action();
  } catch (error) {
    if (error instanceof MayflyError) throw error;
    const [code, message] = REASONS[error?.name] ?? ["DEVICE_FAILED"];
    throw new MayflyError(code, message, { cause: error });
  }
}
