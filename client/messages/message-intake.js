/**
 * What the server says of messages: new ones, changed ones, reactions, and what is gone. May be applied twice without
 * harm: a resumed seat is shown some of it again.
 */

import { plainAttachments, sealedAttachments } from "./attachments.js";
import { UNNAMED } from "../core/crowd.js";
import { changed, isMine } from "./reactions.js";

/** What became of messages whose id is not known yet, kept until it is. */
const MAX_EARLY = 500;

/**
 * @typedef {import("./messages.js").Message} Message
 * @typedef {{-readonly [Field in keyof Message]: Message[Field]}} Draft a message that is being read
 * @typedef {Partial<Pick<Draft, "text" | "senderName" | "unsealed" | "kind" | "data" | "revision" | "attachments" | "unreadable" |
 *   "contentId">>} Content
 */

export class MessageIntake {
  #port;
  /** Reactions that were switched since a hole in the numbers: they are told again as if nothing of it had been seen. */
  #switched = [];
  #early = [];
  /** After which number the join that is on its way has asked to be told. */
  asked = Infinity;

  /**
   * @param {{list: import("./messages.js").MessageList, seen: import("./seen.js").Seen, keyring: () => any, emitter: any,
   *   self: () => any, named: (wire: string) => Promise<object>, stopTyping: (id: string) => void, edits: any,
   *   reactions: import("./reactions.js").Reactions, ownReactions: import("./own-reactions.js").OwnReactions,
   *   clock: import("../core/clock.js").ServerClock}} port
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
      const { id, seq, epoch, expiresAt, reactions } = message;
      list.update(waiting.key, { state: "sent", id, seq, epoch, expiresAt, reactions });
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

  /** Known already, and told anew in a snapshot: as it is now, and as one wishes it to be. @param {Message} known @param {Message} told */
  #refresh(known, { text, data, unreadable, editedAt, expiresAt, reactions, revision }) {
    const { list, edits } = this.#port;
    const content = { text, data, editedAt, revision };
    const held = edits.baseOf(known.key) ?? known;
    const isOlder = unreadable || (revision ?? 0) < (held.revision ?? 0) || known.viewOnce;
    if (edits.isPending(known.key)) isOlder || edits.rebase(known.key, content);
    else if (!isOlder) list.update(known.key, content);
    list.update(known.key, { expiresAt, reactions: this.#withWishes(known.id, reactions) });
    return true;
  }

  /** What the server lists, with those of one's own reactions that are on their way. */
  #withWishes(id, listed) {
    const { ownReactions, self } = this.#port;
    let shown = listed;
    for (const [emoji, { wanted }] of ownReactions.wishes(id)) {
      ownReactions.told(id, emoji, isMine(listed, emoji));
      shown = changed(shown, { emoji, participantId: self()?.id, on: wanted, own: true });
    }
    return shown;
  }

  /** @returns {Promise<{message: Message, contentId?: string}>} */
  async #read(payload, self) {
    const own = payload.sender === self?.id;
    const { name: senderName, unsealed } = await this.#port.named(payload.senderName);
    /** @type {Draft} */
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
    const { contentId, ...content } = payload.encrypted ? await this.open(payload) : withFiles(payload);
    Object.assign(message, content);
    // The id inside is the sender's word: the server can repeat a message, but not pass it off as a new one.
    if (contentId) Object.assign(message, { key: own ? contentId : `${payload.sender}:${contentId}`, contentId });
    return { message, contentId };
  }

  /**
   * What is inside a sealed message, or that it cannot be read.
   * @param {{sender: string, text: string, to?: string | null, replyTo?: string | null, viewOnce?: boolean}} payload
   * @returns {Promise<Content>}
   */
  async open({ sender, text, to, replyTo, viewOnce }) {
    try {
      const content = await this.#port.keyring().openMessage(sender, text, to);
      // An answer to something else would be another word than that of its sender. Of what is seen once nobody is told that.
      const isUntold = viewOnce && replyTo === undefined;
      if (!isUntold && (content.replyTo ?? null) !== (replyTo ?? null)) throw new TypeError();
      const { id, name, text: said, kind, data, revision } = content;
      const attachments = sealedAttachments(content.attachments);
      const more = { ...(kind && { kind }), ...(data !== undefined && { data }), ...(revision && { revision }), ...(attachments && { attachments }) };
      return { contentId: String(id), text: said, senderName: String(name ?? UNNAMED), unsealed: undefined, ...more };
    } catch {
      return { text: "", unreadable: true };
    }
  }

  async updated(payload) {
    const { list, edits, emitter } = this.#port;
    const known = list.byId(payload.id);
    if (!known) return false;
    const change = await this.#edited({ ...known, ...edits.baseOf(known.key) }, payload);
    if (!change) return false;
    if (edits.isPending(known.key)) return edits.rebase(known.key, change), false;
    list.update(known.key, change);
    emitter.emit("message-updated", list.get(known.key));
    return true;
  }

  /** @param {Message} known @returns {Promise<Partial<Message> | null>} `null`: it stays as it is */
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
  deleted({ id, by, reason, seq }) {
    const known = this.#port.list.erase(id);
    if (known) this.#port.edits.forget(known.key);
    else this.#tooEarly(id, seq);
    this.#port.emitter.emit("message-deleted", { id, key: known?.key, by, reason });
    return Boolean(known);
  }

  /** @param {{id: string, participantId: string, emoji: string, on: boolean, seq: number}} payload */
  async reacted({ id, participantId, emoji: token, on, seq }, { self = this.#port.self() } = {}) {
    const { list, reactions, emitter } = this.#port;
    const known = list.byId(id);
    if (!known && !list.hasNameless) return false;
    const change = { emoji: await reactions.emojiOf(id, token), token, participantId, on, own: participantId === self?.id };
    const current = list.byId(id); // While it was read, it may have gone.
    if (!current) return this.#tooEarly(id, seq, change);
    this.#switched.push({ id, seq, change });
    if (!this.#switch(current, change)) return false;
    emitter.emit("reaction", { id, key: current.key, participantId, emoji: change.emoji, on });
    return true;
  }

  /** Maybe to an own message whose acknowledgement has not come: nobody but the acknowledgement tells its id. */
  #tooEarly(id, seq, change) {
    if (this.#port.list.hasNameless && this.#early.length < MAX_EARLY) this.#early.push({ id, seq, change });
    return false;
  }

  /** An own message has its id now. */
  acknowledged(id) {
    const { list } = this.#port;
    for (const { change } of this.#early.filter((one) => one.id === id)) {
      const known = list.byId(id);
      if (known && change) this.#switch(known, change);
    }
    this.#early = list.hasNameless ? this.#early.filter((one) => one.id !== id) : [];
  }

  /**
   * For the session: up to which number, of those that were applied, nothing waits for an id, and how all was then, as the
   * server has it: what one has changed and is on its way does not survive a reload, and would look as if it had.
   */
  saved(applied) {
    const { list, edits, ownReactions, self } = this.#port;
    const lastSeq = Math.min(applied, ...this.#early.map(({ seq }) => seq - 1));
    const since = this.#switched.filter(({ seq }) => seq > lastSeq).reverse();
    const asTold = (known) => {
      let { reactions } = known;
      for (const [emoji, { told }] of ownReactions.wishes(known.id)) {
        reactions = changed(reactions, { emoji, participantId: self()?.id, on: told, own: true });
      }
      for (const { id, change } of since) if (id === known.id) reactions = changed(reactions, { ...change, on: !change.on });
      return { ...known, ...edits.baseOf(known.key), reactions };
    };
    return { lastSeq, messages: list.all.map(asTold) };
  }

  #switch({ key, id, reactions }, change) {
    if (change.own && this.#port.ownReactions.told(id, change.emoji, change.on)) return false;
    this.#port.list.update(key, { reactions: changed(reactions, change) });
    return true;
  }

  /**
   * Everything up to this number has come: nothing of it is told again, but what a join on its way has asked for, and what
   * a reload would ask for (see `saved`).
   */
  accounted(seq) {
    if (!this.#switched.length) return;
    // An own message that failed, and stays on screen: nobody waits for its id any more.
    if (this.#switched.length > MAX_EARLY) this.#early = [];
    const settled = Math.min(seq, this.asked, ...this.#early.map((one) => one.seq - 1));
    this.#switched = this.#switched.filter((one) => one.seq > settled);
  }

  /**
   * What is told again begins after `lastSeq`: back to how it was then. Of the messages since, those that are not told again
   * have been deleted; own ones are never told again, and their deletions always are.
   * @param {number} lastSeq @param {{epoch: string, seq: number, missed: any[], selfId: string}} picture
   */
  rewind(lastSeq, { epoch, seq, missed, selfId }) {
    const { list } = this.#port;
    // An acknowledgement may have filled the hole since.
    this.accounted(lastSeq);
    this.#early = this.#early.filter((one) => one.seq <= lastSeq);
    const undone = this.#switched.filter((one) => one.seq > lastSeq);
    this.#switched = this.#switched.filter((one) => one.seq <= lastSeq);
    for (const { id, change } of undone.reverse()) {
      const known = list.byId(id);
      if (known) this.#switch(known, { ...change, on: !change.on });
    }
    const isSince = (known) => known.epoch === epoch && known.seq > lastSeq && known.seq <= seq;
    this.#lost((known) => isSince(known) && known.sender !== selfId, missed, "deleted");
  }

  /**
   * A picture that is no continuation replaces what was known of this epoch: what it has not may have been deleted, and
   * nobody tells us any more. Another epoch knows nothing of the messages of before, which stay, but for those that were taken
   * back: these are told (`missed`), or were too many (`forgotten`).
   */
  replaced({ epoch, seq, messages = [], forgotten }) {
    this.#switched = [];
    this.#lost((known) => (known.epoch === epoch ? known.seq <= seq : forgotten), messages, "forgotten");
  }

  /** Of those that were sent, and are not told again. @param {any[]} told messages, or what was missed */
  #lost(isLost, told, reason) {
    const { list, edits, emitter } = this.#port;
    const ids = new Set(told.map(({ id, payload }) => id ?? payload.id));
    for (const { id, key } of list.prune((known) => known.state !== "sent" || ids.has(known.id) || !isLost(known))) {
      if (reason === "deleted") list.erase(id);
      edits.forget(key);
      emitter.emit("message-deleted", { id, key, by: "", reason });
    }
  }
}

/** @returns {Content} of a message, or of what was seen, that was not sealed: its files alone */
export function withFiles({ attachments, data }) {
  const found = plainAttachments(attachments, data);
  return found ? { attachments: found } : {};
}

/**
 * @typedef {Pick<Message, "id" | "seq" | "epoch" | "text" | "sender" | "timestamp" | "kind" | "data" | "replyTo" | "viewOnce" |
 *   "expiresAt" | "editedAt">} Common
 * @returns {Common}
 */
function common(payload) {
  const fields = ["id", "seq", "epoch", "text", "sender", "timestamp", "kind", "data", "replyTo", "viewOnce", "expiresAt", "editedAt"];
  const given = fields.filter((name) => payload[name] !== undefined);
  return /** @type {any} */ (Object.fromEntries(given.map((name) => [name, payload[name]])));
}
