/** What people do to messages that are there: edit, react, look once, say that they have read. */

import { MayflyError } from "./errors.js";
import { checkText } from "./outbox.js";
import { changed as withReaction } from "./reactions.js";

export class MessageActions {
  #port;

  /**
   * @param {{list: any, deeds: any, edits: any, reactions: any, ownReactions: any, keyring: () => any, self: () => any, request: Function,
   *   intake: () => any, seen: (sender: string, id: string) => Promise<boolean>, changed: () => void, erased: (id: string) => void}} port
   */
  constructor(port) {
    this.#port = port;
  }

  edit = async (key, text, { data } = {}) => {
    const { list, deeds, edits, changed, self } = this.#port;
    const message = this.#sent(key);
    checkText(text, data ?? message.data);
    if (message.sender !== self()?.id) throw new MayflyError("FORBIDDEN", "This message cannot be edited any more.");
    const revision = (message.revision ?? 0) + 1;
    const patch = { text, editedAt: new Date().toISOString(), revision, ...(data !== undefined && { data }) };
    edits.begin(key, patch);
    changed();
    return deeds.do({
      event: "edit-message",
      fields: () => this.#sealedEdit({ ...message, ...patch }, data),
      done: () => edits.done(key, patch),
      undo: (error) => {
        edits.refused(key);
        if (error.code === "MESSAGE_NOT_FOUND" && list.erase(message.id)) this.#port.erased(message.id);
        changed();
      },
    });
  };

  async #sealedEdit({ id, key, contentId = key, text, data, to, replyTo, kind, revision }, given) {
    const { keyring, self } = this.#port;
    if (!keyring()) return { id, text, ...(given !== undefined && { data: given }) };
    const { id: sender, name } = self();
    const content = { id: contentId, name, text, to, replyTo, kind, data, revision };
    return { id, text: await keyring().sealMessage(sender, content), encrypted: true };
  }

  react = async (key, emoji, on) => {
    const { list, deeds, reactions, ownReactions, changed, self } = this.#port;
    const { id, reactions: before } = this.#sent(key);
    const wanted = on ?? !before?.find((reaction) => reaction.emoji === emoji)?.mine;
    const show = (value) => {
      const now = list.get(key);
      if (!now) return;
      const change = { emoji, participantId: self()?.id, on: value, own: true };
      list.update(key, { reactions: withReaction(now.reactions, change) });
      changed();
    };
    ownReactions.begin(id, emoji, wanted, Boolean(before?.find((reaction) => reaction.emoji === emoji)?.mine));
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

  /** See `index.d.ts`. What is seen is handed over and kept nowhere here. */
  view = async (key) => {
    const { list, request, keyring, intake, seen: isNew, changed, erased } = this.#port;
    const message = this.#sent(key);
    try {
      const seen = await request("view-message", { id: message.id });
      list.update(key, { viewed: true });
      changed();
      if (!seen.encrypted) return { text: seen.text, data: seen.data };
      if (!keyring()) return { text: "", unreadable: true };
      const { contentId, text, data, unreadable } = await intake().open({ ...message, text: seen.text });
      // Neither the words of before, nor others on a second look.
      const isOther = message.contentId ? contentId !== message.contentId : !(await isNew(message.sender, contentId));
      if (unreadable || isOther) return { text: "", unreadable: true };
      list.update(key, { contentId });
      return { text, data };
    } catch (error) {
      if (error.code === "MESSAGE_NOT_FOUND" && list.erase(message.id)) erased(message.id);
      throw error;
    }
  };

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
