// Made of the sources by `npm run types`. Do not edit.
/** The rooms that components have open: those with one link share one, and it outlives the last of them by a second. */
export declare const NOT_JOINED: Readonly<{
    self: null;
    room: null;
    participants: readonly never[];
    messages: readonly never[];
    polls: readonly never[];
    reads: Readonly<{}>;
    typing: readonly never[];
    knocks: readonly never[];
    encrypted: false;
    resumed: false;
    limits: null;
    resumeTtlS: null;
    ending: null;
    error: null;
    status: "idle";
}>;
/** Parents render before their children, and their effects run after: the place decides whose options count. */
export declare const nextPlace: () => number;
/**
 * @param {string} link
 * @param {{place: number, options: object | undefined, show: (shared: {room: any, failure: any}) => void}} holder
 */
export declare function hold(link: string, holder: {
    place: number;
    options: object | undefined;
    show: (shared: {
        room: any;
        failure: any;
    }) => void;
}): any;
export declare function release(entry: any, holder: any): void;
