/** What people do to messages that are there: edit, react, look once, say that they have read. */

import { toSeal } from "./attachments.js";
import { MayflyError } from "../errors.js";
import { withFiles } from "./message-intake.js";
import { checkText } from "./outbox.js";
import { isMine, changed as withReaction } from "./reactions.js";

export class MessageActions {
  #port;
  /** Of what is being looked at: whoever presses twice looks once. */
  #looks = new Map();

  /**
   * @param {{list: any, deeds: any, edits: any, reactions: any, ownReactions: any, keyring: () => any, self: () => any,
   *   intake: () => any, seen: (sender: string, id: string) => Promise<boolean>, changed: () => void, erased: (id: string) => void}} port
   */
  constructor(port) {
    this.#port = port;
  }

  /** @param {string} key @param {string} text @param {{data?: unknown}} [options] */
  edit = async (key, text, { data } = {}) => {
    const { changed, deeds, self, edits } = this.#port;
    const message = this.#sent(key);
    checkText(text, data ?? message.data ?? message.attachments);
    if (message.sender !== self()?.id) throw new MayflyError("FORBIDDEN", "This message cannot be edited any more.");
    const revision = (message.revision ?? 0) + 1;
    const patch = { text, editedAt: new Date().toISOString(), revision, ...(data !== undefined && { data }) };
    edits.begin(key, patch);
    changed();
    return deeds.do({
      event: "edit-message",
      fields: () => this.#sealedEdit({ ...message, ...patch }, data),
      done: () => edits.done(key, patch),
      // Also where the server does not hold it any more: the others still show it, and a deletion is told.
      undo: () => {
        edits.refused(key);
        changed();
      },
    });
  };

  async #sealedEdit({ id, key, contentId = key, text, data, to, replyTo, kind, revision, attachments }, given) {
    const { keyring, self } = this.#port;
    if (!keyring()) return { id, text, ...(given !== undefined && { data: given }) };
    const { id: sender, name } = self();
    const content = { id: contentId, name, text, to, replyTo, kind, data, revision, attachments: toSeal(attachments) };
    return { id, text: await keyring().sealMessage(sender, content), encrypted: true };
  }

  react = async (key, emoji, on) => {
    const { list, deeds, reactions, ownReactions, changed, self } = this.#port;
    const { id, reactions: before } = this.#sent(key);
    const mine = isMine(before, emoji);
    const wanted = on ?? !mine;
    const show = (value) => {
      const now = list.get(key);
      if (!now) return;
      const change = { emoji, participantId: self()?.id, on: value, own: true };
      list.update(key, { reactions: withReaction(now.reactions, change) });
      changed();
    };
    ownReactions.begin(id, emoji, wanted, mine);
    show(wanted);
    return deeds.do({
      event: "react",
      fields: async () => ({ id, emoji: await reactions.tokenOf(id, emoji), on: wanted }),
      done: () => ownReactions.end(id, emoji),
      undo: () => {
        const last = ownReactions.end(id, emoji);
        if (last) show(last.told);
      },
    });
  };

  /**
   * See `index.d.ts`. What is seen is handed over and kept nowhere here. Asked until it is answered: the server may have heard
   * it, and told everybody that the message is gone, before the connection broke.
   */
  view = (key) => {
    const look = this.#looks.get(key) ?? this.#look(key).finally(() => this.#looks.delete(key));
    this.#looks.set(key, look);
    return look;
  };

  async #look(key) {
    const { list, deeds, keyring, intake, seen: isNew, changed, erased } = this.#port;
    const message = this.#sent(key);
    try {
      const seen = await deeds.do({ event: "view-message", fields: () => ({ id: message.id }) });
      list.update(key, { viewed: true });
      changed();
      if (!seen.encrypted) return { text: seen.text, data: seen.data, ...withFiles(seen) };
      if (!keyring()) return { text: "", unreadable: true };
      const { contentId, text, data, attachments, unreadable } = await intake().open({ ...message, text: seen.text });
      // Neither the words of before, nor others on a second look.
      const isOther = message.contentId ? contentId !== message.contentId : !(await isNew(message.sender, contentId));
      if (unreadable || isOther) return { text: "", unreadable: true };
      list.update(key, { contentId });
      return { text, data, ...(attachments && { attachments }) };
    } catch (error) {
      if (error.code === "MESSAGE_NOT_FOUND" && list.erase(message.id)) erased(message.id);
      throw error;
    }
  }

  pin = async (key) => {
    const id = key === null ? null : this.#sent(key).id;
    return this.#port.deeds.do({ event: "pin-message", fields: () => ({ id }) });
  };

  #sent(key) {
    const message = this.#port.list.get(key);
    if (message?.state !== "sent") throw new MayflyError("MESSAGE_NOT_FOUND", "This message is not there any more.");
    return message;
  }
}
