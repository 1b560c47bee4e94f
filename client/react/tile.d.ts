// Made of the sources by `npm run types`. Do not edit.
/** One person, or a shared screen: a picture with a name below it. */
/**
 * A `<figure data-part="tile" data-participant="…">` with a `<video>`, an initial where there is no picture (`data-picture="no"`), and
 * the name. Whatever else is given (`className`, `onClick`, …) goes to the figure.
 * @param {{
 *   participant: import("../index.js").Participant,
 *   stream?: MediaStream | null,
 *   isSelf?: boolean,
 *   isScreen?: boolean,
 *   state?: import("../index.js").PeerState,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `isSelf`: without sound. `state`: of the call with this one
 */
export declare function Tile({ participant, stream, isSelf, isScreen, state, words, children, ...rest }: {
    participant: import("../index.js").Participant;
    stream?: MediaStream | null;
    isSelf?: boolean;
    isScreen?: boolean;
    state?: import("../index.js").PeerState;
    words?: Partial<import("./words.js").Words>;
    children?: import("react").ReactNode;
    [attribute: string]: any;
}): import("react").ReactElement<{
    [x: string]: any;
    "data-part": string;
    "data-self": string | undefined;
    "data-picture": string;
    "data-state": import("../index.js").PeerState | undefined;
}, string | import("react").JSXElementConstructor<any>>;
/** @param {{stream: MediaStream | null, muted: boolean}} props */
export declare function Video({ stream, muted }: {
    stream: MediaStream | null;
    muted: boolean;
}): import("react").ReactElement<{
    ref: import("react").RefObject<HTMLVideoElement | null>;
    autoPlay: boolean;
    playsInline: boolean;
    muted: boolean;
}, string | import("react").JSXElementConstructor<any>>;
