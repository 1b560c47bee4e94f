import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Handover } from "../files/file-channel.js";
import { Emitter } from "../core/store.js";
import { dataChannels as channels } from "../testkit/peer.js";

function side(maxBytes = 1_000_000) {
  const emitter = new Emitter();
  const list = { all: [] };
  const handover = new Handover({ emitter, list, maxBytes: () => maxBytes });
  after(() => handover.stop()); // What nobody has claimed would be waited for.
  return { emitter, list, handover };
}

/** A peer connection whose channels end at the other side. */
const towards = ({ handover }, took = () => {}) => ({
  createDataChannel(label, { protocol }) {
    const [mine, theirs] = channels(protocol);
    took(theirs);
    setImmediate(() => handover.take("ada", theirs));
    return mine;
  },
});

async function* pieces(...sizes) {
  for (const size of sizes) yield new Uint8Array(size).fill(7);
}
const sender = side().handover;
const from = (pc, stream, bytes, more = {}) => sender.hand(pc, { pieces: stream, bytes, onProgress() {}, ...more });

test("what is handed over is there as it was sent, and goes with its message", async () => {
  const ben = side();
  const { direct } = await from(towards(ben), pieces(50_000, 3), 50_003);
  const blob = ben.handover.received(direct);
  assert.equal(blob.size, 50_003);
  assert.ok(new Uint8Array(await blob.arrayBuffer()).every((byte) => byte === 7));
  ben.emitter.emit("message", { key: "m1", own: false, attachments: [{ direct }] });
  ben.handover.forget("another");
  assert.ok(ben.handover.received(direct));
  ben.handover.forget("m1");
  assert.equal(ben.handover.received(direct), undefined);
});

test("the other side may be heard before this side's channel is open", async () => {
  const ben = side();
  const pc = {
    createDataChannel(label, { protocol }) {
      const [mine, theirs] = channels(protocol);
      mine.readyState = "connecting";
      let hear;
      // Line sets its own listener: it hears first, and is opened a while later.
      Object.defineProperty(mine, "onmessage", {
        get: () => hear && ((event) => (hear(event), setTimeout(() => ((mine.readyState = "open"), mine.onopen()), 5))),
        set(listener) {
          hear = listener;
        },
      });
      setImmediate(() => ben.handover.take("ada", theirs));
      return mine;
    },
  };
  const { direct } = await from(pc, pieces(10), 10);
  assert.equal(ben.handover.received(direct).size, 10);
});

test("an empty file is handed over as well", async () => {
  const ben = side();
  const { direct } = await from(towards(ben), pieces(), 0);
  assert.equal(ben.handover.received(direct).size, 0);
});

test("what is larger than is taken, longer than it says, or no bytes at all, is refused, and nothing of it is kept", async () => {
  const ben = side(1_000);
  await assert.rejects(from(towards(ben), pieces(1_001), 1_001), { code: "CONNECTION_LOST" });
  await assert.rejects(from(towards(ben), pieces(900), 800), { code: "CONNECTION_LOST" });
  await assert.rejects(from(towards(ben), pieces(1), -1), { code: "CONNECTION_LOST" });
  await assert.rejects(from(towards(ben), pieces(1), "5"), { code: "CONNECTION_LOST" });
  assert.ok((await from(towards(ben), pieces(1_000), 1_000)).direct);
});

test("of many at once only four are taken", async () => {
  const ben = side();
  const open = [];
  for (let at = 0; at < 6; at += 1) {
    const [mine, theirs] = channels(`id-${at}`);
    ben.handover.take("ada", theirs);
    open.push(mine);
  }
  assert.deepEqual(open.map(({ readyState }) => readyState), ["open", "open", "open", "open", "closed", "closed"]);
  open.forEach((channel) => channel.close());
});

test("one that is called off, or whose way is closed, ends at once", async () => {
  const ben = side();
  const cancel = new AbortController();
  async function* slow() {
    yield new Uint8Array(10);
    cancel.abort();
    yield new Uint8Array(10);
  }
  await assert.rejects(from(towards(ben), slow(), 20, { signal: cancel.signal }), { code: "CONNECTION_LOST" });
  let theirs;
  async function* cut() {
    yield new Uint8Array(10);
    theirs.close();
    yield new Uint8Array(10);
  }
  await assert.rejects(from(towards(ben, (channel) => (theirs = channel)), cut(), 20), { code: "CONNECTION_LOST" });
});

test("a room that is left keeps nothing", async () => {
  const ben = side();
  const { direct } = await from(towards(ben), pieces(10), 10);
  ben.handover.stop();
  assert.equal(ben.handover.received(direct), undefined);
});
