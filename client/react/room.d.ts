// Made of the sources by `npm run types`. Do not edit.
/** A room for a tree of components, and what every hook about one begins with. */
export type Room = import("../index.js").Room;
export type RoomSnapshot = import("../index.js").RoomSnapshot;
export type RoomState = Omit<RoomSnapshot, "status"> & {
    readonly status: RoomSnapshot["status"] | "idle";
    readonly roomObject: Room | null;
};
export type SomeWords = Partial<import("./words.js").Words>;
/** What the `RoomProvider` around this component has; nothing where there is none. */
export declare const useProvided: () => {
    room: Room | null;
    failure: any;
    link: string | null;
    server?: string;
    words?: SomeWords;
};
/** @param {Room | null | undefined} room `undefined`: that of the `RoomProvider` around @returns {Room | null} */
export declare function useRoomObject(room: Room | null | undefined): Room | null;
/** @param {Room | null} room @returns {any} its snapshot */
export declare const useSnapshot: (room: Room | null) => any;
/**
 * Joins the room of this link for as long as it is mounted, and has it for all hooks and parts inside.
 * @param {{
 *   link: string | null | undefined,
 *   options?: import("../index.js").JoinOptions,
 *   call?: Parameters<import("../index.js").Call["start"]>[0] | null,
 *   words?: SomeWords,
 *   children?: import("react").ReactNode,
 * }} props `link`: `null` joins nothing. `options` are read when the room is opened. `call`: enter the call with this, once
 *   inside (as `PreJoin` hands it over); whoever comes back after a reload was in it or not, and stays so. `words`: in place
 *   of the English ones of all parts inside
 */
export declare function RoomProvider({ link, options, call, words, children }: {
    link: string | null | undefined;
    options?: import("../index.js").JoinOptions;
    call?: Parameters<import("../index.js").Call["start"]>[0] | null;
    words?: SomeWords;
    children?: import("react").ReactNode;
}): import("react").FunctionComponentElement<import("react").ProviderProps<{
    room: Room | null;
    failure: any;
    link: string | null;
    server?: string;
    words?: SomeWords;
}>>;
/**
 * With a link: joins its room for as long as a component that uses it is mounted, and leaves it a second after the last one is
 * gone. Safe under Strict Mode. `null` joins nothing: pass the link once the person has pressed "Join". Options are read when
 * the room is opened: where several components share one link, those of the outermost count, and of the others what it leaves
 * open. A link that is none gives `status: "failed"`, with the reason in `error`.
 *
 * Without a link: the room of the `RoomProvider` around; `idle` where there is none.
 * @param {string | null} [link]
 * @param {import("../index.js").JoinOptions} [options]
 * @returns {RoomState}
 */
export declare function useRoom(link?: string | null, options?: import("../index.js").JoinOptions): RoomState;
