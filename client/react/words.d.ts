// Made of the sources by `npm run types`. Do not edit.
/** What the parts say. In English unless a site says otherwise, by `words` of a part or of the `RoomProvider` around. */
export declare const WORDS: Readonly<{
    people: "People";
    you: "(you)";
    muted: "muted";
    away: "reconnecting";
    screenOf: "Screen of";
    failed: "no connection";
    controls: "Controls";
    microphone: "Microphone";
    camera: "Camera";
    shareScreen: "Share screen";
    joinCall: "Join call";
    leaveCall: "Leave call";
    leave: "Leave";
    end: "End for all";
    reconnecting: "Reconnecting …";
    yourName: "Your name";
    password: "Password";
    join: "Join";
    preview: "This is how the others will see you";
    chat: "Chat";
    conversation: "Conversation";
    message: "Message";
    send: "Send";
    attach: "Send a file";
    open: "Open";
    save: "Save";
    sending: "sending";
    notSent: "not sent";
    edited: "edited";
    sendAgain: "Send again";
    discard: "Discard";
    remove: "Delete";
    removed: "Deleted.";
    undo: "Undo";
    seenOnce: "Show (once)";
    close: "Close";
    unreadable: "(cannot be read with this link)";
    isTyping: "is typing …";
    seenBy: "Seen by";
    copyLink: "Copy link";
    invites: "Invites";
    revoke: "Withdraw";
    inviteOpen: "open";
    inviteUsed: "used";
    inviteExpired: "expired";
    inviteRevoked: "withdrawn";
}>;
export type Words = {
    [Name in keyof typeof WORDS]: string;
};
/** @typedef {{[Name in keyof typeof WORDS]: string}} Words */
/** @param {Partial<Words>} [own] @returns {Words} */
export declare function useWords(own?: Partial<Words>): Words;
