import assert from "node:assert/strict";
import { test } from "node:test";
import { clipToBytes, generateSecret, openKeyring, SEALED_NAME_CHARS } from "../crypto.js";

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

test("4,000 ASCII characters fit the wire's 4,000 characters when sealed", async () => {
  const sealed = await keyring.sealMessage("p1", { ...content, text: "x".repeat(4_000) });
  assert.ok([...sealed].length <= 4_000);
  await assert.rejects(keyring.sealMessage("p1", { ...content, text: "漢".repeat(4_000) }), { code: "MESSAGE_TOO_LONG" });
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
