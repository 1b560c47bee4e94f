/** Files of messages, as components show them. */

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { NO_FILE, OpenedFile } from "../files/opened-file.js";
import { useRoomObject, useSnapshot } from "./room.js";

/** @typedef {import("../index.js").Room} Room */
/** @typedef {import("../index.js").Message} Message */

const never = () => () => {};
const noFile = () => NO_FILE;

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
export function useFile(room, message, attachment, { auto = true } = {}) {
  const target = useRoomObject(room);
  const { key } = message ?? {};
  const place = attachment?.fileId ?? attachment?.direct;
  // By its place: a message is another object whenever anything about it changes.
  const file = useMemo(() => (target && message && attachment && key && place ? new OpenedFile(target, message, attachment) : null), [target, key, place]);
  useEffect(() => {
    if (auto) file?.open();
    return file?.close;
  }, [file, auto]);
  const snapshot = useSyncExternalStore(file?.subscribe ?? never, file?.getSnapshot ?? noFile, noFile);
  const open = useCallback(() => file?.open(), [file]);
  return { ...snapshot, open };
}

/**
 * One's own messages whose files are on their way, and how much of all of them is sent, in bytes.
 * @param {Room | null} [room] that of the `RoomProvider` unless given
 * @returns {{readonly messages: readonly Message[], readonly sent: number, readonly total: number}}
 */
export function useUploads(room) {
  const { messages } = useSnapshot(useRoomObject(room));
  return useMemo(() => {
    const under = messages.filter(({ upload }) => upload);
    const sum = (name) => under.reduce((all, { upload }) => all + upload[name], 0);
    return { messages: under, sent: sum("sent"), total: sum("total") };
  }, [messages]);
}
