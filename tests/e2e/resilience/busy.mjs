// People in one room, each with the Mayfly client, who at random send, edit, delete, react, vote and more, each noting what
// they did and what came of it: what a model makes the right picture of. Every text begins with a tag of its own ("3.17;"),
// which stays through all edits. Told what to do by lines of JSON, like tests/support/socketio_client.mjs.
import { createInterface } from "node:readline";
import { createRoom, openRoom } from "../../../client/index.js";
import { PACE } from "../../support/pace.mjs";

const EMOJI = ["👍", "❤️", "😂", "🎉"];
const WATCHED = ["message-deleted", "left"];
const MAX_UNDER_WAY = 3;
/** A session keeps 300 over a reload. */
const MAX_MESSAGES = 250;
const SOCKET = { reconnectionDelay: 20, reconnectionDelayMax: 60, timeout: 1_500 * PACE };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Numbers from 0 to 1, of a seed (mulberry32): what people do is another story for another seed, and little else is chance. */
function numbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let random = numbers(0);
const any = (list) => list[Math.floor(random() * list.length)];
const chance = (share) => random() < share;

class MemoryStorage {
  #items = new Map();
  getItem = (key) => this.#items.get(key) ?? null;
  setItem = (key, value) => void this.#items.set(key, value);
  removeItem = (key) => void this.#items.delete(key);
  get all() {
    return [...this.#items.values()].join("\n");
  }
}

class Person {
  constructor(options) {
    Object.assign(this, options, { storage: new MemoryStorage(), log: [], ids: {}, fileIds: {}, count: 0, forgotten: 0, joins: 0, faults: [], underWay: new Set() });
    this.open();
  }

  open(storage = this.storage) {
    const { link, number, server, transports } = this;
    this.room = openRoom(link, { name: `Person ${number}`, server, storage, socket: { ...SOCKET, transports } });
    this.room.on("joined", () => (this.joins += 1));
    for (const event of WATCHED) this.room.on(event, (payload) => this.heard(event, payload));
    this.room.on("error", (error) => this.faults.push(`error: ${error?.stack ?? error}`));
    this.room.subscribe(() => this.noteIds());
    return this.room.joined;
  }

  heard(event, { reason, ending, error }) {
    if (reason === "forgotten") this.forgotten += 1;
    if (event === "left" && !this.closing) this.faults.push(`left: ${ending?.reason ?? error?.code}`);
  }

  /** What others call one's own messages, and their files. */
  noteIds() {
    for (const { own, id, text, attachments } of this.room.getSnapshot().messages.slice(-40)) {
      if (own && id) this.ids[id] = tagOf(text);
      if (own && attachments?.[0].fileId) this.fileIds[attachments[0].fileId] = tagOf(text);
    }
  }

  get snapshot() {
    return this.room.getSnapshot();
  }

  get others() {
    return this.snapshot.participants.map(({ id }) => id);
  }

  note(what, fields) {
    const entry = { what, ...fields, outcome: null };
    this.log.push(entry);
    return entry;
  }

  /** What came of it: `done`, or the code of the refusal. */
  async follow(entry, promise) {
    this.underWay.add(entry);
    try {
      const found = await promise;
      entry.outcome ??= "done";
      return found;
    } catch (error) {
      entry.outcome = error.code ?? String(error.stack);
    } finally {
      entry.newest = Math.max(0, ...this.snapshot.messages.map(({ seq }) => seq ?? 0));
      this.underWay.delete(entry);
    }
  }

  async live(pauseMs) {
    this.living = true;
    while (this.living) {
      await pause(pauseMs * (0.5 + random()));
      if (this.underWay.size >= MAX_UNDER_WAY || !this.snapshot.self) continue;
      try {
        await this.act();
      } catch (error) {
        this.faults.push(`${error.code ?? ""} ${error.stack}`);
      }
    }
  }

  act() {
    const deeds = this.brief ? this.deeds : [...this.deeds, [3, this.lasting]];
    let at = random() * deeds.reduce((sum, [weight]) => sum + weight, 0);
    return deeds.find(([weight]) => (at -= weight) < 0)[1].call(this);
  }

  get deeds() {
    return [
      [24, this.say], [14, this.edit], [7, this.erase], [24, this.react], [8, this.vote], [8, this.look], [4, this.read], [3, this.rename],
      [2, this.ask], [1, this.closePoll], [1, this.erasePoll], [2, this.reload], ...(this.isHost ? [[6, this.pin]] : []),
    ];
  }

  text() {
    return `${this.number}.${this.count++};0 ${any(["hello", "and", "so", "…", "🙂", "\n"]).repeat(1 + random() * 9)}`;
  }

  options() {
    const { messages } = this.snapshot;
    const kind = random();
    const to = kind < 0.2 ? any(this.others) : undefined;
    const replyTo = chance(0.2) ? any(messages.filter((m) => m.state === "sent" && m.to === to && !m.viewOnce))?.id : undefined;
    return { to, replyTo, viewOnce: chance(0.15) || undefined };
  }

  say() {
    if (this.snapshot.messages.length > MAX_MESSAGES) return;
    const [text, options] = [this.text(), this.options()];
    const size = chance(0.2) && this.files ? 1 + Math.floor(random() * 30_000) : null;
    const bytes = size && crypto.getRandomValues(new Uint8Array(size));
    const file = size && { name: `${tagOf(text)}.bin`, size, sum: sumOf(bytes) };
    this.note("say", { tag: tagOf(text), text, file, ...options }).outcome = "done";
    if (file) this.room.sendFile(new Blob([bytes], { type: "application/x-any" }), { ...options, text, name: file.name });
    else this.room.sendMessage(text, options);
  }

  /** It expires before all is compared. */
  lasting() {
    const [text, options] = [this.text(), { ttlS: 5, to: chance(0.2) ? any(this.others) : undefined }];
    this.note("say", { tag: tagOf(text), text, ...options }).outcome = "done";
    this.room.sendMessage(text, options);
  }

  one(fits) {
    return any(this.snapshot.messages.filter((message) => message.state === "sent" && !message.deleting && fits(message)));
  }

  edit() {
    const message = this.one(({ own, viewOnce, expiresAt }) => own && !viewOnce && !expiresAt);
    if (!message) return;
    const { id, key } = message;
    const tag = tagOf(message.text);
    const text = `${tag};e${this.count++} edited ${"x".repeat(random() * 20)}`;
    this.follow(this.note("edit", { id, tag, text }), this.room.editMessage(key, text));
  }

  erase() {
    const message = this.one(({ own }) => own || (this.isHost && chance(0.2)));
    if (!message) return;
    const { id, key } = message;
    const entry = this.note("delete", { id, tag: tagOf(message.text) });
    this.follow(entry, this.room.deleteMessage(key, { undoMs: chance(0.5) ? 0 : 150 }));
    if (chance(0.2) && this.room.undoDelete(key)) entry.outcome = "undone";
  }

  react() {
    // Mostly to what is new, so that several do it at one moment.
    const newest = this.snapshot.messages.slice(-8);
    const message = this.one((one) => !one.viewOnce && !one.expiresAt && (newest.includes(one) || chance(0.1)));
    if (!message) return;
    const emoji = any(EMOJI);
    const on = chance(0.7);
    this.follow(this.note("react", { id: message.id, tag: tagOf(message.text), emoji, on }), this.room.react(message.key, emoji, on));
  }

  async look() {
    const message = this.one(({ own, viewOnce, viewed }) => viewOnce && !own && !viewed);
    if (!message) return;
    const entry = this.note("look", { id: message.id });
    const seen = await this.follow(entry, this.room.viewMessage(message.key));
    if (seen) entry.seen = seen.unreadable ? "unreadable" : seen.text;
  }

  read() {
    const last = this.snapshot.messages.findLast(({ seq }) => seq);
    if (last) this.room.markRead(last.seq);
  }

  rename() {
    const patch = any([{ idle: chance(0.5) }, { attributes: { mood: `${this.count++}` } }, { name: `Person ${this.number} ${this.count++}` }]);
    this.follow(this.note("rename", { patch }), this.room.updateSelf(patch));
  }

  async ask() {
    if (this.snapshot.polls.length >= 12) return;
    const question = `${this.number}.${this.count++};?`;
    const poll = { question, options: ["a", "b", "c"], multiple: chance(0.5), anonymous: chance(0.3) };
    const entry = this.note("ask", poll);
    entry.pollId = (await this.follow(entry, this.room.createPoll(poll)))?.pollId;
  }

  vote() {
    const poll = any(this.snapshot.polls.filter(({ closed }) => !closed));
    if (!poll) return;
    const choices = poll.multiple ? [0, 1, 2].filter(() => chance(0.4)) : chance(0.15) ? [] : [any([0, 1, 2])];
    this.follow(this.note("vote", { pollId: poll.pollId, choices }), this.room.vote(poll.pollId, choices));
  }

  ownPoll() {
    return any(this.snapshot.polls.filter(({ own }) => own));
  }

  closePoll() {
    const poll = this.ownPoll();
    if (poll && !poll.closed) this.follow(this.note("close", { pollId: poll.pollId }), this.room.closePoll(poll.pollId));
  }

  erasePoll() {
    const poll = this.ownPoll();
    if (poll) this.follow(this.note("erase-poll", { pollId: poll.pollId }), this.room.deletePoll(poll.pollId));
  }

  pin() {
    const message = chance(0.8) ? this.one(({ to, viewOnce, expiresAt }) => !to && !viewOnce && !expiresAt) : null;
    if (message === undefined) return;
    this.follow(this.note("pin", { id: message?.id ?? null }), this.room.pinMessage(message?.key ?? null));
  }

  /** As a reload of the page does: what was shown and chosen is taken from the session. What one was doing is done before. */
  async reload() {
    const uploads = () => this.snapshot.messages.some(({ upload }) => upload);
    for (let tries = 0; this.underWay.size || uploads(); tries += 1) {
      if (tries > 40) return;
      await pause(25);
    }
    this.close();
    await this.open();
    // Whoever loads the page is there.
    this.note("rename", { patch: { idle: false } }).outcome = "done";
  }

  close() {
    this.closing = true;
    this.room.close();
    this.closing = false;
  }

  /** Whether nothing of one's own is under way any more. What failed for want of a connection is tried once more. */
  get settled() {
    const { status, messages } = this.snapshot;
    for (const { key, state, error } of messages) if (state === "failed" && error?.code === "CONNECTION_LOST") this.room.retryMessage(key);
    return status === "joined" && !this.underWay.size && messages.every(({ state, own }) => !own || state === "sent");
  }

  report() {
    const { number, log, ids, fileIds, forgotten, joins, faults } = this;
    return { number, log, ids, fileIds, forgotten, joins, faults, saved: this.storage.all, ...pictureOf(this.snapshot) };
  }

  /** What the server says to whoever comes back to this seat and remembers nothing. */
  async picture() {
    this.close();
    const seat = new MemoryStorage();
    for (const { key, value } of this.seatAlone()) seat.setItem(key, value);
    await this.open(seat);
    return pictureOf(this.snapshot);
  }

  seatAlone() {
    const key = `mayfly:${this.room.id}`;
    const { version, participantId, resumeToken, epoch, name } = JSON.parse(this.storage.getItem(key));
    return [{ key, value: JSON.stringify({ version, participantId, resumeToken, epoch, name }) }];
  }

  async opened(shares) {
    const found = [];
    for (const message of this.snapshot.messages) {
      for (const file of (!message.viewOnce && message.attachments) || []) {
        if (!chance(shares)) continue;
        const blob = await this.room.openFile(message, file);
        found.push({ name: file.name, sum: sumOf(new Uint8Array(await blob.arrayBuffer())) });
      }
    }
    return found;
  }
}

const tagOf = (text) => text.split(";")[0];
const sumOf = (bytes) => bytes.reduce((sum, byte) => (sum * 31 + byte) % 2 ** 31, 7);

function pictureOf({ self, participants, room, messages, polls, reads }) {
  const people = [self, ...participants].map(({ id, name, idle, attributes }) => [id, { name, idle, attributes }]);
  return {
    id: self.id,
    people: Object.fromEntries(people),
    pinned: room.pinnedMessageId,
    reads,
    messages: messages.map((message) => shown(message, self.id)),
    polls: polls.map(({ pollId, author, question, options, counts, votes, closed, seq }) => ({ pollId, author, question, options, counts, votes: sorted(votes), closed, seq })),
  };
}

function shown({ id, seq, text, sender, to, replyTo, kind, viewOnce, state, unreadable, unsealed, editedAt, attachments, reactions = [], own }) {
  return {
    id, seq, sender, to, replyTo, kind, viewOnce, state, unreadable, unsealed, own, isEdited: Boolean(editedAt), text,
    files: attachments?.map(({ fileId, name, size }) => ({ fileId, name, size })),
    reactions: Object.fromEntries(reactions.map(({ emoji, count, participantIds, mine }) => [emoji, { count, people: [...participantIds].sort(), mine }])),
  };
}

const sorted = (votes) => votes && Object.fromEntries(Object.entries(votes).sort(([a], [b]) => (a < b ? -1 : 1)));

let people = [];
let lives = [];

const commands = {
  make: (settings) => createRoom(settings),
  async join({ link, hostLink, server, count, files, seed }) {
    random = numbers(seed);
    people = Array.from({ length: count }, (_, number) => {
      const transports = number % 7 === 3 ? ["polling"] : number % 5 === 1 ? ["polling", "websocket"] : ["websocket"];
      return new Person({ number, link: number ? link : hostLink, server, files, isHost: !number, transports });
    });
    await Promise.all(people.map(({ room }) => room.joined));
    return people.map((person) => person.snapshot.self.id);
  },
  live({ pauseMs }) {
    lives = people.map((person) => person.live(pauseMs));
  },
  brief: () => people.forEach((person) => (person.brief = true)),
  async stop() {
    for (const person of people) person.living = false;
    await Promise.all(lives);
  },
  settled: () => people.every((person) => person.settled),
  waiting: () => people.flatMap(({ number, underWay, snapshot: { status, messages } }) => [
    [number, status, [...underWay], messages.filter(({ own, state }) => own && state !== "sent").map(({ text, state, error }) => [text, state, error?.code])],
  ]),
  report: () => people.map((person) => person.report()),
  opened: async ({ share }) => (await Promise.all(people.map((person) => person.opened(share)))).flat(),
  pictures: async () => {
    const found = [];
    for (const person of people) found.push(await person.picture());
    await Promise.all(people.map(({ room }) => room.leave()));
    return found;
  },
};

async function run({ call, do: name, ...fields }) {
  try {
    console.log(JSON.stringify({ call, ok: true, data: (await commands[name](fields)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: `${error.code ?? ""} ${error.stack}` }));
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line)));
lines.on("close", () => process.exit(0));
