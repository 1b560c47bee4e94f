/** One message: its text, its files, and what can be done about it. */

import { createElement as h } from "react";
import { isShown } from "../messages/attachments.js";
import { useFile } from "./files.js";
import { useSeenBy } from "./talk.js";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/**
 * @param {{
 *   message: import("../index.js").Message,
 *   talk: ReturnType<typeof import("./talk.js").useMessages>,
 *   view: (message: import("../index.js").Message) => unknown,
 *   said: import("./words.js").Words,
 * }} props `view`: shows one that is seen once
 */
export function Line({ message, talk, view, said }) {
  const { key, own, state, deleting, upload, attachments, reactions } = message;
  if (deleting) return h("li", null, said.removed, " ", h("button", { type: "button", onClick: () => talk.undo(key) }, said.undo));
  const press = (label, action) => h("button", { type: "button", onClick: action }, label);
  return h(
    "li",
    { "data-own": own ? "yes" : undefined, "data-state": state },
    h("small", null, h("bdi", null, message.senderName), marksOf(message, said).map((mark) => ` · ${mark}`)),
    h(Text, { message, view, said }),
    h(Files, { message, attachments, said }),
    upload && h("progress", { value: upload.sent, max: upload.total, "aria-label": said.sending }),
    reactions?.map(({ emoji, count, mine }) =>
      h("button", { key: emoji, type: "button", "aria-pressed": mine, onClick: () => void talk.react(key, emoji) }, `${emoji} ${count}`),
    ),
    state === "failed" && press(said.sendAgain, () => talk.retry(key)),
    (state === "failed" || upload) && press(said.discard, () => talk.discard(key)),
    own && state === "sent" && press(said.remove, () => void talk.remove(key)),
    own && h(Seen, { message, said }),
  );
}

const STATES = { sending: "sending", failed: "notSent" };

/** @param {import("../index.js").Message} message @param {Record<string, string>} said @returns {string[]} */
function marksOf({ timestamp, state, error, editedAt }, said) {
  const marks = [clock.format(new Date(timestamp)), STATES[state] && said[STATES[state]], editedAt && said.edited, error?.message];
  return /** @type {string[]} */ (marks.filter(Boolean));
}

/** @param {{message: import("../index.js").Message, view: (message: import("../index.js").Message) => unknown, said: import("./words.js").Words}} props */
function Text({ message, view, said }) {
  const { text, unreadable, viewOnce, viewed } = message;
  if (viewOnce && !viewed) return h("p", null, h("button", { type: "button", onClick: () => view(message) }, said.seenOnce));
  return h("p", { dir: "auto" }, unreadable ? said.unreadable : text);
}

/** @param {{message: import("../index.js").Message, attachments?: readonly import("../index.js").Attachment[], said: import("./words.js").Words}} props */
export function Files({ message, attachments, said }) {
  return attachments?.map((attachment, at) => h(File, { key: attachment.fileId ?? attachment.direct ?? at, message, attachment, said })) ?? null;
}

/** A picture is shown, everything else asked for first, and saved under its name. */
function File({ message, attachment, said }) {
  const { type, name, width, height } = attachment;
  const isPicture = isShown(type) && type.startsWith("image/");
  const { status, url, error, progress, open } = useFile(undefined, message, attachment, { auto: isPicture });
  const title = name || said.attach;
  if (error) return h("p", null, `${title}: ${error.message}`);
  if (url && isPicture) return h("img", { src: url, alt: title, width, height });
  if (url) return h(Saved, { url, title, said });
  if (status === "loading") return h("progress", { value: progress?.loaded ?? 0, max: progress?.total ?? 1, "aria-label": title });
  return h("button", { type: "button", onClick: () => void open() }, `${said.open} ${title}`);
}

const Saved = ({ url, title, said }) => h("a", { href: url, download: title }, `${said.save} ${title}`);

function Seen({ message, said }) {
  const readers = useSeenBy(undefined, message);
  if (!readers.length) return null;
  return h("small", null, `${said.seenBy} `, h("bdi", null, readers.map(({ name }) => name).join(", ")));
}
