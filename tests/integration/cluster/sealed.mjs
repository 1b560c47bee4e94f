// People in one encrypted room, each with the Mayfly client, through one server or another. What several do in one moment is
// asked for at once; told what to do by lines of JSON, like tests/support/socketio_client.mjs.
import { createInterface } from "node:readline";
import { createRoom, openRoom } from "../../../client/index.js";

class MemoryStorage {
  #items = new Map();
  getItem = (key) => this.#items.get(key) ?? null;
  setItem = (key, value) => void this.#items.set(key, value);
  removeItem = (key) => void this.#items.delete(key);
  get all() {
    return [...this.#items.values()].join("\n");
  }
}

const people = new Map();

const found = ({ room }, id) => room.getSnapshot().messages.find((message) => message.id === id);

function until({ room }, fits) {
  return new Promise((resolve) => {
    const look = () => {
      const value = fits(room.getSnapshot());
      if (!value) return;
      stop();
      resolve(value);
    };
    const stop = room.subscribe(look);
    look();
  });
}

const deeds = {
  edit: (person, { id, text }) => person.room.editMessage(found(person, id).key, text),
  react: (person, { id, emoji, on }) => person.room.react(found(person, id).key, emoji, on),
  erase: (person, { id }) => person.room.deleteMessage(found(person, id).key, { undoMs: 0 }),
  pin: (person, { id }) => person.room.pinMessage(found(person, id).key),
  vote: (person, { pollId, choices }) => person.room.vote(pollId, choices),
  close: (person, { pollId }) => person.room.closePoll(pollId),
  view: (person, { id }) => person.room.viewMessage(found(person, id).key),
};

/** Whatever could not even be asked for, as it was gone already, is as if the server had said so. */
async function outcome({ by, deed, ...fields }) {
  try {
    await deeds[deed](people.get(by), fields);
    return "done";
  } catch (error) {
    return error.code ?? String(error.stack);
  }
}

function pictureOf({ messages, polls, room }) {
  return {
    pinned: room.pinnedMessageId ?? null,
    messages: messages.map(({ id, seq, text, unreadable, unsealed, editedAt, reactions = [] }) => ({
      id, seq, text, unreadable, unsealed, isEdited: Boolean(editedAt),
      reactions: Object.fromEntries(reactions.map(({ emoji, participantIds }) => [emoji, [...participantIds].sort()])),
    })),
    polls: polls.map(({ pollId, question, options, counts, votes, closed }) => ({ pollId, question, options, counts, votes: votes && Object.entries(votes).sort(), closed })),
  };
}

const commands = {
  make: (settings) => createRoom(settings),
  async join({ name, link, server }) {
    const storage = new MemoryStorage();
    const room = openRoom(link, { name, server, storage, socket: { transports: ["websocket"] } });
    await room.joined;
    people.set(name, { room, storage });
    return room.getSnapshot().self.id;
  },
  /** The id, once everybody who is there has read it. */
  async say({ by, text, seenBy, options, file }) {
    const person = people.get(by);
    const { room } = person;
    if (file) room.sendFile(new Blob([file.repeat(20_000)], { type: "text/plain" }), { text, name: `${file}.txt`, ...options });
    else room.sendMessage(text, options);
    const fits = ({ messages }) => messages.find((one) => (options?.viewOnce ? one.viewOnce : one.text === text) && one.state === "sent" && one.id);
    const { id } = await until(person, fits);
    await Promise.all(seenBy.map((name) => until(people.get(name), ({ messages }) => messages.some((one) => one.id === id))));
    return id;
  },
  async ask({ by, question, options, seenBy }) {
    const { pollId } = await people.get(by).room.createPoll({ question, options });
    await Promise.all(seenBy.map((name) => until(people.get(name), ({ polls }) => polls.some((one) => one.pollId === pollId))));
    return pollId;
  },
  atOnce: ({ asked }) => Promise.all(asked.map(outcome)),
  pictures: () => Object.fromEntries([...people].map(([name, { room }]) => [name, pictureOf(room.getSnapshot())])),
  saved: () => [...people.values()].map(({ storage }) => storage.all),
  async gone({ id }) {
    await Promise.all([...people.values()].map((person) => until(person, ({ messages }) => messages.every((one) => one.id !== id))));
  },
  async leave({ names }) {
    for (const name of names ?? [...people.keys()]) {
      await people.get(name).room.leave();
      people.delete(name);
    }
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
