import assert from "node:assert/strict";
import { test } from "node:test";

import { Monitor } from "../call/monitor.js";
import { NO_QUALITY } from "../core/snapshot.js";
import { countersOf, qualityOf } from "../call/stats.js";
import { Store } from "../core/store.js";

const report = (...stats) => new Map(stats.map((stat) => [stat.id, stat]));
const CANDIDATES = [
  { id: "L", type: "local-candidate", candidateType: "relay", protocol: "udp", relayProtocol: "tls" },
  { id: "R", type: "remote-candidate", candidateType: "host", protocol: "udp" },
];
const PAIR = { id: "P", type: "candidate-pair", localCandidateId: "L", remoteCandidateId: "R", currentRoundTripTime: 0.04 };
const MEDIA = [
  { id: "a", type: "inbound-rtp", kind: "audio", packetsReceived: 40, packetsLost: 1, bytesReceived: 1_000 },
  { id: "v", type: "inbound-rtp", kind: "video", packetsReceived: 60, packetsLost: 2, bytesReceived: 9_000 },
  { id: "o", type: "outbound-rtp", kind: "video", bytesSent: 5_000, qualityLimitationReason: "bandwidth" },
  { id: "r", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.25, roundTripTime: 0.3 },
];

test("the counters of Chromium's report, and of Firefox's, which has no transport", () => {
  const chromium = countersOf(report(...CANDIDATES, PAIR, ...MEDIA, { id: "T", type: "transport", selectedCandidatePairId: "P" }));
  assert.deepEqual(chromium, {
    packets: 100, lost: 3, bytesIn: 10_000, bytesOut: 5_000, rttMs: 40, sentLoss: 0.25, limited: true, relayed: true, protocol: "tls",
  });
  const { currentRoundTripTime, ...pair } = PAIR;
  const firefox = countersOf(report(...CANDIDATES, { ...pair, selected: true }, ...MEDIA));
  assert.deepEqual(firefox, { ...chromium, rttMs: 300 });
});

test("a report without a path says that nothing is known of it", () => {
  const { packets, rttMs, relayed, protocol } = countersOf(report());
  assert.deepEqual([packets, rttMs, relayed, protocol], [0, null, null, null]);
});

const AT_REST = { packets: 0, lost: 0, bytesIn: 0, bytesOut: 0, rttMs: 20, sentLoss: 0, limited: false, relayed: false, protocol: "udp" };
const quality = (more) => qualityOf(AT_REST, { ...AT_REST, ...more }, 1_000);

test("bars: the worse of round trip and loss decides, and one bar is left", () => {
  assert.equal(quality({ packets: 100 }).bars, 4);
  assert.equal(quality({ packets: 100, rttMs: 160 }).bars, 3);
  assert.equal(quality({ packets: 97, lost: 3 }).bars, 3);
  assert.equal(quality({ packets: 100, rttMs: 320, sentLoss: 0.06 }).bars, 2);
  assert.equal(quality({ packets: 50, lost: 50, rttMs: 2_000 }).bars, 1);
});

test("rates are per second, and never below nothing where a counter starts anew", () => {
  assert.equal(quality({ bytesIn: 125_000, bytesOut: 25_000 }).inKbps, 1_000);
  assert.equal(qualityOf({ ...AT_REST, bytesIn: 500 }, AT_REST, 1_000).inKbps, 0);
});

/** A call of one peer whose report is `stats()`, and `look()` which lets a second pass. */
function watched(t, stats) {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const looks = [];
  const peer = { pc: { getStats: async () => report(...stats()) }, look: (seen) => looks.push(seen) };
  const store = new Store(NO_QUALITY);
  const monitor = new Monitor({ store, peers: () => new Map([["bob", peer]]), expects: () => true });
  const look = async () => {
    now += 1_000;
    await monitor.look();
  };
  return { store, peer, look, looks };
}

test("each look tells a peer what came in, and from the second on how good it is", async (t) => {
  const { store, look, looks } = watched(t, () => MEDIA);
  await look();
  assert.equal(store.getSnapshot().peers.size, 0);
  await look();
  assert.deepEqual(looks, Array(2).fill({ packets: 100, expected: true }));
  assert.equal(store.getSnapshot().peers.get("bob").rttMs, 300);
});

test("another connection is not compared with the one before", async (t) => {
  const { store, peer, look } = watched(t, () => MEDIA);
  await look();
  peer.pc = { getStats: async () => report() };
  await look();
  assert.equal(store.getSnapshot().peers.size, 0);
});

test("a report that never comes, as Firefox has none of a closed connection, ends no look", { timeout: 10_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { peer, look, looks } = watched(t, () => MEDIA);
  const { pc } = peer;
  peer.pc = { getStats: () => new Promise(() => {}) };
  const stuck = look();
  t.mock.timers.tick(3_000);
  await stuck;
  peer.pc = pc;
  await look();
  assert.deepEqual(looks, [{ packets: 100, expected: true }]);
});

test("the uplink is weak after six looks that say so, and well again only a while later", async (t) => {
  let fractionLost = 0.2;
  const { store, look } = watched(t, () => [{ id: "r", type: "remote-inbound-rtp", fractionLost }]);
  const weak = () => store.getSnapshot().weak;
  for (let looks = 0; looks < 6; looks += 1) await look();
  assert.equal(weak(), false);
  await look();
  assert.equal(weak(), true);
  fractionLost = 0;
  for (let looks = 0; looks < 6; looks += 1) await look();
  assert.equal(weak(), true);
  for (let looks = 0; looks < 12; looks += 1) await look();
  assert.equal(weak(), false);
});

for (const [words, bytesASecond, weak] of [["enough for a picture", 40_000, false], ["hardly enough for a voice", 10_000, true]]) {
  test(`a browser that sends less than it could is on a weak network only where that is ${words}`, async (t) => {
    let bytesSent = 0;
    const { store, look } = watched(t, () => [
      { id: "o", type: "outbound-rtp", kind: "video", bytesSent: (bytesSent += bytesASecond), qualityLimitationReason: "bandwidth" },
    ]);
    for (let looks = 0; looks < 8; looks += 1) await look();
    assert.equal(store.getSnapshot().weak, weak);
  });
}
