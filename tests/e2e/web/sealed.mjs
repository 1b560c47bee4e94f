// The client in Node.js against the real server: rooms with a key, links without one, servers that forge, joins given up.
import assert from "node:assert/strict";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { generateSecret, makeClient, parseLink, buildLink } from "../../../client/client.js";
import { MAX_MESSAGES } from "../../../client/messages/messages.js";
import { PACE } from "../../support/pace.mjs";

const [url] = process.argv.slice(2);
const LIMIT_MS = 15_000 * PACE;
const SOON_MS = 1_000 * PACE;
const TRIES = 3;

class MemoryStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  /** What was there first: before a page could do more than send its join. */
  saved = null;
  setItem = (key, value) => {
    this.saved ??= value;
    this.set(key, value);
  };
  removeItem = (key) => void this.delete(key);
}

/** Notes what is sent, calls `sending(event)` right after, and passes what comes through `forge(event, payload)`. */
function watched({ sending = () => {}, forge = (event, payload) => payload } = {}) {
  const sent = [];
  let hear;
  const made = (...args) => {
    const socket = io(...args);
    const emit = socket.emit.bind(socket);
    socket.emit = (event, ...args) => {
      sent.push([event, args[0]]);
      const chained = emit(event, ...args);
      sending(event);
      return chained;
    };
    const onAny = socket.onAny.bind(socket);
    socket.onAny = (listener) => {
      hear = listener;
      return onAny((event, payload) => listener(event, forge(event, payload)));
    };
    return socket;
  };
  return { client: makeClient(made), sent, say: (event, payload) => hear(event, payload) };
}

const plain = makeClient(io);
const join = (link, options = {}, client = plain) => client.joinRoom(link, { storage: new MemoryStorage(), ...options });
const texts = ({ messages }) => messages.map((message) => message.text);
const allSent = ({ messages }) => messages.every((message) => message.state === "sent");
const bare = (link) => link.split("#")[0];
const withKey = (link, e2e) => buildLink({ site: url, ...parseLink(link), e2e });
const lookUp = (link) => plain.lookUpRoom(link);

async function until(room, condition, what, limitMs = LIMIT_MS) {
  if (condition(room.getSnapshot())) return room.getSnapshot();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} within ${limitMs} ms`)), limitMs);
    const end = room.subscribe(() => {
      if (!condition(room.getSnapshot())) return;
      clearTimeout(timer);
      end();
      resolve(room.getSnapshot());
    });
  });
}

async function empty(link) {
  const deadline = Date.now() + LIMIT_MS;
  while ((await lookUp(link)).participantCount > 0) assert.ok(Date.now() < deadline, "a ghost stayed");
}

/** The join is refused with this code, soon, and no name and no text is sent; returns what was sent at all. */
async function refusedSoon(link, code, options = {}) {
  let [sent, afterMs] = [[], SOON_MS];
  // A busy machine may be late once.
  for (let tries = 0; tries < TRIES && afterMs >= SOON_MS; tries += 1) {
    const network = watched();
    const began = Date.now();
    await assert.rejects(join(link, { name: "Planted", ...options }, network.client), { code });
    afterMs = Date.now() - began;
    sent = network.sent;
    assert.ok(!JSON.stringify(sent).includes("Planted"));
  }
  assert.ok(afterMs < SOON_MS, `${afterMs} ms`);
  return sent;
}

async function oneTime(options = {}) {
  const made = await plain.createRoom({ server: url, inviteOnly: true, ...options });
  const { link } = await plain.createInvite({ server: url, ...made });
  return { made, link };
}

const TESTS = {
  async "a room that the client makes says that it is encrypted, unless its maker says otherwise"() {
    const { room } = await plain.createRoom({ server: url });
    assert.equal(room.encrypted, true);
    const open = await plain.createRoom({ server: url, encrypt: false });
    assert.deepEqual([open.room.encrypted, open.encryptionKey], [false, undefined]);
    const ada = await join(open.link, { name: "Ada" });
    return [ada];
  },

  async "an invite is made from the room as it was made, and neither link nor key of it is sent"() {
    const bodies = [];
    const real = globalThis.fetch;
    globalThis.fetch = (address, options) => (bodies.push(options.body), real(address, options));
    try {
      const { made, link } = await oneTime();
      assert.equal(parseLink(link).e2e, made.encryptionKey);
      const [, sent] = bodies;
      assert.equal(sent, "{}");
      await plain.createInvite({ ...made, uses: 3, expiresInS: 600 });
      assert.deepEqual(JSON.parse(bodies[2]), { uses: 3, expiresInS: 600 });
    } finally {
      globalThis.fetch = real;
    }
    return [];
  },

  async "a link without its key, with another's or a damaged one is refused at once, and no invite is spent"() {
    const { link } = await oneTime();
    const { link: other } = await plain.createRoom({ server: url });
    const { e2e, ...rest } = parseLink(link);
    const stripped = buildLink({ site: url, ...rest });
    assert.deepEqual(await refusedSoon(stripped, "KEY_MISSING"), []);
    assert.deepEqual(await refusedSoon(withKey(link, parseLink(other).e2e), "KEY_WRONG"), []);
    assert.deepEqual(await refusedSoon(withKey(link, generateSecret()), "KEY_WRONG"), []);
    assert.deepEqual(await refusedSoon(withKey(link, e2e.slice(0, -4)), "KEY_INVALID"), []);
    return [await join(link)];
  },

  async "an address bar that dropped everything behind the # is told apart from a room that needs an invite"() {
    const { made } = await oneTime();
    assert.deepEqual(await refusedSoon(bare(made.link), "KEY_MISSING"), []);
    return [];
  },

  async "in a room that was made without a check, another's key is noticed by the names, and the seat given back"() {
    const answer = await fetch(`${url}/api/rooms`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ encrypted: true }),
    });
    const { roomId } = await answer.json();
    const link = `${url}/r/${roomId}`;
    const ada = await join(withKey(link, generateSecret()), { name: "Ada" });
    assert.deepEqual(await refusedSoon(link, "KEY_MISSING"), []);
    const sent = await refusedSoon(withKey(link, generateSecret()), "KEY_WRONG");
    assert.deepEqual(sent.map(([event]) => event), ["join-room", "leave-room"]);
    await until(ada, ({ participants }) => participants.length === 0, "the stranger gone");
    return [ada];
  },

  async "a seat is not taken back without the key, and is with it"() {
    const { link } = await plain.createRoom({ server: url });
    const storage = new MemoryStorage();
    const ada = await join(link, { name: "Ada", storage });
    ada.sendMessage("kept");
    await until(ada, allSent, "sent");
    const { id } = ada.getSnapshot().self;
    ada.close();
    assert.deepEqual(await refusedSoon(bare(link), "KEY_MISSING", { storage }), []);
    assert.equal((await refusedSoon(withKey(link, generateSecret()), "KEY_WRONG", { storage })).at(-1)[0], "join-room");
    const again = await join(link, { storage });
    assert.equal(again.getSnapshot().self.id, id);
    assert.deepEqual(texts(again.getSnapshot()), ["kept"]);
    return [again];
  },

  async "four thousand characters of any script arrive"() {
    const { link } = await plain.createRoom({ server: url });
    const [ada, ben] = [await join(link, { name: "Ada" }), await join(link, { name: "Ben" })];
    for (const sample of ["é", "漢", "🪰", "\u{2A6D6}"]) ada.sendMessage(sample.repeat(4_000));
    const seen = await until(ben, ({ messages }) => messages.length === 4, "four long messages");
    assert.deepEqual(seen.messages.map(({ text }) => [...text].length), [4_000, 4_000, 4_000, 4_000]);
    assert.ok(seen.messages.every(({ unreadable, encrypted }) => !unreadable && encrypted));
    assert.throws(() => ada.sendMessage("x".repeat(4_001)), { code: "MESSAGE_TOO_LONG" });
    assert.equal(seen.limits.sealedChars, 10_000);
    return [ada, ben];
  },

  async "a server that redirects a private message, tells it to all, or passes a public one off as private is noticed"() {
    const { link } = await plain.createRoom({ server: url });
    const [ada, ben] = [await join(link, { name: "Ada" }), await join(link, { name: "Ben" })];
    let cleo;
    const forged = {
      "to all": ({ to, ...payload }) => payload,
      "to another": (payload) => ({ ...payload, to: ada.getSnapshot().self.id }),
      "as private": (payload) => ({ ...payload, to: cleo.getSnapshot().self.id }),
    };
    let how = null;
    const forge = (event, payload) => (event === "message-received" && how ? forged[how](payload) : payload);
    cleo = await join(link, { name: "Cleo" }, watched({ forge }).client);
    const { id } = cleo.getSnapshot().self;
    const said = async (text, to) => {
      const before = cleo.getSnapshot().messages.length;
      ada.sendMessage(text, { to });
      return (await until(cleo, ({ messages }) => messages.length > before, text)).messages.at(-1);
    };
    assert.deepEqual([(await said("psst", id)).text, (await said("hello")).text], ["psst", "hello"]);
    how = "to all";
    assert.deepEqual([(await said("psst", id)).text, cleo.getSnapshot().messages.at(-1).unreadable], ["", true]);
    how = "to another";
    assert.equal((await said("psst", id)).unreadable, true);
    how = "as private";
    assert.equal((await said("hello all")).unreadable, true);
    return [ada, ben, cleo];
  },

  async "a message that a server says again is shown once, long after it left the list, after a reload, and as one's own"() {
    const { link } = await plain.createRoom({ server: url });
    const ada = await join(link, { name: "Ada" });
    const storage = new MemoryStorage();
    let first;
    const forge = (event, payload) => {
      if (event === "message-received") first ??= payload;
      return payload;
    };
    let network = watched({ forge });
    const ben = await join(link, { name: "Ben", storage }, network.client);
    const key = ben.sendMessage("mine");
    await until(ben, allSent, "sent");
    for (let at = 0; at < MAX_MESSAGES + 5; at += 1) ada.sendMessage(`line ${at}`);
    const last = `line ${MAX_MESSAGES + 4}`;
    await until(ben, (seen) => texts(seen).at(-1) === last, "all lines", 4 * LIMIT_MS);
    assert.ok(!texts(ben.getSnapshot()).includes("line 0"), "the first has left the list");
    const own = network.sent.find(([, payload]) => payload.clientMessageId === key)[1];
    const { self } = ben.getSnapshot();
    const again = (room, more) => {
      const { seq } = room.getSnapshot().messages.at(-1);
      network.say("message-received", { ...first, id: `again${seq}${more.text ?? ""}`, seq: seq + 1, ...more });
    };
    const unchanged = async (room) => {
      const before = texts(room.getSnapshot());
      again(room, {});
      again(room, { text: own.text, sender: self.id, seq: room.getSnapshot().messages.at(-1).seq + 2 });
      // What is said behind it comes behind it.
      const seq = room.getSnapshot().messages.at(-1).seq + 3;
      network.say("message-received", { ...first, id: `open${seq}`, seq, text: `open ${seq}`, encrypted: undefined });
      await until(room, (seen) => texts(seen).includes(`open ${seq}`), "what was said behind");
      assert.deepEqual(texts(room.getSnapshot()).slice(-3), [...before.slice(-2), `open ${seq}`]);
    };
    await unchanged(ben);
    ben.close();
    network = watched();
    const back = await join(link, { storage }, network.client);
    await unchanged(back);
    return [ada, back];
  },

  async "a name that was not sealed is marked, and events carry names that can be read"() {
    const { link } = await plain.createRoom({ server: url });
    const ada = await join(link, { name: "Ada" });
    const heard = [];
    for (const event of ["user-joined", "user-updated"]) ada.on(event, ({ participant }) => heard.push(participant.name));
    const ben = await join(link, { name: "Ben" });
    await ben.updateMedia({ audio: true });
    const nameless = await join(link);
    const socket = io(url, { forceNew: true });
    socket.emit("join-room", { roomId: ada.id, name: "Mallory" });
    const { participants } = await until(ada, (seen) => seen.participants.length === 3, "everybody");
    const shown = Object.fromEntries(participants.map(({ name, unsealed }) => [name, unsealed]));
    assert.deepEqual(shown, { Ben: false, Guest: false, Mallory: true });
    assert.deepEqual(heard, ["Ben", "Ben", "Guest", "Mallory"]);
    assert.equal(ada.getSnapshot().self.unsealed, false);
    socket.disconnect();
    return [ada, ben, nameless];
  },

  async "what was said just before leaving arrives"() {
    const { link } = await plain.createRoom({ server: url });
    const [ada, ben] = [await join(link, { name: "Ada" }), await join(link, { name: "Ben" })];
    for (const text of ["one", "two", "goodbye"]) ada.sendMessage(text);
    await ada.leave();
    await until(ben, ({ participants }) => participants.length === 0, "Ada gone");
    assert.deepEqual(texts(ben.getSnapshot()), ["one", "two", "goodbye"]);
    assert.equal(ada.getSnapshot().status, "left");
    return [ben];
  },

  async "leaving without a network takes two seconds at most"() {
    const { link } = await plain.createRoom({ server: url });
    const sockets = [];
    const ada = await join(link, {}, makeClient((...args) => sockets[sockets.push(io(...args)) - 1]));
    sockets[0].disconnect();
    ada.sendMessage("never");
    const began = Date.now();
    await ada.leave();
    assert.ok(Date.now() - began < 2_000 + 1_000 * PACE);
    return [];
  },

  async "a signal that is aborted already joins nothing, and connects nowhere"() {
    const { link } = await oneTime();
    const made = [];
    const client = makeClient((...args) => made[made.push(io(...args)) - 1]);
    await assert.rejects(join(link, { signal: AbortSignal.abort() }, client), { code: "ABORTED" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(made.every((socket) => !socket.connected && !socket.active));
    return [await join(link)];
  },

  async "a join that is cancelled or left within one round trip leaves no ghost, and the one-time link lets the same person in"() {
    for (const giveUp of ["abort", "leave"]) {
      const { made, link } = await oneTime();
      const storage = new MemoryStorage();
      const cancelled = new AbortController();
      let room;
      const sending = (event) => {
        if (event !== "join-room") return;
        if (giveUp === "abort") cancelled.abort();
        else room.leave();
      };
      const network = watched({ sending });
      room = network.client.openRoom(link, { storage, signal: cancelled.signal });
      await assert.rejects(room.joined, { code: giveUp === "abort" ? "ABORTED" : "LEFT" });
      assert.deepEqual(network.sent.map(([event]) => event), ["join-room", "leave-room"]);
      await empty(link);
      await assert.rejects(join(link), { code: "INVITE_USED" }, "somebody else");
      const again = await join(link, { storage });
      assert.equal(again.getSnapshot().status, "joined");
      await again.leave();
      assert.equal(storage.size, 0);
      await assert.rejects(join(made.link), { code: "INVITE_REQUIRED" });
    }
    return [];
  },

  async "a tab that is closed or reloaded within one round trip of joining leaves no ghost, and comes in again"() {
    const { link } = await oneTime();
    const storage = new MemoryStorage();
    // All that the client uses of a window.
    globalThis.window = new EventTarget();
    const network = watched({ sending: (event) => event === "join-room" && window.dispatchEvent(new Event("pagehide")) });
    const room = network.client.openRoom(link, { storage });
    await until(room, ({ status }) => status === "left", "the end");
    delete globalThis.window;
    await empty(link);
    storage.set(`mayfly:${room.id}`, storage.saved);
    return [await join(link, { storage })];
  },

  async "a page that is closed within one round trip of joining finds its seat when it comes back"() {
    const { link } = await oneTime();
    const storage = new MemoryStorage();
    let room;
    const network = watched({ sending: (event) => event === "join-room" && room.close() });
    room = network.client.openRoom(link, { storage });
    await assert.rejects(room.joined, { code: "LEFT" });
    const again = await join(link, { storage });
    assert.equal((await lookUp(link)).participantCount, 1);
    return [again];
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
