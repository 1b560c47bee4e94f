/**
 * What the server says of messages: new ones, changed ones, reactions, and what is gone. May be applied twice without
 * harm: a resumed seat is shown some of it again.
 */

import { UNNAMED } from "./crowd.js";
import { changed } from "./reactions.js";

export class MessageIntake {
  #port;

  /**
   * @param {{list: import("./messages.js").MessageList, seen: import("./seen.js").Seen, keyring: () => any, emitter: any,
   *   self: () => any, named: (wire: string) => Promise<object>, stopTyping: (id: string) => void, edits: any,
   *   reactions: import("./reactions.js").Reactions, reacting: (id: string, emoji: string) => boolean,
   *   clock: import("./clock.js").ServerClock}} port
   *   `reacting`: an own reaction is on its way, so what the server says of the one before is old
   */
  constructor(port) {
    this.#port = port;
  }

  /** @returns {Promise<boolean>} whether anything is to be shown that was not */
  async received(payload, { self = this.#port.self(), live = false } = {}) {
    const { list, clock, emitter } = this.#port;
    if (live) clock.note(payload.timestamp);
    const { message, contentId } = await this.#read(payload, self);
    const waiting = payload.clientMessageId && list.get(payload.clientMessageId);
    // One that was sent before the connection broke, and whose acknowledgement never came.
    if (waiting?.own && waiting.state !== "sent") {
      const { id, seq, epoch, expiresAt } = message;
      list.update(waiting.key, { state: "sent", id, seq, epoch, expiresAt });
      return true;
    }
    if (list.byId(message.id)) return this.#refresh(list.byId(message.id), message);
    const isNew = !contentId || (await this.#port.seen.note(payload.sender, contentId));
    if (!isNew && !list.get(message.key)) return false;
    this.#port.stopTyping(payload.sender);
    const added = list.add(message);
    if (added && !message.own) emitter.emit("message", message);
    return added;
  }

  /** Known already, and told anew in a snapshot: as it is now. */
  #refresh(known, { text, data, unreadable, editedAt, expiresAt, reactions, revision }) {
    const { list, edits } = this.#port;
    const isOlder = unreadable || (revision ?? 0) < (known.revision ?? 0) || edits.isPending(known.key);
    const content = isOlder || known.viewOnce ? {} : { text, data, editedAt, revision };
    list.update(known.key, { ...content, expiresAt, reactions });
    return true;
  }

  async #read(payload, self) {
    const own = payload.sender === self?.id;
    const { name: senderName, unsealed } = await this.#port.named(payload.senderName);
    const message = {
      key: own && payload.clientMessageId ? payload.clientMessageId : payload.id,
      ...common(payload),
      senderName,
      own,
      state: "sent",
      to: payload.to ?? undefined,
      encrypted: Boolean(payload.encrypted),
      ...(unsealed && { unsealed }),
    };
    if (payload.reactions) message.reactions = await this.#port.reactions.read(payload.id, payload.reactions);
    const { contentId, ...content } = payload.encrypted ? await this.open(payload) : {};
    Object.assign(message, content);
    // The id inside is the sender's word: the server can repeat a message, but not pass it off as a new one.
    if (contentId) Object.assign(message, { key: own ? contentId : `${payload.sender}:${contentId}`, contentId });
    return { message, contentId };
  }

  /** What is inside a sealed message, or that it cannot be read. */
  async open({ sender, text, to, replyTo }) {
    try {
      const content = await this.#port.keyring().openMessage(sender, text, to);
      // An answer to something else would be another word than that of its sender.
      if ((content.replyTo ?? null) !== (replyTo ?? null)) throw new TypeError("an answer to something else");
      const { id, name, text: said, kind, data, revision } = content;
      const more = { ...(kind && { kind }), ...(data !== undefined && { data }), ...(revision && { revision }) };
      return { contentId: String(id), text: said, senderName: String(name ?? UNNAMED), unsealed: undefined, ...more };
    } catch {
      return { text: "", unreadable: true };
    }
  }

  async updated(payload) {
    const { list, edits, emitter } = this.#port;
    const known = list.byId(payload.id);
    if (!known) return false;
    const change = await this.#edited(known, payload);
    if (!change) return false;
    if (edits.isPending(known.key)) return edits.rebase(known.key, change), false;
    list.update(known.key, change);
    emitter.emit("message-updated", list.get(known.key));
    return true;
  }

  async #edited(known, { sender = known.sender, text, data, editedAt, encrypted }) {
    const kept = data === undefined ? {} : { data };
    if (!encrypted) return { text, ...kept, editedAt, encrypted: false, unreadable: undefined };
    const { contentId, unreadable, ...content } = await this.open({ sender, text, to: known.to, replyTo: known.replyTo });
    // The words of another message, or of one that cannot be opened, are not what its author changed it to.
    const wanted = known.contentId ?? (known.own ? known.key : contentId);
    if (unreadable || contentId !== wanted) {
      return { text: "", data: undefined, unreadable: true, editedAt };
    }
    // A server may not bring back what was edited away.
    if ((content.revision ?? 0) <= (known.revision ?? 0) && !known.unreadable) return null;
    return { text: content.text, data: content.data, revision: content.revision, editedAt, unreadable: undefined, encrypted: true };
  }

  /** @returns {boolean} */
  deleted({ id, by, reason }) {
    const known = this.#port.list.erase(id);
    if (known) this.#port.edits.forget(known.key);
    this.#port.emitter.emit("message-deleted", { id, key: known?.key, by, reason });
    return Boolean(known);
  }

  async reacted({ id, participantId, emoji: token, on }) {
    const { list, reactions, emitter, self, reacting } = this.#port;
    const known = list.byId(id);
    if (!known) return false;
    const own = participantId === self()?.id;
    const emoji = await reactions.emojiOf(id, token);
    if (own && reacting(id, emoji)) return false;
    const current = list.byId(id); // While it was read, it may have gone.
    if (!current) return false;
    list.update(current.key, { reactions: changed(current.reactions, { emoji, token, participantId, on, own }) });
    emitter.emit("reaction", { id, key: current.key, participantId, emoji, on });
    return true;
  }
}

function common(payload) {
  const fields = ["id", "seq", "epoch", "text", "sender", "timestamp"];
  const optional = ["kind", "data", "replyTo", "viewOnce", "expiresAt", "editedAt"].filter((name) => payload[name] !== undefined);
  return Object.fromEntries([...fields, ...optional].map((name) => [name, payload[name]]));
}
