// Made of the sources by `npm run types`. Do not edit.
/** What is switched on and off in a room, and the ways out of it. */
/**
 * A `<div role="group" data-part="controls">` of buttons, and a line of status (`role="status"`) that says what went wrong. Nothing
 * before one is inside.
 * @param {{
 *   devices?: boolean,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `devices`: with lists of microphones and cameras. `children`: between the buttons of the call and those that lead out
 */
export declare function Controls({ devices, words, children, ...rest }: {
    devices?: boolean;
    words?: Partial<import("./words.js").Words>;
    children?: import("react").ReactNode;
    [attribute: string]: any;
}): import("react").DetailedReactHTMLElement<{
    role: "group";
    "data-part": string;
    "aria-label": string;
}, HTMLElement> | null;
