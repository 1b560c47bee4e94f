// Made of the sources by `npm run types`. Do not edit.
/** One message: its text, its files, and what can be done about it. */
/**
 * @param {{
 *   message: import("../index.js").Message,
 *   talk: ReturnType<typeof import("./talk.js").useMessages>,
 *   view: (message: import("../index.js").Message) => unknown,
 *   said: import("./words.js").Words,
 * }} props `view`: shows one that is seen once
 */
export declare function Line({ message, talk, view, said }: {
    message: import("../index.js").Message;
    talk: ReturnType<typeof import("./talk.js").useMessages>;
    view: (message: import("../index.js").Message) => unknown;
    said: import("./words.js").Words;
}): import("react").DetailedReactHTMLElement<import("react").HTMLAttributes<HTMLElement>, HTMLElement> | import("react").ReactElement<{
    "data-own": string | undefined;
    "data-state": "failed" | "sending" | "sent";
}, string | import("react").JSXElementConstructor<any>>;
/** @param {{message: import("../index.js").Message, attachments?: readonly import("../index.js").Attachment[], said: import("./words.js").Words}} props */
export declare function Files({ message, attachments, said }: {
    message: import("../index.js").Message;
    attachments?: readonly import("../index.js").Attachment[];
    said: import("./words.js").Words;
}): import("react").FunctionComponentElement<{
    attachment: any;
    message: any;
    said: any;
}>[] | null;
