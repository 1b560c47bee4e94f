// Made of the sources by `npm run types`. Do not edit.
/** Cameras, microphones and speakers: which there are, which are chosen, and how they look before a call. */
export type MayflyError = import("../index.js").MayflyError;
export type Chosen = {
    audio?: string;
    video?: string;
};
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
export declare function useDevices(room?: import("../index.js").Room | null): {
    readonly cameras: readonly MediaDeviceInfo[];
    readonly microphones: readonly MediaDeviceInfo[];
    readonly speakers: readonly MediaDeviceInfo[];
    readonly chosen: Readonly<Chosen>;
    readonly error: MayflyError | null;
    choose(slot: "audio" | "video", deviceId: string): Promise<unknown>;
};
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
export declare function usePreview(): {
    readonly stream: MediaStream | null;
    readonly audio: boolean;
    readonly video: boolean;
    readonly errors: Readonly<{
        audio?: MayflyError;
        video?: MayflyError;
    }>;
    readonly wish: {
        readonly audio: boolean;
        readonly video: boolean;
        readonly devices: Readonly<Chosen>;
    };
    readonly cameras: readonly MediaDeviceInfo[];
    readonly microphones: readonly MediaDeviceInfo[];
    set(slot: "audio" | "video", on: boolean): void;
    choose(slot: "audio" | "video", deviceId: string): void;
};
