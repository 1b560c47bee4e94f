import assert from "node:assert/strict";
import { test } from "node:test";
import { MayflyError } from "../errors.js";
import { Polls } from "../messages/polls.js";
import { Emitter, Store } from "../core/store.js";

const ME = { id: "me", name: "Ada" };
const OPEN = { pollId: "p", author: "other", question: "When?", options: ["a", "b"], multiple: false, anonymous: false, counts: [0, 0], votes: {}, closed: false, seq: 1 };

/** Polls of a room in which `answer(resolveOrError)` ends the vote that is on its way. */
async function pollsOf(poll = OPEN) {
  const store = new Store({ self: ME, participants: [], polls: [] });
  const waiting = [];
  const deeds = {
    do: ({ done, undo }) =>
      new Promise((resolve, reject) =>
        waiting.push((answer) => {
          if (answer instanceof Error) return undo(answer), reject(answer);
          done(answer);
          return resolve(answer);
        }),
      ),
  };
  const polls = new Polls({ store, emitter: new Emitter(), deeds, keyring: () => null, self: () => ME, epoch: () => "e", changed: () => {} });
  await polls.replace([poll], { self: ME, participants: [{ id: "other", name: "Ben" }], epoch: "e" });
  const now = () => store.getSnapshot().polls[0];
  return { polls, now, answer: (value) => waiting.shift()(value) };
}
const told = (seq, votes, more = {}) => {
  const counts = [0, 1].map((option) => Object.values(votes).filter((choices) => choices.includes(option)).length);
  return { pollId: "p", counts, votes, closed: false, seq, ...more };
};

test("a choice counts at once, and once, whenever the server tells of it", async () => {
  const { polls, now, answer } = await pollsOf();
  const voting = polls.vote("p", [1]);
  assert.deepEqual([now().counts, now().mine, now().votes], [[0, 1], [1], { me: [1] }]);
  polls.updated(told(5, { me: [1] }));
  assert.deepEqual(now().counts, [0, 1]);
  answer({ seq: 5 });
  await voting;
  assert.deepEqual(now().counts, [0, 1]);
});

test("what others choose meanwhile is not lost, whether it was before one's own choice or after it", async () => {
  const { polls, now, answer } = await pollsOf();
  polls.vote("p", [1]);
  polls.updated(told(5, { other: [0] })); // The server has not heard of ours yet.
  assert.deepEqual(now().counts, [0, 1], "no flicker");
  polls.updated(told(6, { other: [0], me: [1] }));
  answer({ seq: 6 });
  assert.deepEqual(now().counts, [1, 1]);
  polls.vote("p", [0]);
  polls.updated(told(7, { me: [1] }));
  answer({ seq: 8 });
  assert.deepEqual(now().counts, [1, 0], "what the server said before it heard is shown, with one's own choice");
  polls.updated(told(8, { me: [0] }));
  assert.deepEqual(now().counts, [1, 0]);
});

test("a choice that had reached the server before the connection broke is not counted twice", async () => {
  const { polls, now, answer } = await pollsOf();
  polls.vote("p", [1]);
  await polls.replace([{ ...OPEN, counts: [1, 1], votes: { me: [1], other: [0] } }], { self: ME, participants: [], epoch: "e" });
  assert.deepEqual(now().counts, [1, 1]);
  answer({ seq: 9 }); // Said again, it changed nothing, and no event tells of it.
  assert.deepEqual([now().counts, now().mine], [[1, 1], [1]]);
});

test("a choice that is refused is taken back, and what the server said meanwhile is shown", async () => {
  const { polls, now, answer } = await pollsOf();
  const voting = polls.vote("p", [1]);
  polls.updated(told(5, { other: [0] }, { closed: true }));
  answer(new MayflyError("POLL_CLOSED"));
  await assert.rejects(voting, { code: "POLL_CLOSED" });
  assert.deepEqual([now().counts, now().mine, now().closed], [[1, 0], [], true]);
});

test("of an anonymous poll one's own choice is remembered, also by a session", async () => {
  const anonymous = { ...OPEN, anonymous: true, votes: undefined };
  const { polls, now, answer } = await pollsOf(anonymous);
  polls.vote("p", [0]);
  answer({ seq: 2 });
  polls.updated({ pollId: "p", counts: [3, 1], closed: false, seq: 3 });
  assert.deepEqual([now().mine, polls.mine], [[0], { p: [0] }]);
  await polls.replace([], { self: ME, participants: [], epoch: "e" });
  assert.deepEqual(polls.mine, {}, "what is gone is not remembered");
});

test("a poll without a question, or with an option without words, is not asked", async () => {
  const { polls } = await pollsOf();
  await assert.rejects(polls.create({ question: " ", options: ["a", "b"] }), { code: "MESSAGE_EMPTY" });
  await assert.rejects(polls.create({ question: "?", options: ["a", " "] }), { code: "MESSAGE_EMPTY" });
  await assert.rejects(polls.create({ question: "?", options: ["a", "x".repeat(101)] }), { code: "MESSAGE_TOO_LONG" });
});
