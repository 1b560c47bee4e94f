// What of the chat needs no page: finding addresses, and the order of messages and polls. `node --test chat.test.mjs`
import assert from "node:assert/strict";
import { test } from "node:test";
import { linkParts } from "../../../web/app/linkify.js";
import { timeline } from "../../../web/app/timeline.js";

const links = (text) => linkParts(text).filter(({ href }) => href).map(({ href }) => href);

test("the parts of a text are the text", () => {
  for (const text of ["", "no link", "a https://example.org b", "https://a.example/ https://b.example/", "(https://a.example)."]) {
    assert.equal(linkParts(text).map((part) => part.text).join(""), text);
  }
});

test("addresses are found, without what ends the sentence around them", () => {
  assert.deepEqual(links("see https://example.org."), ["https://example.org/"]);
  assert.deepEqual(links("(at https://example.org/a)"), ["https://example.org/a"]);
  assert.deepEqual(links("https://example.org/wiki/Mayfly_(insect)!"), ["https://example.org/wiki/Mayfly_(insect)"]);
  assert.deepEqual(links("“https://example.org/x”, HTTP://EXAMPLE.com/Y?"), ["https://example.org/x", "http://example.com/Y"]);
});

test("what is no address, or would pass for another one, stays text", () => {
  const texts = [
    "javascript:alert(1)",
    "data:text/html,<script>",
    "https://",
    "https://bank.example@evil.example/",
    "https://user:secret@evil.example/",
    "https://example.org/\u202egnp.exe",
    "https://exam\u200bple.org/",
    "xhttps://example.org",
    "ftp://example.org",
  ];
  for (const text of texts) assert.deepEqual(links(text), [], text);
});

test("a text of nothing but addresses becomes fifty links at most, and takes no time", () => {
  const started = performance.now();
  assert.equal(links("https://a.example/ ".repeat(200)).length, 50);
  linkParts(`https://a.example/${"(".repeat(2_000)}${")".repeat(1_900)}`);
  linkParts(`https://a.example/${")".repeat(3_900)}`);
  assert.ok(performance.now() - started < 1_000);
});

const message = (seq, more = {}) => ({ key: `k${seq}`, seq, epoch: "e", state: "sent", sender: "a", senderName: "Ada", own: false, encrypted: false, timestamp: "2026-11-20T09:00:00.000Z", ...more });

test("polls stand among the messages where they were asked", () => {
  const polls = [{ pollId: "b", seq: 9, epoch: "e" }, { pollId: "a", seq: 3, epoch: "e" }];
  const messages = [message(100, { epoch: "before" }), message(2), message(4), { ...message(undefined), key: "own", own: true, state: "sending" }];
  assert.deepEqual(timeline(messages, polls).map(({ key }) => key), ["k100", "k2", "poll:a", "k4", "poll:b", "own"]);
});

test("a heading is repeated behind a poll, and what is being deleted for good is not shown", () => {
  const rows = timeline([message(1), message(2), message(4, { deleting: "sent" }), message(5, { deleting: "undoable" })], [{ pollId: "a", seq: 3, epoch: "e" }]);
  assert.deepEqual(rows.map(({ key, first }) => [key, first]), [["k1", true], ["k2", false], ["poll:a", undefined], ["k5", true]]);
});

test("how far it has come is told of the last own message alone", () => {
  const rows = timeline([message(1, { own: true }), message(2, { own: true }), message(3)], []);
  assert.deepEqual(rows.map(({ lastOwn }) => lastOwn), [false, true, false]);
});
