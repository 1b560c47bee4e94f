// The client in Node.js against the real server, with a network that loses what the test says.
import assert from "node:assert/strict";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient, MayflyError } from "../../../client/client.js";
import { PACE } from "../../support/pace.mjs";

const [url, graceMs] = process.argv.slice(2);
const LIMIT_MS = 15_000 * PACE;

/** Passes everything on, but for what `losesAck(event)` and `losesEvent(event, payload)` pick. */
function lossy({ losesAck = () => false, losesEvent = () => false } = {}) {
  const sockets = [];
  const made = (...args) => {
    const socket = io(...args);
    sockets.push(socket);
    const timeout = socket.timeout.bind(socket);
    socket.timeout = (ms) => {
      const flagged = timeout(losesAck.soon ?? ms);
      const emit = flagged.emit.bind(flagged);
      flagged.emit = (event, payload, ack) =>
        losesAck(event) ? emit(event, payload, () => ack(new Error("lost"))) : emit(event, payload, ack);
      return flagged;
    };
    const onAny = socket.onAny.bind(socket);
    socket.onAny = (listener) => onAny((event, payload) => losesEvent(event, payload) || listener(event, payload));
    return socket;
  };
  return { io: made, sockets };
}

async function until(room, condition, what) {
  if (condition(room.getSnapshot())) return room.getSnapshot();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} within ${LIMIT_MS} ms`)), LIMIT_MS);
    const end = room.subscribe(() => {
      if (!condition(room.getSnapshot())) return;
      clearTimeout(timer);
      end();
      resolve(room.getSnapshot());
    });
  });
}

class MemoryStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => void this.set(key, value);
  removeItem = (key) => void this.delete(key);
}

const once = (times) => () => times-- > 0;
const plain = makeClient(io);
const join = (link, options = {}, client = plain) => client.joinRoom(link, { storage: new MemoryStorage(), ...options });
const texts = ({ messages }) => messages.map((message) => message.text);
const allSent = ({ messages }) => messages.every((message) => message.state === "sent");

const TESTS = {
  async "a message whose acknowledgement is lost is sent again and arrives once"() {
    const { link } = await plain.createRoom({ server: url });
    const ben = await join(link, { name: "Ben" });
    const loses = once(2);
    const network = lossy({ losesAck: (event) => event === "send-message" && loses() });
    const ada = await join(link, { name: "Ada" }, makeClient(network.io));
    ada.sendMessage("once");
    const [sent] = (await until(ada, allSent, "sent")).messages;
    ada.sendMessage("and then");
    await until(ben, (seen) => texts(seen).includes("and then"), "the second message");
    assert.deepEqual(texts(ben.getSnapshot()), ["once", "and then"]);
    assert.equal(ben.getSnapshot().messages[0].senderName, "Ada");
    assert.equal(sent.state, "sent");
    return [ada, ben];
  },

  async "three hundred messages at once are all sent, in order, past the rate limit"() {
    const { link } = await plain.createRoom({ server: url });
    const [ada, ben] = await Promise.all([join(link, { name: "Ada" }), join(link, { name: "Ben" })]);
    const wanted = Array.from({ length: 300 }, (_, at) => `message ${at}`);
    for (const text of wanted) ada.sendMessage(text);
    await until(ben, ({ messages }) => messages.length === wanted.length, "300 messages");
    assert.deepEqual(texts(ben.getSnapshot()), wanted);
    await until(ada, allSent, "all acknowledged");
    assert.deepEqual(texts(ada.getSnapshot()), wanted);
    return [ada, ben];
  },

  async "an event that is lost on the way is noticed and made good"() {
    const { link } = await plain.createRoom({ server: url });
    const ada = await join(link, { name: "Ada" });
    const loses = once(1);
    const network = lossy({ losesEvent: (event) => event === "message-received" && loses() });
    const ben = await join(link, { name: "Ben" }, makeClient(network.io));
    let gaps = 0;
    ben.on("gap", () => (gaps += 1));
    ada.sendMessage("lost");
    ada.sendMessage("seen");
    await until(ben, (seen) => texts(seen).length === 2, "both messages");
    assert.deepEqual(texts(ben.getSnapshot()), ["lost", "seen"]);
    assert.equal(gaps, 1);
    return [ada, ben];
  },

  async "a private message between others is no gap that anybody mends again and again"() {
    const { link } = await plain.createRoom({ server: url });
    const [ada, ben] = [await join(link, { name: "Ada" }), await join(link, { name: "Ben" })];
    let joins = 0;
    const network = lossy({ losesAck: (event) => void (joins += event === "join-room" ? 1 : 0) });
    const cleo = await join(link, { name: "Cleo" }, makeClient(network.io));
    for (let at = 0; at < 5; at += 1) ada.sendMessage(`secret ${at}`, { to: ben.getSnapshot().self.id });
    ada.sendMessage("for all");
    await until(cleo, (seen) => texts(seen).includes("for all"), "the public message");
    await until(ben, (seen) => texts(seen).length === 6, "the private messages");
    assert.deepEqual(texts(cleo.getSnapshot()), ["for all"]);
    assert.equal(ben.getSnapshot().messages[0].to, ben.getSnapshot().self.id);
    assert.ok(joins <= 2, `at most one repair, not ${joins - 1}`);
    return [ada, ben, cleo];
  },

  async "a seat that has ended is replaced by a new one, and nothing typed meanwhile is lost"() {
    const { link } = await plain.createRoom({ server: url });
    const ben = await join(link, { name: "Ben" });
    const network = lossy();
    const ada = await join(link, { name: "Ada" }, makeClient(network.io));
    const before = ada.getSnapshot().self.id;
    await until(ben, ({ participants }) => participants.length === 1, "Ada in the list");
    network.sockets[0].disconnect();
    await until(ada, ({ status }) => status === "reconnecting", "the loss");
    ada.sendMessage("typed while away");
    await until(ben, ({ participants }) => participants.length === 0, `the seat's end after ${graceMs} ms`);
    network.sockets[0].connect();
    await until(ada, ({ status }) => status === "joined", "inside again");
    assert.notEqual(ada.getSnapshot().self.id, before);
    await until(ben, (seen) => texts(seen).includes("typed while away"), "the message");
    assert.deepEqual(texts(ben.getSnapshot()), ["typed while away"]);
    assert.equal((await until(ada, allSent, "sent")).messages.length, 1);
    return [ada, ben];
  },

  async "a page that comes back takes its seat and its screen with it"() {
    const { link } = await plain.createRoom({ server: url });
    const ben = await join(link, { name: "Ben" });
    const storage = new MemoryStorage();
    const ada = await join(link, { name: "Ada", storage });
    ada.sendMessage("mine");
    ben.sendMessage("yours");
    await until(ada, (seen) => texts(seen).length === 2 && allSent(seen), "both messages");
    const { self } = ada.getSnapshot();
    ada.close();
    ben.sendMessage("meanwhile");
    await until(ben, allSent, "sent");
    const again = await join(link, { storage });
    assert.equal(again.getSnapshot().self.id, self.id);
    assert.equal(again.getSnapshot().self.name, "Ada");
    assert.equal(again.getSnapshot().resumed, true);
    await until(again, (seen) => texts(seen).length === 3, "what was missed");
    assert.deepEqual(texts(again.getSnapshot()).sort(), ["meanwhile", "mine", "yours"]);
    await again.leave();
    assert.equal(storage.size, 0);
    return [ben];
  },

  async "a refusal says why, and nobody is left behind"() {
    const made = await plain.createRoom({ server: url, inviteOnly: true });
    const refused = (code) => (error) => error instanceof MayflyError && error.code === code;
    await assert.rejects(join(made.link), refused("INVITE_REQUIRED"));
    await assert.rejects(join("not a link"), refused("LINK_INVALID"));
    await assert.rejects(join(`${url}/r/abcdefghijklmnopqrstuvwxyz`), refused("ROOM_NOT_FOUND"));
    await assert.rejects(join(`${made.link}x`), refused("KEY_INVALID"));
    const invite = await plain.createInvite({ server: url, ...made });
    const ada = await join(invite.link);
    await assert.rejects(join(invite.link), refused("INVITE_USED"));
    const host = await join(made.hostLink);
    await host.end();
    await until(ada, ({ status }) => status === "left", "the end");
    assert.equal(ada.getSnapshot().ending.reason, "room-ended");
    await assert.rejects(join(made.hostLink), refused("ROOM_ENDED"));
    assert.throws(() => ada.sendMessage("too late"), refused("LEFT"));
    return [];
  },

  async "waiting in the lobby can be given up"() {
    const made = await plain.createRoom({ server: url, lobby: true });
    const host = await join(made.hostLink);
    const cancelled = new AbortController();
    const guest = plain.openRoom(made.link, { name: "Ben", storage: null, signal: cancelled.signal });
    await until(guest, ({ status }) => status === "waiting", "the lobby");
    const { knocks } = await until(host, (seen) => seen.knocks.length === 1, "the knock");
    assert.equal(knocks[0].name, "Ben");
    cancelled.abort();
    await assert.rejects(guest.joined, { code: "ABORTED" });
    return [host];
  },
};

const passed = [];
for (const [name, test] of Object.entries(TESTS)) {
  try {
    for (const room of await test()) await room.leave();
    passed.push(name);
  } catch (error) {
    throw new Error(`${name}: ${error.stack}`, { cause: error });
  }
}
console.log(JSON.stringify({ passed }));
process.exit(0);
