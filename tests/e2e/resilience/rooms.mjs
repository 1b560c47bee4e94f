// People in many rooms, each with a connection of their own (socket.io-client), who talk and negotiate calls without a
// pause and repeat what was not answered, while processes of the server are struck. Told what to do by lines of JSON.
//
// Each says numbered texts. In each room the first keeps offering to the second, who answers; then come two candidates.
// A person notes whatever comes as it comes: nothing is put in order, and nothing that came twice is dropped.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import { PACE } from "../../support/pace.mjs";

const ACK_LIMIT_MS = 20_000 * PACE;
const RETRY_MS = 50;
// What is answered within it may have been done before the strike.
const ON_ITS_WAY_MS = 500;
const CANDIDATES = 2;
const SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

const people = new Map();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const busy = [];
let over = false;
let struckAt = Infinity;

class Person {
  constructor({ name, url, roomId, everyMs }) {
    Object.assign(this, { name, roomId, everyMs });
    this.said = []; // seq of each text that was acknowledged, in the order of saying
    this.heard = []; // [seq, text] of others
    this.signals = []; // [kind, negotiation, number]
    this.answers = []; // negotiations that were answered
    this.faults = [];
    this.comings = 0;
    this.seat = null;
    this.answeredAfter = null; // ms from the strike to the first answer after it
    this.socket = io(url, { transports: ["websocket"], reconnectionDelay: 50, reconnectionDelayMax: 250 });
    this.joined = new Promise((resolve) => (this.onJoined = resolve));
    this.socket.on("connect", () => this.came());
    this.socket.on("message-received", (message) => this.hear(message));
    this.socket.on("offer-received", (signal) => this.onOffer(signal));
    this.socket.on("answer-received", (signal) => this.onAnswer(signal));
    this.socket.on("ice-candidate-received", ({ negotiationId, candidate }) =>
      this.signals.push(["candidate", negotiationId, candidate.sdpMLineIndex]),
    );
  }

  hear({ seq, text, sender }) {
    if (sender !== this.id) this.heard.push([seq, text]);
    this.lastSeq = Math.max(this.lastSeq, seq);
  }

  // The acknowledgement, or null. `answered` is called with what is granted before anything that follows is heard.
  emit(event, payload, answered) {
    return new Promise((resolve) => {
      this.socket.timeout(ACK_LIMIT_MS).emit(event, payload, (error, ack) => {
        if (ack?.ok) answered?.(ack.data);
        resolve(error ? null : ack);
      });
    });
  }

  // Until it is answered with a yes: whoever repeats a message gives it the same id.
  async ask(event, payload, answered) {
    const askedAt = performance.now();
    for (;;) {
      const ack = await this.emit(event, payload, answered);
      if (ack?.ok) {
        const after = performance.now() - struckAt;
        if (askedAt > struckAt || after > ON_ITS_WAY_MS) this.answeredAfter ??= after;
        return ack.data;
      }
      if (ack && !ack.error.retryable && !["NOT_IN_ROOM", "STALE_NEGOTIATION"].includes(ack.error.code)) {
        this.faults.push(`${event}: ${ack.error.code}`);
        return null;
      }
      if (ack?.error.code === "STALE_NEGOTIATION") return null;
      await pause(RETRY_MS);
    }
  }

  async came() {
    this.comings += 1;
    if (this.socket.recovered) return;
    const about = { roomId: this.roomId, snapshot: "ack" };
    const { seat, id, lastSeq } = this;
    if (seat) about.resume = { participantId: id, resumeToken: seat.resumeToken, epoch: seat.epoch, lastSeq };
    await this.ask("join-room", about, (joined) => this.sit(joined, seat));
  }

  sit(joined, seat) {
    if (seat && !joined.recovered) this.faults.push("what was missed is not known any more");
    if (seat && joined.epoch !== seat.epoch) this.faults.push("another epoch");
    for (const { event, payload } of joined.missed ?? []) if (event === "message-received") this.hear(payload);
    this.seat = joined;
    this.id = joined.self.id;
    this.lastSeq = joined.seq;
    this.onJoined(this.id);
  }

  async talk() {
    while (!over) {
      const number = this.said.length;
      const text = `${this.name} ${number}`;
      const told = await this.ask("send-message", { roomId: this.roomId, text, clientMessageId: `${this.id}-${number}` });
      if (told) this.said.push(told.seq);
      await pause(this.everyMs);
    }
  }

  async call(to) {
    for (let round = 0; !over; round++) {
      const about = { roomId: this.roomId, to, negotiationId: `${this.name}.${round}` };
      const answered = new Promise((resolve) => (this.onAnswered = resolve));
      if (await this.ask("offer", { ...about, description: { type: "offer", sdp: SDP } })) {
        for (let number = 0; number < CANDIDATES; number++) {
          const candidate = { candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host", sdpMid: "0", sdpMLineIndex: number };
          await this.ask("ice-candidate", { ...about, candidate });
        }
        await Promise.race([answered, pause(1_000)]); // then it offers anew, as a client does
      }
      await pause(this.everyMs);
    }
  }

  async onOffer({ from, negotiationId }) {
    this.signals.push(["offer", negotiationId, -1]);
    const about = { roomId: this.roomId, to: from, negotiationId };
    await this.ask("answer", { ...about, description: { type: "answer", sdp: SDP } });
  }

  onAnswer({ negotiationId }) {
    this.answers.push(negotiationId);
    this.onAnswered?.();
  }

  report() {
    const { said, heard, signals, answers, faults, comings, answeredAfter } = this;
    return { said, heard, signals, answers, faults, comings, answeredAfter, connected: this.socket.connected };
  }
}

const commands = {
  async join(options) {
    const person = new Person(options);
    people.set(options.name, person);
    return person.joined;
  },
  begin({ callers }) {
    for (const person of people.values()) busy.push(person.talk());
    for (const [name, to] of callers) busy.push(people.get(name).call(people.get(to).id));
  },
  struck() {
    struckAt = performance.now();
  },
  async end({ settleMs }) {
    over = true;
    await Promise.all(busy);
    await pause(settleMs);
  },
  report: () => Object.fromEntries([...people].map(([name, person]) => [name, person.report()])),
  leave() {
    for (const { socket } of people.values()) socket.disconnect();
  },
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
