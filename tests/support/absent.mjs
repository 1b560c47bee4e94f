/**
 * People in two rooms, one sealed: Ada stays, Ben loses the network, Cyd closes the page and opens it again. A line of JSON is
 * `{call, do}`, answered by `{call, ok, data | error}`.
 * Usage: node absent.mjs SERVER PROXY
 */

import { createInterface } from "node:readline";
import { createRoom, openRoom } from "../../client/index.js";
import { PACE } from "./pace.mjs";

const [server, proxy] = process.argv.slice(2);
const LIMIT_MS = 20_000 * PACE;

class Memory {
  #items = new Map();
  getItem = (key) => this.#items.get(key) ?? null;
  setItem = (key, value) => void this.#items.set(key, value);
  removeItem = (key) => void this.#items.delete(key);
  get whole() {
    return [...this.#items.values()].join("\n");
  }
}

class Person {
  storage = new Memory();
  told = [];
  shownFirst = null;

  constructor(name, link, through) {
    Object.assign(this, { name, link, through });
    this.open();
  }

  open() {
    const socket = { reconnectionDelay: 50, reconnectionDelayMax: 200 };
    const room = (this.room = openRoom(this.link, { name: this.name, server: this.through, storage: this.storage, socket }));
    room.on("message-deleted", ({ reason }) => this.told.push(reason));
    room.on("joined", () => (this.shownFirst = this.texts));
    return room.joined;
  }

  get texts() {
    return this.room.getSnapshot().messages.map(({ text }) => text);
  }

  get seen() {
    const { texts, told, shownFirst } = this;
    return { texts, told, shownFirst, kept: this.storage.whole };
  }
}

async function until(holds, what) {
  const limit = Date.now() + LIMIT_MS;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const rooms = [];
const people = () => rooms.flat();
const joined = (person) => person.room.getSnapshot().status === "joined";
const ofAda = (text) => (message) => message.text === text;

const actions = {
  async begin() {
    for (const encrypt of [false, true]) {
      const { link, hostLink } = await createRoom({ server, encrypt });
      const all = [new Person("Ada", hostLink, server), new Person("Ben", link, proxy), new Person("Cyd", link, server)];
      rooms.push(all);
      await Promise.all(all.map(({ room }) => room.joined));
      for (const text of ["stays", "planted-deleted", "planted-edited"]) all[0].room.sendMessage(text);
      await until(() => all.every(({ texts }) => texts.length === 3), "the messages");
    }
    // What is said is in the session a moment later.
    await until(() => people().every(({ storage }) => storage.whole.includes("planted-edited")), "the sessions");
    return rooms.length;
  },
  async takeBack() {
    for (const [ada, ben, cyd] of rooms) {
      cyd.room.close();
      await until(() => !joined(ben), "Ben to be away");
      const { messages } = ada.room.getSnapshot();
      await ada.room.deleteMessage(messages.find(ofAda("planted-deleted")).key, { undoMs: 0 });
      await ada.room.editMessage(messages.find(ofAda("planted-edited")).key, "said anew");
    }
    return rooms.map(([ada, ben]) => [ada.texts, ben.texts]);
  },
  async away() {
    await until(() => !joined(rooms[0][0]), "Ada to be away");
  },
  async comeBack() {
    for (const [, , cyd] of rooms) cyd.open();
    await until(() => people().every(joined), "everybody to be back");
    return rooms.map((all) => all.map(({ seen }) => seen));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, do: name } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ call, ok: true, data: (await actions[name]()) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: String(error?.stack ?? error) }));
  }
}
process.exit(0);
