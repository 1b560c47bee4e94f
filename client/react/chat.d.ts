// Made of the sources by `npm run types`. Do not edit.
/** The conversation of a room, and where one writes. */
/**
 * A `<section data-part="chat">`: the messages (`role="log"`), who is typing, and a form. It follows what is said while its end is in
 * sight, and says then that it was read. Nothing before one is inside.
 * @param {{words?: Partial<import("./words.js").Words>, [attribute: string]: any}} props
 */
export declare function Chat({ words, ...rest }: {
    words?: Partial<import("./words.js").Words>;
    [attribute: string]: any;
}): import("react").DetailedReactHTMLElement<{
    "data-part": string;
    "aria-label": string;
}, HTMLElement> | null;
