// Made of the sources by `npm run types`. Do not edit.
/** What is said in a room, as components show it. */
export type Room = import("../index.js").Room;
export type Message = import("../index.js").Message;
export type Participant = import("../index.js").Participant;
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
export declare function useMessages(room?: Room | null): {
    readonly messages: readonly Message[];
    readonly typing: readonly Participant[];
    readonly error: import("../index.js").MayflyError | null;
    send(text: string, options?: import("../index.js").SendOptions): Promise<string | null>;
    sendFile(file: Blob, options?: import("../index.js").SendFileOptions): Promise<string | null>;
    edit(key: string, text: string): Promise<unknown>;
    remove(key: string, options?: {
        undoMs?: number;
    }): Promise<unknown>;
    undo(key: string): void;
    react(key: string, emoji: string, on?: boolean): Promise<unknown>;
    retry(key: string): void;
    discard(key: string): void;
    setTyping(isTyping: boolean): void;
};
/**
 * Says that everything in the snapshot has been read, while the page is in sight and `reading` is true: pass whether the end of
 * the list is on screen.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {boolean} [reading]
 */
export declare function useRead(room: Room | null | undefined, reading?: boolean): void;
/**
 * The others who have read up to this message; empty where the room has no receipts.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {Message | undefined} message
 * @returns {readonly Participant[]}
 */
export declare function useSeenBy(room: Room | null | undefined, message: Message | undefined): readonly Participant[];
/**
 * Hears what the others send with `broadcast` under this type.
 * @param {Room | null | undefined} room `undefined`: that of the `RoomProvider`
 * @param {string} type
 * @param {(data: any, from: string) => void} listener
 */
export declare function useBroadcast(room: Room | null | undefined, type: string, listener: (data: any, from: string) => void): void;
