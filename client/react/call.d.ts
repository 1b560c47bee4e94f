// Made of the sources by `npm run types`. Do not edit.
/** A call as components show it. */
export type Call = import("../index.js").Call;
/**
 * The call's snapshot and what is done to it. What is pressed before there is a room is nothing.
 * @param {import("../index.js").Room | null} [room] as `useRoom` gives it (`roomObject`); that of the `RoomProvider` unless given
 * @returns {import("../index.js").CallSnapshot & {
 *   readonly call: Call | null,
 *   start(wish?: Parameters<Call["start"]>[0]): Promise<void> | undefined,
 *   stop(): void,
 *   setAudio(on: boolean): Promise<void> | undefined,
 *   setVideo(on: boolean): Promise<void> | undefined,
 *   setScreen(on: boolean): Promise<void> | undefined,
 * }}
 */
export declare function useCall(room?: import("../index.js").Room | null): import("../index.js").CallSnapshot & {
    readonly call: Call | null;
    start(wish?: Parameters<Call["start"]>[0]): Promise<void> | undefined;
    stop(): void;
    setAudio(on: boolean): Promise<void> | undefined;
    setVideo(on: boolean): Promise<void> | undefined;
    setScreen(on: boolean): Promise<void> | undefined;
};
