import assert from "node:assert/strict";
import { test } from "node:test";

import { Peer } from "../call/negotiation.js";
import { described, peerConnections } from "../testkit/peer.js";

const setupOf = ({ sdp }) => /a=setup:(\w+)/.exec(sdp)[1];

/** A peer with what it sent, and an end for the test. */
function negotiating(t) {
  const Connection = peerConnections({ gathers: false });
  globalThis.RTCPeerConnection = Connection;
  const sent = [];
  const problems = [];
  const waiting = [];
  const peer = new Peer({
    id: "bob",
    polite: true,
    config: () => ({}),
    send: (event, fields) => (waiting.shift()?.({ event, ...fields }), sent.push({ event, ...fields })),
    seal: async (description) => description,
    open: async (description) => ({ description, vouched: null }),
    tracks: () => ({}),
    changed() {},
    prepared() {},
    failed: (error) => problems.push(error.message),
  });
  t.after(() => {
    peer.close();
    delete globalThis.RTCPeerConnection;
  });
  /** What it sends next, after this was done. */
  const after = (action) => {
    const next = new Promise((resolve) => waiting.push(resolve));
    action();
    return next;
  };
  const answer = ({ negotiationId }, setup = "active") =>
    peer.receive("answer-received", { description: described("answer", 77, setup), negotiationId });
  return { peer, sent, problems, after, answer, made: Connection.made };
}

test("an offer that continues a session states who opened DTLS, and the first one leaves it open", async (t) => {
  const { peer, after, answer } = negotiating(t);
  const first = await after(() => peer.offer());
  assert.equal(setupOf(first.description), "actpass");
  await answer(first);
  const second = await after(() => peer.restart());
  assert.equal(setupOf(second.description), "passive", "the other side answered with active");
});

test("an offer that leaves the role open is read as from somebody who keeps it", async (t) => {
  const { peer, after, made } = negotiating(t);
  const offer = (negotiationId) => peer.receive("offer-received", { description: described("offer", 77, "actpass"), negotiationId });
  await after(() => offer("one.f"));
  const [connection] = made;
  assert.equal(setupOf(connection.remoteDescription), "actpass");
  await after(() => offer("two.c"));
  assert.equal(setupOf(connection.remoteDescription), "passive", "this side is active since its first answer");
});

test("an answer that the browser refuses is waited for no longer: a new session is opened", async (t) => {
  const { peer, after, answer, problems, made } = negotiating(t);
  await answer(await after(() => peer.offer()));
  const again = await after(() => peer.restart());
  made[0].refuses = "Failed to set SSL role for the transport.";
  const anew = await after(() => answer(again));
  assert.equal(made.length, 2);
  assert.equal(made[0].connectionState, "closed");
  assert.match(anew.negotiationId, /\.f$/);
  assert.deepEqual(problems, ["Failed to set SSL role for the transport."]);
});

test("whoever refuses every answer is given six sessions", async (t) => {
  const { peer, sent, after, answer, made } = negotiating(t);
  let offer = await after(() => peer.offer());
  for (let session = 1; session < 6; session += 1) {
    made.at(-1).refuses = "no";
    offer = await after(() => answer(offer));
  }
  made.at(-1).refuses = "no";
  await answer(offer);
  assert.equal(peer.state, "failed");
  assert.equal(sent.length, 6);
});
