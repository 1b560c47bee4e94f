/** What a person does with messages, by whatever way: bar, menu, key or finger. */

import { AttachmentView } from "./attachment.js";
import { announce, h } from "./dom.js";
import { namedEmoji } from "./emoji-names.js";
import { errorWords } from "./error-words.js";
import { seenBy, wordsFor } from "./message.js";
import { openMessageMenu, pickReaction } from "./message-bar.js";
import { openDialog } from "./parts.js";
import { linkParts } from "./linkify.js";
import { displayName } from "./format.js";
import { sentences, t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

/** The longest that timers of browsers can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** @param {{client: Client, room: Room, toast: (text: string) => void, composer: any, show: (id: string) => void}} props */
export function messageActs({ client, room, toast, composer, show }) {
  const emojis = namedEmoji(client.EMOJI);
  const attempt = async (action, refused) => {
    try {
      return await action();
    } catch (error) {
      if (error.code !== "LEFT") toast(sentences([refused, errorWords(error)]));
    }
  };
  // Of whoever has a menu open: what is done is done to the message as it is now.
  const now = (message) => room.getSnapshot().messages.find(({ key }) => key === message.key);
  const act = {
    show,
    menu: (message) => goesWith(message, room, (onclose) => openMessageMenu({ message, now: () => now(message), emojis, act, onclose, ...known(message, room) })),
    react: (message, emoji) => attempt(() => room.react(message.key, emoji)),
    reactWith: (message) => pickReaction({ message, emojis, act }),
    reply: (message) => composer.replyTo(message),
    quote: (message) => composer.quote(message),
    edit: (message) => composer.edit(message),
    copy: (message) => attempt(async () => {
      await navigator.clipboard.writeText(message.text);
      toast(t("copied"));
    }),
    delete: (message) => {
      announce(t("act.deleted"));
      return attempt(() => room.deleteMessage(message.key), t("act.notDeleted"));
    },
    undo: (message) => room.undoDelete(message.key),
    pin: (message) => attempt(() => room.pinMessage(room.getSnapshot().room.pinnedMessageId === message.id ? null : message.key)),
    unpin: () => attempt(() => room.pinMessage(null)),
    view: (message) => attempt(() => viewOnce(message, { room, client, toast })),
    poll: (action, pollId, ...more) => attempt(() => room[action](pollId, ...more)),
    byKey: (action, message) => {
      const { may } = known(message, room);
      if (action === "menu" ? message.state === "sent" && !message.deleting : may[action]) act[action](message);
    },
  };
  return act;
}

/** What may be done with a message, and what is known of it. */
function known(message, room) {
  const snapshot = room.getSnapshot();
  const { self } = snapshot;
  const isHost = self?.role === "host";
  const isThere = message.state === "sent" && !message.deleting;
  const isMine = message.own && message.sender === self?.id;
  const readable = isThere && !wordsFor(message);
  return {
    pinned: snapshot.room.pinnedMessageId === message.id,
    seen: message.own && isThere && !message.viewOnce ? seenBy(message, snapshot) : "",
    may: {
      react: isThere,
      reply: isThere && !message.unreadable,
      copy: readable && message.text !== "" && !message.viewOnce,
      edit: readable && isMine && !message.viewOnce,
      pin: isThere && isHost && !message.to && !message.viewOnce,
      delete: isThere && (isMine || isHost),
    },
  };
}

/**
 * A dialog about a message closes when that is gone. Not where all have seen it: then it may still be looked at, for as long as it
 * was to last.
 * @param {any} message @param {Room} room @param {(onclose: () => void) => HTMLDialogElement} open
 */
function goesWith({ key, expiresAt }, room, open) {
  const ends = [room.on("message-deleted", ({ key: gone, reason }) => gone === key && reason !== "viewed" && dialog.close())];
  const dialog = open(() => ends.forEach((end) => end()));
  if (!expiresAt) return;
  const timer = setTimeout(() => dialog.close(), Math.min(LONGEST_MS, Math.max(0, Date.parse(expiresAt) - room.now())));
  ends.push(() => clearTimeout(timer));
}

/** Shown in a dialog, and nowhere afterwards. */
async function viewOnce(message, { room, client, toast }) {
  const { text, attachments = [], unreadable } = await room.viewMessage(message.key);
  const words = unreadable ? wordsFor({ unreadable }) : text;
  const files = attachments.map((attachment) => new AttachmentView({ client, room, key: message.key, attachment, kind: message.kind, toast }));
  goesWith(message, room, (onclose) => openDialog({
    onclose: () => {
      files.forEach((view) => view.end());
      onclose();
    },
    title: t("act.onceFrom", { name: displayName(message.senderName) }),
    class: "small",
    body: [
      files.map(({ element }) => element),
      words && h("p", { class: "message-once", dir: "auto" }, linkParts(words).map((part) => (part.href ? h("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, part.text) : part.text))),
      h("p", { class: "hint" }, t("act.onceGone")),
    ],
  }));
}

