/** The conversation of a room, and where one writes. */

import { createElement as h, useEffect, useRef, useState } from "react";
import { useAttempt } from "./attempt.js";
import { Files, Line } from "./line.js";
import { useRoom } from "./room.js";
import { useMessages, useRead } from "./talk.js";
import { useWords } from "./words.js";

/** So near to its end, in pixels, a list follows what comes. */
const NEAR_PX = 40;

/**
 * A `<section data-part="chat">`: the messages (`role="log"`), who is typing, and a form. It follows what is said while its end is in
 * sight, and says then that it was read. Nothing before one is inside.
 * @param {{words?: Partial<import("./words.js").Words>, [attribute: string]: any}} props
 */
export function Chat({ words, ...rest }) {
  const { self, limits, roomObject } = useRoom();
  const talk = useMessages();
  const [once, setOnce] = useState(/** @type {any} */ (null));
  const [error, attempt] = useAttempt();
  const said = useWords(words);
  if (!self || !roomObject) return null;
  const view = (message) => attempt(async () => setOnce({ message, ...(await roomObject.viewMessage(message.key)) }));
  return h(
    "section",
    { "data-part": "chat", "aria-label": said.chat, ...rest },
    h(Log, { talk, view, said }),
    once && h(Once, { ...once, close: () => setOnce(null), said }),
    h("p", { role: "status" }, (talk.error ?? error)?.message ?? typists(talk.typing, said)),
    h(Composer, { talk, said, takesFiles: Boolean(limits?.fileBytes) }),
  );
}

const typists = (people, said) => (people.length ? `${people.map(({ name }) => name).join(", ")} ${said.isTyping}` : "");

/**
 * What is seen once is in no snapshot, and its message goes as soon as all have seen it: this is all there is.
 * @param {{message: import("../index.js").Message, text: string, attachments?: any, unreadable?: true, close: () => void, said: import("./words.js").Words}} props
 */
function Once({ message, text, attachments, unreadable, close, said }) {
  return h(
    "div",
    { role: "note" },
    h("p", { dir: "auto" }, h("bdi", null, message.senderName), `: ${unreadable ? said.unreadable : text}`),
    h(Files, { message, attachments, said }),
    h("button", { type: "button", onClick: close }, said.close),
  );
}

/** @param {{talk: ReturnType<typeof useMessages>, view: (message: import("../index.js").Message) => unknown, said: import("./words.js").Words}} props */
function Log({ talk, view, said }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [isAtEnd, setAtEnd] = useState(true);
  useRead(undefined, isAtEnd);
  useEffect(() => {
    if (isAtEnd && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [talk.messages, isAtEnd]);
  const look = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
    setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  return h(
    "div",
    { ref: box, role: "log", "aria-label": said.conversation, tabIndex: 0, onScroll: look },
    h("ol", null, talk.messages.map((message) => h(Line, { key: message.key, message, talk, view, said }))),
  );
}

/** @param {{talk: ReturnType<typeof useMessages>, said: import("./words.js").Words, takesFiles: boolean}} props */
function Composer({ talk, said, takesFiles }) {
  const [field, picker] = [useRef(/** @type {any} */ (null)), useRef(/** @type {any} */ (null))];
  const submit = async (event) => {
    event.preventDefault();
    const { value } = field.current;
    if (!value.trim()) return;
    field.current.value = "";
    talk.setTyping(false);
    const key = await talk.send(value);
    // It was refused before it was sent, such as one that is too long: nothing that was typed is lost.
    if (key === null && field.current && !field.current.value) field.current.value = value;
  };
  const pick = ({ target }) => {
    for (const file of target.files) void talk.sendFile(file);
    target.value = ""; // The same file can be chosen once more.
  };
  return h(
    "form",
    { onSubmit: submit },
    h("input", { ref: field, "aria-label": said.message, placeholder: said.message, autoComplete: "off", maxLength: 4000, onInput: () => talk.setTyping(Boolean(field.current.value)) }),
    takesFiles && h("input", { ref: picker, type: "file", multiple: true, hidden: true, tabIndex: -1, "aria-label": said.attach, onChange: pick }),
    takesFiles && h("button", { type: "button", onClick: () => picker.current.click() }, said.attach),
    h("button", null, said.send),
  );
}
