/** All that is said in a room, put together: messages on their way and those that are there, polls, reads, who types. */

import { ServerClock } from "./core/clock.js";
import { Crowd } from "./core/crowd.js";
import { Deeds } from "./messages/deeds.js";
import { Deletions } from "./messages/deletions.js";
import { Edits } from "./messages/edits.js";
import { Expiry } from "./messages/expiry.js";
import { Files } from "./files/files.js";
import { MessageActions } from "./messages/message-actions.js";
import { MessageIntake } from "./messages/message-intake.js";
import { MessageList } from "./messages/messages.js";
import { OwnReactions } from "./messages/own-reactions.js";
import { Outbox } from "./messages/outbox.js";
import { Polls } from "./messages/polls.js";
import { Reactions } from "./messages/reactions.js";
import { Reads } from "./messages/reads.js";
import { Seen } from "./messages/seen.js";
import { Typist } from "./messages/typist.js";

export class Talk {
  #room;
  #expiry;
  #reads;
  #deletions;
  #actions;
  #seen = new Seen();
  #clock = new ServerClock();
  list = new MessageList();
  #edits = new Edits(this.list);

  /**
   * @param {{store: any, emitter: any, keyring: () => any, request: Function, epoch: () => string | undefined, noteSeq:
   *   (seq: number) => void, suspicious: () => void, saveSoon: () => void, saveNow: () => void, assertInside: () => void,
   *   roomId: string, server: string, token: () => string | undefined}} room
   */
  constructor(room) {
    this.#room = room;
    const { keyring, request, store, emitter, suspicious } = room;
    const joined = () => store.getSnapshot().status === "joined";
    const self = () => store.getSnapshot().self;
    const { list } = this;
    const [changed, erased] = [() => this.changed(), () => this.erased()];
    const shared = { list, keyring, self, request, store, emitter, joined, suspicious, changed, erased };
    /** A hint, not worth a repetition. */
    this.typist = new Typist((isTyping) => request("typing", { isTyping }).catch(() => {}));
    this.crowd = new Crowd(shared);
    this.deeds = new Deeds(shared);
    this.#expiry = new Expiry(list, this.#clock, (messages) => this.#expired(messages));
    this.#reads = new Reads({ request, may: () => joined() && Boolean(store.getSnapshot().room?.receipts) });
    this.outbox = new Outbox({ ...shared, ...this.#outboxPort() });
    const { roomId, server, token, assertInside } = room;
    this.files = new Files({ ...shared, outbox: this.outbox, roomId, server, token, assertInside });
    this.polls = new Polls({ ...shared, deeds: this.deeds, epoch: room.epoch, changed: room.saveSoon });
    this.#deletions = new Deletions({ ...shared, deeds: this.deeds });
    const more = { deeds: this.deeds, edits: this.#edits, reactions: new Reactions(keyring), ownReactions: new OwnReactions() };
    const seen = (sender, id) => this.#seen.note(sender, id);
    this.#actions = new MessageActions({ ...shared, ...more, seen, intake: () => this.messages });
    this.messages = new MessageIntake({ ...shared, ...more, ...this.#intakePort() });
  }

  /** What a room offers of it. */
  get api() {
    const { edit, react, view, pin } = this.#actions;
    return {
      sendMessage: (text, options) => this.#send(text, options),
      sendFile: this.files.send,
      openFile: this.files.open,
      retryMessage: (key) => this.files.retry(key) || this.outbox.retry(key),
      discardMessage: (key) => this.#discard(key),
      editMessage: edit,
      deleteMessage: this.#deletions.delete,
      undoDelete: this.#deletions.undo,
      react,
      viewMessage: view,
      pinMessage: pin,
      now: () => this.#clock.now(),
      markRead: (seq) => this.#reads.mark(seq),
      createPoll: this.polls.create,
      vote: this.polls.vote,
      closePoll: this.polls.close,
      deletePoll: this.polls.delete,
      /** Call it at every keystroke; it tells the others at a sensible pace and stops by itself. */
      setTyping: (isTyping) => this.typist.set(isTyping),
    };
  }

  restore({ messages = [], seen, votes, clockAheadMs }) {
    this.#clock.restore(clockAheadMs);
    this.#seen.restore(seen);
    this.polls.restore(votes);
    for (const message of messages) this.list.add(message);
    if (!this.#expiry.sweep()) this.#room.store.update({ messages: this.list.all });
  }

  /** For the session. @param {number} applied what was told up to here is shown */
  saved(applied) {
    const { lastSeq, messages } = this.messages.saved(applied);
    return {
      lastSeq,
      // A file that is on its way does not survive a reload, and neither does its message.
      messages: messages.filter(({ error, upload }) => !error && !upload),
      seen: this.#room.keyring() ? String(this.#seen) : undefined,
      votes: this.polls.mine,
      clockAheadMs: this.#clock.aheadMs,
    };
  }

  /** Inside (again): what waited is sent. */
  inside({ isNewSeat }) {
    this.#expiry.sweep();
    if (isNewSeat) this.#reads.reset();
    this.#reads.flush();
    this.#deletions.resume();
    this.flush();
  }

  flush() {
    this.outbox.flush();
    this.deeds.flush();
  }

  /** Nothing waits any more, or so many milliseconds have passed. Whoever leaves has decided about what could be undone. */
  settled(timeoutMs) {
    this.sendDeletions();
    return Promise.all([this.outbox.settled(timeoutMs), this.deeds.settled(timeoutMs)]);
  }

  sendDeletions() {
    this.#deletions.sendNow();
  }

  stop() {
    this.typist.stop();
    this.outbox.stop();
    this.files.stop();
    this.deeds.stop();
    this.#reads.stop();
    this.#expiry.stop();
  }

  /** Something was taken away: it does not stay in the session for a moment longer. */
  erased() {
    this.#show();
    this.#room.saveNow();
  }

  changed() {
    this.#show();
    this.#room.saveSoon();
  }

  #show() {
    this.#room.store.update({ messages: this.list.all });
    this.#expiry.watch();
  }

  #expired(messages) {
    this.erased();
    for (const { id, key } of messages) this.#room.emitter.emit("message-deleted", { id, key, by: "", reason: "expired" });
  }

  #send(text, options) {
    this.#room.assertInside();
    this.typist.set(false);
    return this.outbox.post(text, options);
  }

  #discard(key) {
    if (this.files.cancel(key)) return;
    if (this.list.get(key)?.state !== "failed") return;
    this.list.remove(key);
    this.erased();
  }

  #outboxPort() {
    const { epoch, noteSeq, store } = this.#room;
    return {
      epoch,
      noteSeq,
      sealed: (sender, id) => this.#seen.note(sender, id),
      messageTtlS: () => store.getSnapshot().room?.messageTtlS,
      acknowledged: (id) => this.messages.acknowledged(id),
      stamped: (iso) => this.#clock.note(iso),
      missing: (key) => this.files.missing(key),
    };
  }

  #intakePort() {
    return {
      seen: this.#seen,
      clock: this.#clock,
      named: (wire) => this.crowd.named(wire),
      stopTyping: (id) => this.crowd.stopTyping(id),
    };
  }
}
