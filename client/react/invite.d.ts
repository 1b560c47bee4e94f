// Made of the sources by `npm run types`. Do not edit.
/** The link into a room, and the one-time links of a host. */
/**
 * A `<div data-part="invite">`: a button that copies the room's link, or makes one for one person where each needs one; the link as
 * text (`role="status"`), since not every browser lets pages copy; and the list of invites, to be withdrawn.
 * @param {{
 *   site?: string,
 *   wish?: {uses?: number, expiresInS?: number},
 *   words?: Partial<import("./words.js").Words>,
 *   [attribute: string]: any,
 * }} props `site`: whose `/r/{roomId}` opens rooms; the page's own unless set. `wish`: how long an invite holds, and for how many
 */
export declare function Invite({ site, wish, words, ...rest }: {
    site?: string;
    wish?: {
        uses?: number;
        expiresInS?: number;
    };
    words?: Partial<import("./words.js").Words>;
    [attribute: string]: any;
}): import("react").ReactElement<{
    "data-part": string;
}, string | import("react").JSXElementConstructor<any>>;
