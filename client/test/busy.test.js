/**
 * People who at random send, edit, delete, react, vote and reload, while their connections break, are slow, or swallow what
 * is said: in the end all see the same. In memory and with a clock of its own; `tests/e2e/resilience/busy.mjs` is the same
 * with a real server. BUSY_SEED: another story; BUSY_STORIES: so many.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoom, openRoom } from "../index.js";
import { startTestClock, startTestServer } from "../testing.js";

const FIRST_SEED = Number(process.env.BUSY_SEED ?? 20261130);
const STORIES = Number(process.env.BUSY_STORIES ?? 6);
const PEOPLE = 4;
const STEPS = 90;
const EMOJI = ["👍", "😂"];
const nothing = () => {};

/** Numbers from 0 to 1, of a seed (mulberry32). */
function numbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a page has over a reload. */
function session() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
}

class Person {
  storage = session();
  count = 0;
  faults = [];

  constructor({ random, server, link, number }) {
    Object.assign(this, { random, server, link, number });
    this.open();
  }

  open() {
    this.room = openRoom(this.link, { name: `Person ${this.number}`, storage: this.storage, socket: { reconnectionDelay: 20, reconnectionDelayMax: 60 } });
    this.room.on("error", (error) => this.faults.push(error));
  }

  chance = (share) => this.random() < share;
  any = (list) => list[Math.floor(this.random() * list.length)];

  get snapshot() {
    return this.room.getSnapshot();
  }

  one(fits) {
    return this.any(this.snapshot.messages.filter((message) => message.state === "sent" && !message.deleting && fits(message)));
  }

  act() {
    const deeds = [[8, this.say], [4, this.edit], [2, this.erase], [10, this.react], [3, this.look], [3, this.ask], [4, this.vote], [3, this.reload], [4, this.drop], [1, this.silence], [3, this.slow], [3, this.lose]];
    let at = this.random() * deeds.reduce((sum, [weight]) => sum + weight, 0);
    deeds.find(([weight]) => (at -= weight) < 0)[1].call(this);
  }

  say() {
    const to = this.chance(0.2) ? this.any(this.snapshot.participants)?.id : undefined;
    this.room.sendMessage(`${this.number}.${this.count++}`, { to, viewOnce: this.chance(0.15) || undefined });
  }

  edit() {
    const message = this.one(({ own, viewOnce }) => own && !viewOnce);
    if (message) this.room.editMessage(message.key, `${message.text.split(";")[0]};e${this.count++}`).catch(nothing);
  }

  erase() {
    const message = this.one(({ own }) => own);
    if (message) this.room.deleteMessage(message.key, { undoMs: this.chance(0.5) ? 0 : 150 }).catch(nothing);
  }

  react() {
    const message = this.one(({ viewOnce }) => !viewOnce);
    if (message) this.room.react(message.key, this.any(EMOJI), this.chance(0.6)).catch(nothing);
  }

  look() {
    const message = this.one(({ own, viewOnce, viewed }) => viewOnce && !own && !viewed);
    if (message) this.room.viewMessage(message.key).then(({ unreadable }) => unreadable && this.faults.push("unreadable"), (error) => this.refused(error));
  }

  /** To be seen by two at most: who has not seen it is told so only where its author took it away. */
  refused({ code }) {
    if (!["MESSAGE_NOT_FOUND", "LEFT"].includes(code)) this.faults.push(`a look: ${code}`);
  }

  ask() {
    if (this.snapshot.polls.length < 3) this.room.createPoll({ question: "?", options: ["a", "b"], anonymous: this.chance(0.5) }).catch(nothing);
  }

  vote() {
    const poll = this.any(this.snapshot.polls);
    if (poll) this.room.vote(poll.pollId, this.chance(0.2) ? [] : [this.any([0, 1])]).catch(nothing);
  }

  reload() {
    this.room.close();
    this.open();
  }

  drop() {
    this.server.drop(this.room);
  }

  silence() {
    this.server.silence(this.room);
  }

  /** The server does it, and its answer is never heard. */
  lose() {
    this.server.dropAnswer(this.any(["send-message", "edit-message", "react", "vote", "view-message", "delete-message", "join-room"]), { who: this.room });
  }

  slow() {
    this.server.slow(this.room, this.any([0, 10, 40, 150]));
  }

  /** What is on screen of what all are told, or two: by id. */
  picture() {
    const { messages, polls, participants } = this.snapshot;
    const shown = messages.map(({ id, text, viewOnce, editedAt, to, reactions = [] }) => {
      const who = reactions.map(({ emoji, count, participantIds }) => `${emoji}${count} ${[...participantIds].sort()}`).sort();
      return [id, { to, text: viewOnce ? "" : text, isEdited: Boolean(editedAt), who }];
    });
    return { messages: new Map(shown), polls: polls.map(({ pollId, counts, votes }) => [pollId, counts, Object.entries(votes ?? {}).sort()]), people: participants.length };
  }
}

async function story(seed, encrypt) {
  const clock = startTestClock();
  const server = startTestServer({ resumeTtlS: 3_600 });
  try {
    const { link } = await createRoom({ server: server.url, encrypt });
    const random = numbers(seed);
    const people = Array.from({ length: PEOPLE }, (_, number) => new Person({ random, server, link, number }));
    await clock.pass(1_000);
    for (let step = 0; step < STEPS; step += 1) {
      people[Math.floor(random() * PEOPLE)].act();
      await clock.pass(random() * 40);
    }
    for (const person of people) server.slow(person.room, 0);
    await clock.pass(150_000); // what is not answered until then, fails
    return people.map((person) => ({ ...person.picture(), faults: person.faults, number: person.number, self: person.snapshot.self.id, status: person.snapshot.status, waiting: person.snapshot.messages.filter(({ state }) => state !== "sent").length }));
  } finally {
    server.stop();
    await clock.settle();
    clock.restore();
  }
}

function check(all) {
  for (const one of all) {
    assert.deepEqual([one.faults, one.status, one.waiting, one.people], [[], "joined", 0, PEOPLE - 1], `person ${one.number}`);
    assert.deepEqual(one.polls, all[0].polls, `polls of person ${one.number}`);
    for (const other of all) {
      for (const [id, message] of one.messages) {
        if (message.to !== undefined && message.to !== other.self) continue;
        assert.deepEqual(other.messages.get(id), message, `${other.number} beside ${one.number}: ${id}`);
      }
    }
  }
}

for (let at = 0; at < STORIES; at += 1) {
  const [seed, encrypt] = [FIRST_SEED + at, (FIRST_SEED + at) % 2 === 1];
  test(`story ${seed}, ${encrypt ? "sealed" : "plain"}: all see the same`, async () => check(await story(seed, encrypt)));
}
