/** Cameras, microphones and speakers: which there are, which are chosen, and how they look before a call. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { listDevices } from "../call/devices.js";
import { LocalMedia } from "../call/media.js";
import { useAttempt } from "./attempt.js";
import { useCall } from "./call.js";
import { EMPTY_CALL } from "../core/snapshot.js";

/** @typedef {import("../index.js").MayflyError} MayflyError */
/** @typedef {{audio?: string, video?: string}} Chosen ids of devices */

const NO_DEVICES = Object.freeze({ cameras: Object.freeze([]), microphones: Object.freeze([]), speakers: Object.freeze([]) });
const OFF = Object.freeze({ audio: null, video: null });

/**
 * The devices of this browser, kept up to date, and which of them the call uses. What is chosen outside of a call is for
 * `call.start({ devices: chosen })`; in a call it is exchanged at once. Names are empty until a permission was given.
 * @param {import("../index.js").Room | null} [room] that of the `RoomProvider` unless given
 * @returns {{
 *   readonly cameras: readonly MediaDeviceInfo[],
 *   readonly microphones: readonly MediaDeviceInfo[],
 *   readonly speakers: readonly MediaDeviceInfo[],
 *   readonly chosen: Readonly<Chosen>,
 *   readonly error: MayflyError | null,
 *   choose(slot: "audio" | "video", deviceId: string): Promise<unknown>,
 * }} `error`: why the last exchange failed; the device of before is on again where it can be
 */
export function useDevices(room) {
  const { call, active, localStream } = useCall(room);
  const devices = useDeviceList(localStream);
  const [wished, setWished] = useState(/** @type {Chosen} */ ({}));
  const [error, attempt] = useAttempt();
  const chosen = useMemo(() => ({ ...wished, ...inUse(localStream) }), [wished, localStream]);
  const choose = useCallback(
    (slot, deviceId) => {
      setWished((before) => ({ ...before, [slot]: deviceId }));
      return attempt(() => (active ? call?.switchDevice(slot, deviceId) : undefined));
    },
    [call, active, attempt],
  );
  return { ...devices, chosen, error, choose };
}

/**
 * Camera and microphone as they are before a call: nothing is open until `set` turns it on, and nothing stays open when the
 * component goes. Hand `wish` to `call.start`, which opens the same devices.
 * @returns {{
 *   readonly stream: MediaStream | null,
 *   readonly audio: boolean,
 *   readonly video: boolean,
 *   readonly errors: Readonly<{audio?: MayflyError, video?: MayflyError}>,
 *   readonly wish: {readonly audio: boolean, readonly video: boolean, readonly devices: Readonly<Chosen>},
 *   readonly cameras: readonly MediaDeviceInfo[],
 *   readonly microphones: readonly MediaDeviceInfo[],
 *   set(slot: "audio" | "video", on: boolean): void,
 *   choose(slot: "audio" | "video", deviceId: string): void,
 * }} `audio`, `video`: what is on or about to be
 */
export function usePreview() {
  const media = useRef(/** @type {LocalMedia | null} */ (null));
  const [wanted, setWanted] = useState(/** @type {Readonly<Record<string, boolean>>} */ (EMPTY_CALL.wanted));
  const [tracks, setTracks] = useState(/** @type {any} */ (OFF));
  const [errors, setErrors] = useState(/** @type {any} */ (EMPTY_CALL.errors));
  const [devices, setDevices] = useState(/** @type {Chosen} */ ({}));
  useEffect(() => {
    const own = new LocalMedia({
      ready: async () => {},
      changed: (slot, track) => setTracks((before) => ({ ...before, [slot]: track })),
      wished: () => setWanted(own.wanted),
      failed: (slot, error) => setErrors((before) => ({ ...before, [slot]: error })),
      lost: () => {},
    });
    media.current = own;
    return () => own.end();
  }, []);
  const stream = useMemo(() => streamOf(tracks), [tracks]);
  const { cameras, microphones } = useDeviceList(stream);
  const set = useCallback((slot, on) => void media.current?.use(slot, on), []);
  const choose = useCallback((slot, deviceId) => {
    setDevices((before) => ({ ...before, [slot]: deviceId }));
    // Why it fails is in `errors`.
    media.current?.switchTo(slot, deviceId).catch(() => {});
  }, []);
  const { audio, video } = wanted;
  const wish = useMemo(() => ({ audio, video, devices }), [audio, video, devices]);
  return { stream, audio, video, errors, wish, cameras, microphones, set, choose };
}

/** Anew when devices come and go, and when one was opened: their names are known from then on. */
function useDeviceList(opened) {
  const [list, setList] = useState(/** @type {any} */ (NO_DEVICES));
  useEffect(() => {
    let isCurrent = true;
    const refresh = () => listDevices().then((found) => isCurrent && setList(found), () => {});
    refresh();
    const { mediaDevices } = globalThis.navigator ?? {};
    mediaDevices?.addEventListener?.("devicechange", refresh);
    return () => {
      isCurrent = false;
      mediaDevices?.removeEventListener?.("devicechange", refresh);
    };
  }, [opened]);
  return list;
}

function inUse(stream) {
  const found = {};
  for (const track of stream?.getTracks() ?? []) {
    const { deviceId } = track.getSettings();
    if (deviceId) found[track.kind] = deviceId;
  }
  return found;
}

function streamOf({ audio, video }) {
  const tracks = [audio, video].filter(Boolean);
  return tracks.length ? new MediaStream(tracks) : null;
}
