// Made of the sources by `npm run types`. Do not edit.
/** A list of microphones, or of cameras. */
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
export declare function DeviceChoice({ slot, devices, chosen, choose, words }: {
    slot: "audio" | "video";
    devices: readonly MediaDeviceInfo[];
    chosen?: string;
    choose: (slot: "audio" | "video", deviceId: string) => unknown;
    words?: Partial<import("./words.js").Words>;
}): import("react").DetailedReactHTMLElement<{
    "aria-label": string;
    value: string;
    onChange: (/** @type {any} */ { target }: any) => undefined;
}, HTMLElement> | null;
