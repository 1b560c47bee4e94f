/** What is said in a room, as components show it. */

import { useEffect, useMemo, useRef } from "react";
import { useAttempt } from "./attempt.js";
import { useRoomObject, useSnapshot } from "./room.js";

/** @typedef {import("../index.js").Room} Room */
/** @typedef {import("../index.js").Message} Message */
/** @typedef {import("../index.js").Participant} Participant */

/** @type {readonly Participant[]} */
const NOBODY = Object.freeze([]);

/**
 * The messages that are to be shown, who is typing, and what is done to a message by its `key`. The actions begin at once, are
 * never rejected, and are fulfilled with `null` where they fail: `error` says why the last one did.
 * @param {Room | null} [room] that of the `RoomProvider` unless given
 * @returns {{
 *   readonly messages: readonly Message[],
 *   readonly typing: readonly Participant[],
 *   readonly error: import("../index.js").MayflyError | null,
 *   send(text: string, options?: import("../index.js").SendOptions): Promise<string | null>,
 *   sendFile(file: Blob, options?: import("../index.js").SendFileOptions): Promise<string | null>,
 *   edit(key: string, text: string): Promise<unknown>,
 *   remove(key: string, options?: {undoMs?: number}): Promise<unknown>,
 *   undo(key: string): void,
 *   react(key: string, emoji: string, on?: boolean): Promise<unknown>,
 *   retry(key: string): void,
 *   discard(key: string): void,
 *   setTyping(isTyping: boolean): void,
 * }}
 */
export function useMessages(room) {
  const target = useRoomObject(room);
  const snapshot = useSnapshot(target);
  const [error, attempt] = useAttempt();
  const messages = useMemo(() => snapshot.messages.filter(({ deleting }) => deleting !== "sent"), [snapshot.messages]);
  const typing = useMemo(() => peopleOf(snapshot.participants, snapshot.typing), [snapshot.participants, snapshot.typing]);
  const actions = useMemo(() => actionsOf(target, attempt), [target, attempt]);
  return { messages, typing, error, ...actions };
}

const actionsOf = (room, attempt) => ({
  send: (text, options) => attempt(() => room?.sendMessage(text, options)),
  sendFile: (file, options) => attempt(() => room?.sendFile(file, options)),
  edit: (key, text) => attempt(() => room?.editMessage(key, text)),
  remove: (key, options) => attempt(() => room?.deleteMessage(key, options)),
  undo: (key) => void room?.undoDelete(key),
  react: (key, emoji, on) => attempt(() => room?.react(key, emoji, on)),
  retry: (key) => room?.retryMessage(key),
  discard: (key) => room?.discardMessage(key),
  setTyping: (isTyping) => room?.setTyping(isTyping),
});

const peopleOf = (participants, ids) => (ids.length ? participants.filter(({ id }) => ids.includes(id)) : NOBODY);

/**
 * Says that everything in the snapshot has been read, while the page is in sight and `reading` is true: pass whether the end of
 * the list is on screen.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {boolean} [reading]
 */
export function useRead(room, reading = true) {
  const target = useRoomObject(room);
  const { messages } = useSnapshot(target);
  useEffect(() => {
    if (!target || !reading) return undefined;
    const newest = Math.max(0, ...messages.map(({ seq }) => seq ?? 0));
    const mark = () => document.visibilityState === "visible" && target.markRead(newest);
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [target, reading, messages]);
}

/**
 * The others who have read up to this message; empty where the room has no receipts.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {Message | undefined} message
 * @returns {readonly Participant[]}
 */
export function useSeenBy(room, message) {
  const { reads, participants, room: info } = useSnapshot(useRoomObject(room));
  const { seq, to } = message ?? {};
  return useMemo(() => {
    if (!info?.receipts || !seq) return NOBODY;
    return participants.filter(({ id }) => (!to || to === id) && (reads[id] ?? 0) >= seq);
  }, [info, participants, reads, seq, to]);
}

/**
 * Hears what the others send with `broadcast` under this type.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {string} type
 * @param {(data: any, from: string) => void} listener
 */
export function useBroadcast(room, type, listener) {
  const target = useRoomObject(room);
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(
    () => target?.on("broadcast", (heard) => void (heard.type === type && latest.current(heard.data, heard.from))),
    [target, type],
  );
}
