// People in rooms, each with the Mayfly client and a connection of their own, who come back by themselves while the
// server moves under them. Told what to do by lines of JSON, like tests/support/socketio_client.mjs.
import { createInterface } from "node:readline";
import { openRoom } from "../../../client/index.js";
import { PACE } from "../../support/pace.mjs";

const GOODBYE_MS = 500 * PACE;

const people = new Map();

class Person {
  constructor({ link, name, server, transports = ["websocket", "polling"] }) {
    this.heard = [];
    this.longestMs = 0;
    this.moves = 0;
    this.awaySince = null;
    this.room = openRoom(link, { name, server, storage: null, socket: { transports } });
    this.room.subscribe(() => this.changed());
  }

  changed() {
    const { status } = this.room.getSnapshot();
    if (status === "joined") {
      if (this.awaySince !== null) this.longestMs = Math.max(this.longestMs, performance.now() - this.awaySince);
      this.awaySince = null;
    } else if (this.awaySince === null && this.was === "joined") {
      this.moves += 1;
      this.awaySince = performance.now();
    }
    this.was = status;
  }

  report() {
    const { status, self, messages, error } = this.room.getSnapshot();
    const { moves, longestMs } = this;
    const away = this.awaySince === null ? 0 : performance.now() - this.awaySince;
    const texts = messages.map(({ text, state }) => [text, state ?? null]);
    const me = self && { id: self.id, role: self.role };
    return { status, self: me, moves, longestMs: Math.max(longestMs, away), texts, error: error?.code ?? null };
  }
}

const commands = {
  async join({ name, ...options }) {
    const person = new Person({ name, ...options });
    people.set(name, person);
    await person.room.joined;
    return person.report();
  },
  async refused(options) {
    const person = new Person(options);
    return person.room.joined.then(
      () => "joined",
      (error) => error.code,
    );
  },
  // Resolved when the server has it, however often it has to be sent.
  say: ({ name, text }) => people.get(name).room.sendMessage(text).then?.(() => null) ?? null,
  ban: ({ name, participantId }) => people.get(name).room.ban(participantId),
  // With time for what a polling client says at last: it goes out behind the answer.
  async leave() {
    await Promise.all([...people.values()].map(({ room }) => room.leave()));
    await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS));
  },
  report: () => Object.fromEntries([...people].map(([name, person]) => [name, person.report()])),
};

async function run({ call, do: name, ...fields }) {
  try {
    console.log(JSON.stringify({ call, ok: true, data: (await commands[name](fields)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: `${error.code ?? ""} ${error.message}` }));
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line)));
lines.on("close", () => process.exit(0));
