// Twenty people in one room, each on a socket.io-client of its own that reconnects by itself. Half of them rely on
// connection state recovery alone, half resume their seat with `join-room`. Told what to do by lines of JSON, like
// tests/support/socketio_client.mjs; `report` says what each of them has seen.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import { PACE } from "../../support/pace.mjs";

const ACK_LIMIT_MS = 4_000 * PACE;
const RETRY_MS = 40;
const PAUSE_MS = 300;
// socket.io-client does not notice a connection that is cut between the WebSocket's opening and Engine.IO's: it waits
// for this long, 20 s unless told otherwise.
const OPENING_LIMIT_MS = 1_500 * PACE;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Person {
  constructor(number, { url, roomId, native, transports }) {
    Object.assign(this, { number, roomId, native });
    this.received = []; // [seq, text] of others' messages, in the order of receipt
    this.sent = []; // texts, in the order of acknowledgement
    this.ids = new Set();
    this.connects = 0;
    this.continued = 0;
    this.afresh = 0;
    this.failures = [];
    this.lastSeq = 0;
    this.longestMs = 0;
    this.talking = false;
    const quick = { reconnectionDelay: 20, reconnectionDelayMax: 60, timeout: OPENING_LIMIT_MS };
    const options = { forceNew: true, transports, autoConnect: false, ...quick };
    // Like the Mayfly client: a socket that resumes by itself does not ask for connection state recovery.
    if (!native) options.auth = { pid: undefined, offset: undefined };
    this.socket = io(url, options);
    this.socket.on("connect", () => this.connected());
    this.socket.on("message-received", (message) => this.take(message));
    this.socket.on("disconnect", () => (this.goneAt = performance.now()));
    this.socket.on("room-left", ({ reason }) => this.failures.push(`room-left ${reason}`));
  }

  // Resolved by the first snapshot.
  join() {
    return new Promise((resolve) => {
      this.joined = resolve;
      this.joinId = `chat-participant-${this.number}-${this.roomId}`;
      this.socket.connect();
    });
  }

  connected() {
    this.connects += 1;
    if (this.goneAt) this.longestMs = Math.max(this.longestMs, performance.now() - this.goneAt);
    if (this.seat && this.socket.recovered) {
      this.continued += 1;
      return;
    }
    const { roomId } = this;
    const way = this.seat
      ? { resume: { ...this.seat, lastSeq: this.lastSeq } }
      : { name: `Person ${this.number}`, clientJoinId: this.joinId };
    // A callback and no promise: what is awaited is seen only after the events that follow it in the same packet.
    this.socket.timeout(ACK_LIMIT_MS).emit("join-room", { roomId, ...way }, (lost, answer) => {
      if (lost) return; // Cut before the answer came: the next connect tries again.
      if (answer.ok) this.seated(answer.data, Boolean(way.resume));
      else this.failures.push(`join-room ${answer.error.code}`);
    });
  }

  seated(data, resumed) {
    if (resumed && data.recovered) this.continued += 1;
    else if (resumed) this.afresh += 1;
    for (const { event, payload } of data.missed ?? []) if (event === "message-received") this.take(payload);
    this.lastSeq = data.seq;
    this.ids.add(data.self.id);
    this.seat = { participantId: data.self.id, resumeToken: data.resumeToken, epoch: data.epoch };
    this.joined();
  }

  take({ seq, text }) {
    this.received.push([seq, text]);
    this.lastSeq = Math.max(this.lastSeq, seq);
  }

  // Says one thing after the other, each until it is acknowledged.
  async talk() {
    this.talking = true;
    for (let n = 0; this.talking; n++) {
      await this.say(`${this.number}:${n}`);
      await pause(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  async say(text) {
    while (!(await this.trySaying(text))) await pause(RETRY_MS);
  }

  // Without an answer it may have arrived or not, and is sent again.
  trySaying(text) {
    const message = { roomId: this.roomId, text, clientMessageId: `message ${text}` };
    return new Promise((resolve) => {
      this.socket.timeout(ACK_LIMIT_MS).emit("send-message", message, (lost, answer) => {
        if (!lost && answer.ok) {
          this.lastSeq = Math.max(this.lastSeq, answer.data.seq);
          this.sent.push(text);
        } else if (!lost && answer.error.code !== "NOT_IN_ROOM") {
          this.failures.push(`send-message ${answer.error.code}`);
        }
        resolve(!lost && answer.ok);
      });
    });
  }

  report() {
    const { number, native, received, sent, connects, continued, afresh, failures, longestMs } = this;
    return { number, native, received, sent, ids: [...this.ids], connects, continued, afresh, failures, longestMs };
  }
}

let people = [];
let talks = [];

const commands = {
  async join({ url, roomId, count }) {
    const kind = (number) => (number < 2 ? ["polling", "websocket"] : ["websocket"]);
    people = Array.from(
      { length: count },
      (_, number) => new Person(number, { url, roomId, native: number % 2 === 0, transports: kind(number) }),
    );
    await Promise.all(people.map((person) => person.join()));
  },
  talk() {
    talks = people.map((person) => person.talk());
  },
  async stop() {
    for (const person of people) person.talking = false;
    await Promise.all(talks);
    return people.reduce((sum, person) => sum + person.sent.length, 0);
  },
  received: () => people.map((person) => person.received.length),
  report: () => people.map((person) => person.report()),
};

async function run({ call, do: name, ...fields }) {
  try {
    console.log(JSON.stringify({ call, ok: true, data: (await commands[name](fields)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: error.message }));
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line)));
lines.on("close", () => process.exit(0));
