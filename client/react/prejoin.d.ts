// Made of the sources by `npm run types`. Do not edit.
/** The way in: a name, and how one will be seen. */
import { usePreview } from "./devices.js";
export type Entry = {
    name: string;
    password?: string;
    call: ReturnType<typeof usePreview>["wish"] | null;
};
/**
 * What `RoomProvider` takes: `name` and `password` among its options, `call` beside them (`null`: nothing was switched on).
 * @typedef {{name: string, password?: string, call: ReturnType<typeof usePreview>["wish"] | null}} Entry
 */
/**
 * A `<form data-part="prejoin">` that asks for a name. Camera and microphone can be tried before; nothing is opened by itself, and
 * all is closed again when the call takes over.
 * @param {{
 *   onJoin: (entry: Entry) => void,
 *   name?: string,
 *   password?: boolean,
 *   devices?: boolean,
 *   words?: Partial<import("./words.js").Words>,
 *   children?: import("react").ReactNode,
 *   [attribute: string]: any,
 * }} props `name`: what stands there at first. `password`: ask for one, too. `devices`: `false` asks for the name alone.
 *   `children`: before the button
 */
export declare function PreJoin({ onJoin, name, password, devices, words, children, ...rest }: {
    onJoin: (entry: Entry) => void;
    name?: string;
    password?: boolean;
    devices?: boolean;
    words?: Partial<import("./words.js").Words>;
    children?: import("react").ReactNode;
    [attribute: string]: any;
}): import("react").DetailedReactHTMLElement<{
    "data-part": string;
    onSubmit: (event: any) => void;
}, HTMLElement>;
