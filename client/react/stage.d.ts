// Made of the sources by `npm run types`. Do not edit.
/** Everybody in a room, and what they share. */
/**
 * A `<section data-part="stage" data-count="…">` of tiles: shared screens first, then oneself, then the others. Nothing before
 * one is inside.
 * @param {{
 *   tile?: import("react").ComponentType<any>,
 *   words?: Partial<import("./words.js").Words>,
 *   [attribute: string]: any,
 * }} props `tile`: in place of `Tile`, with the same props
 */
export declare function Stage({ tile, words, ...rest }: {
    tile?: import("react").ComponentType<any>;
    words?: Partial<import("./words.js").Words>;
    [attribute: string]: any;
}): import("react").DetailedReactHTMLElement<{
    "data-part": string;
    "data-count": number;
    "aria-label": string;
}, HTMLElement> | null;
