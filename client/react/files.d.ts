// Made of the sources by `npm run types`. Do not edit.
/** Files of messages, as components show them. */
export type Room = import("../index.js").Room;
export type Message = import("../index.js").Message;
/**
 * A file of a message: opened as soon as a component shows it (`auto: false`: once `open` is called), under an object URL that
 * is revoked with the component, or when the message is erased; then it is `failed` with `NOT_FOUND`. Show it only where
 * `isShown(attachment.type)` is true.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {Message | undefined} message
 * @param {import("../index.js").Attachment | undefined} attachment
 * @param {{auto?: boolean}} [options]
 * @returns {{
 *   readonly status: "idle" | "loading" | "ready" | "failed",
 *   readonly blob: Blob | null,
 *   readonly url: string | null,
 *   readonly progress: {readonly loaded: number, readonly total: number} | null,
 *   readonly error: import("../index.js").MayflyError | null,
 *   open(): Promise<void> | undefined,
 * }} `progress` in bytes
 */
export declare function useFile(room: Room | null | undefined, message: Message | undefined, attachment: import("../index.js").Attachment | undefined, { auto }?: {
    auto?: boolean;
}): {
    readonly status: "idle" | "loading" | "ready" | "failed";
    readonly blob: Blob | null;
    readonly url: string | null;
    readonly progress: {
        readonly loaded: number;
        readonly total: number;
    } | null;
    readonly error: import("../index.js").MayflyError | null;
    open(): Promise<void> | undefined;
};
/**
 * One's own messages whose files are on their way, and how much of all of them is sent, in bytes.
 * @param {Room | null} [room] that of the `RoomProvider` unless given
 * @returns {{readonly messages: readonly Message[], readonly sent: number, readonly total: number}}
 */
export declare function useUploads(room?: Room | null): {
    readonly messages: readonly Message[];
    readonly sent: number;
    readonly total: number;
};
