import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOf, clipToBytes, generateSecret, openKeyring, SEALED_NAME_CHARS } from "../crypto/crypto.js";
import { checkKey } from "../core/key.js";

const ROOM = "room-0123456789abcdef";
const secret = generateSecret();
const keyring = await openKeyring(secret, ROOM);
const content = { id: "m1", name: "Ada", text: "planted-word 🪰" };

test("a message is read by whoever has the link", async () => {
  const sealed = await keyring.sealMessage("p1", content);
  const other = await openKeyring(secret, ROOM);
  assert.deepEqual(await other.openMessage("p1", sealed), content);
  assert.ok(!sealed.includes("planted-word"));
});

test("a message of another sender, room or key, or changed in one digit, does not open", async () => {
  const sealed = await keyring.sealMessage("p1", content);
  await assert.rejects(keyring.openMessage("p2", sealed));
  await assert.rejects((await openKeyring(secret, "room-another-0123456")).openMessage("p1", sealed));
  await assert.rejects((await openKeyring(generateSecret(), ROOM)).openMessage("p1", sealed));
  const digit = sealed.charCodeAt(9);
  const changed = sealed.slice(0, 9) + String.fromCharCode(digit === 0x4e00 ? 0x4e01 : 0x4e00) + sealed.slice(10);
  await assert.rejects(keyring.openMessage("p1", changed));
});

const SCRIPTS = {
  ASCII: "x",
  "é, composed": "é",
  "e and a combining acute": "e\u0301",
  Cyrillic: "Ж",
  Arabic: "ع",
  Devanagari: "क्षि",
  CJK: "漢",
  "a rare CJK character": "\u{2A6D6}",
  cuneiform: "\u{12000}",
  emoji: "🪰",
  "a family": "👩‍👩‍👧‍👦",
  quotes: '"',
  backslashes: "\\",
  "new lines": "\n",
  "halves of emoji": "\ud83e",
};

for (const [script, sample] of Object.entries(SCRIPTS)) {
  test(`4,000 characters of ${script} fit the wire's 10,000 when sealed, with the longest name and a recipient`, async () => {
    const text = [...sample.repeat(4_000)].slice(0, 4_000).join("");
    assert.equal([...text].length, 4_000);
    const longest = { id: "f".repeat(32), name: "🪰".repeat(20), to: "p".repeat(64), text };
    const sealed = await keyring.sealMessage("p1", longest);
    assert.ok([...sealed].length <= 10_000, `${[...sealed].length} characters`);
    const opened = await keyring.openMessage("p1", sealed, longest.to);
    assert.equal(opened.text, text.toWellFormed());
  });
}

test("what is too long even so is refused before anything is sent", async () => {
  const text = "\u0001".repeat(4_000);
  await assert.rejects(keyring.sealMessage("p1", { ...content, text }), { code: "MESSAGE_TOO_LONG" });
});

test("a message that was redirected, told to all, or passed off as private, does not open", async () => {
  const secret = await keyring.sealMessage("p1", { ...content, to: "p2" });
  assert.equal((await keyring.openMessage("p1", secret, "p2")).text, content.text);
  await assert.rejects(keyring.openMessage("p1", secret, "p3"));
  await assert.rejects(keyring.openMessage("p1", secret));
  await assert.rejects(keyring.openMessage("p1", await keyring.sealMessage("p1", content), "p2"));
});

test("the check of a key is the same for everybody who has it, and another for another key", async () => {
  assert.equal(await checkOf(secret), keyring.check);
  assert.equal((await openKeyring(secret, "room-another-0123456")).check, keyring.check);
  assert.notEqual(await checkOf(generateSecret()), keyring.check);
  assert.match(keyring.check, /^[\w-]{16}$/);
});

test("a link is told apart that has no key, another one, a damaged one, and the right one", async () => {
  const room = { encrypted: true, keyCheck: keyring.check };
  assert.equal(await checkKey(room, secret), null);
  assert.equal(await checkKey(room, undefined), "KEY_MISSING");
  assert.equal(await checkKey(room, generateSecret()), "KEY_WRONG");
  assert.equal(await checkKey(room, secret.slice(0, -3)), "KEY_INVALID");
  assert.equal(await checkKey({ encrypted: false }, undefined), null);
  assert.equal(await checkKey({ encrypted: true }, generateSecret()), null, "a room that was made without a check");
});

test("every sealed name takes the same 64 characters at most and says nothing of its length", async () => {
  for (const name of ["", "A", "Ada Lovelace", "🪰".repeat(20), "Ж".repeat(64)]) {
    const sealed = await keyring.sealName(name);
    assert.equal([...sealed].length, SEALED_NAME_CHARS);
    assert.ok(SEALED_NAME_CHARS <= 64);
    assert.equal(await keyring.openName(sealed), clipToBytes(name, 80));
  }
});

test("a name that was not sealed with this key opens as nothing", async () => {
  assert.equal(await keyring.openName("Mallory"), null);
  assert.equal(await keyring.openName(await (await openKeyring(generateSecret(), ROOM)).sealName("Mallory")), null);
});

const SDP = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=fingerprint:sha-256 AA:BB:CC",
  "",
].join("\r\n");
const route = { from: "p1", to: "p2", negotiationId: "n1" };

test("a signed description comes out as it went in", async () => {
  const signed = await keyring.signDescription(route, { type: "offer", sdp: SDP });
  assert.match(signed.sdp, /^a=x-mayfly-auth:[\w-]{43}\r$/m);
  assert.deepEqual(await keyring.verifyDescription(route, signed), { type: "offer", sdp: SDP });
});

test("a description with another fingerprint, route, type, or without the line is refused", async () => {
  const signed = await keyring.signDescription(route, { type: "offer", sdp: SDP });
  const forged = { ...signed, sdp: signed.sdp.replace("AA:BB:CC", "AA:BB:CD") };
  const added = { ...signed, sdp: `${signed.sdp}a=fingerprint:sha-256 DD:EE:FF\r\n` };
  await assert.rejects(keyring.verifyDescription(route, forged));
  await assert.rejects(keyring.verifyDescription(route, added));
  await assert.rejects(keyring.verifyDescription({ ...route, from: "p3" }, signed));
  await assert.rejects(keyring.verifyDescription({ ...route, to: "p3" }, signed));
  await assert.rejects(keyring.verifyDescription({ ...route, negotiationId: "n2" }, signed));
  await assert.rejects(keyring.verifyDescription(route, { ...signed, type: "answer" }));
  await assert.rejects(keyring.verifyDescription(route, { type: "offer", sdp: SDP }));
});

test("a damaged key is told apart from a missing one", async () => {
  await assert.rejects(openKeyring("short", ROOM), { code: "KEY_INVALID" });
  await assert.rejects(openKeyring("?".repeat(43), ROOM), { code: "KEY_INVALID" });
});
