import assert from "node:assert/strict";
import { test } from "node:test";

import { Uplink } from "../call/uplink.js";

/** A connection with a sender of each kind, whose wishes are kept. */
function connection(...kinds) {
  const senders = kinds.map((kind) => {
    let parameters = { encodings: [{}] };
    return {
      track: kind && { kind },
      getParameters: () => structuredClone(parameters),
      setParameters: async (wanted) => (parameters = wanted),
      get encoding() {
        return parameters.encodings[0];
      },
    };
  });
  return { senders, getSenders: () => senders };
}

const LOSSY = [{ sentLoss: 0.2 }];
const WELL = [{ sentLoss: 0 }];

test("the more people, the less and the smaller a picture each is sent; voices go first", () => {
  const sent = (count) => {
    const all = Array.from({ length: count }, () => connection("audio", "video", null));
    new Uplink().limit(all);
    return all.at(-1).senders.map((sender) => sender.encoding);
  };
  assert.deepEqual(sent(1), [{ priority: "high" }, { maxBitrate: 1_500_000, scaleResolutionDownBy: 1 }, {}]);
  assert.deepEqual(sent(3)[1], { maxBitrate: 1_000_000, scaleResolutionDownBy: 2 });
  assert.deepEqual(sent(7)[1], { maxBitrate: 428_571, scaleResolutionDownBy: 3 });
});

test("where what we send gets lost, pictures give way at once, and come back slowly", () => {
  const uplink = new Uplink();
  const one = connection("audio", "video");
  const video = () => {
    uplink.limit([one]);
    return one.senders[1].encoding;
  };
  assert.equal(uplink.adapt(WELL), false, "nothing to give back");
  assert.equal(uplink.adapt(LOSSY), true);
  assert.deepEqual(video(), { maxBitrate: 900_000, scaleResolutionDownBy: 1 });
  uplink.adapt(LOSSY);
  assert.deepEqual(video(), { maxBitrate: 540_000, scaleResolutionDownBy: 2 });
  for (let look = 0; look < 20; look += 1) uplink.adapt(LOSSY);
  assert.equal(video().maxBitrate, 225_000);
  assert.equal(one.senders[0].encoding.maxBitrate, undefined, "a voice is not limited");
  for (let look = 0; look < 10; look += 1) uplink.adapt(WELL);
  assert.ok(video().maxBitrate < 540_000);
  for (let look = 0; look < 30; look += 1) uplink.adapt(WELL);
  assert.deepEqual(video(), { maxBitrate: 1_500_000, scaleResolutionDownBy: 1 });
});

test("a loss that nobody tells of, or a small one, changes nothing", () => {
  const uplink = new Uplink();
  assert.equal(uplink.adapt([{ sentLoss: null }]), false);
  assert.equal(uplink.adapt([{ sentLoss: 0.04 }]), false);
});

test("a shared screen keeps its size", () => {
  const screen = { kind: "video" };
  const pc = connection("video");
  pc.senders[0].track = screen;
  new Uplink().limit([pc, null], screen);
  assert.deepEqual(pc.senders[0].encoding, { maxBitrate: 2_500_000 });
});
