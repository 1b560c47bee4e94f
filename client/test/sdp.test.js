import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generateSecret, openKeyring } from "../crypto/crypto.js";
import { dtlsRole, fingerprintsIn, otherRole, withRole } from "../crypto/sdp.js";

const { added } = JSON.parse(readFileSync(new URL("../../tests/unit/signaling/sdp_spellings.json", import.meta.url)));
const SDP = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=fingerprint:sha-256 AB:AB",
  "a=ice-ufrag:x0Cz",
  "a=setup:actpass",
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "a=fingerprint:sha-256 AB:AB",
  "",
].join("\r\n");
const route = { from: "p1", to: "p2", negotiationId: "n1" };
const keyring = await openKeyring(generateSecret(), "room-0123456789abcdef");
const refused = { code: "PEER_UNVERIFIED" };

for (const [what, line] of Object.entries(added)) {
  test(`a vouched description is refused with ${what}`, async () => {
    const { type, sdp } = await keyring.signDescription(route, { type: "offer", sdp: SDP });
    // At the end, behind the session's own lines, in place of the true fingerprint, and before it.
    const session = sdp.replace("m=audio", () => `${line}m=audio`);
    const instead = sdp.replaceAll("a=fingerprint:sha-256 AB:AB\r\n", () => line);
    const before = sdp.replace("a=fingerprint", () => `${line}a=fingerprint`);
    for (const forged of [sdp + line, session, instead, before]) {
      await assert.rejects(keyring.verifyDescription(route, { type, sdp: forged }), refused);
    }
  });
}

test("nobody vouches for a description that has no fingerprint, or one that may be read in two ways", async () => {
  for (const sdp of [SDP.replaceAll("a=fingerprint:sha-256 AB:AB\r\n", ""), `${SDP}a=FINGERPRINT:sha-256 CD:CD\r\n`]) {
    await assert.rejects(keyring.signDescription(route, { type: "offer", sdp }), refused);
  }
});

test("every fingerprint of a description is found, once, wherever it stands", () => {
  const more = `${SDP.replace("m=audio", "a=fingerprint:sha-512 EF:EF\r\nm=audio")}a=fingerprint:sha-256 CD:CD\r\n`;
  assert.deepEqual(fingerprintsIn(more), ["sha-256 ab:ab", "sha-256 cd:cd", "sha-512 ef:ef"]);
});

test("what decides about the path and not about the keys may differ", async () => {
  const { type, sdp } = await keyring.signDescription(route, { type: "offer", sdp: SDP });
  const moved = sdp.replace("a=ice-ufrag:x0Cz", "a=ice-ufrag:k9Pq").replace("a=setup:actpass", "a=setup:active");
  assert.match((await keyring.verifyDescription(route, { type, sdp: moved })).sdp, /a=ice-ufrag:k9Pq/);
});

const described = (type, setup) => ({ type, sdp: `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=setup:${setup}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=setup:${setup}\r\n` });

test("who opened DTLS is told by the answer, whoever gave it", () => {
  assert.equal(dtlsRole(described("answer", "active"), described("offer", "actpass")), "active");
  assert.equal(dtlsRole(described("offer", "actpass"), described("answer", "active")), "passive");
  assert.equal(dtlsRole(described("offer", "actpass"), null), null);
  assert.equal(dtlsRole(null, null), null);
});

test("an offer that continues a session states the role in each medium, and nothing else is touched", () => {
  assert.equal(withRole(described("offer", "actpass").sdp, "passive"), described("offer", "passive").sdp);
  assert.equal(withRole(described("offer", "actpass").sdp, null), described("offer", "actpass").sdp);
  assert.equal(withRole(described("answer", "active").sdp, "passive"), described("answer", "active").sdp);
  assert.deepEqual([otherRole("active"), otherRole("passive"), otherRole(null)], ["passive", "active", null]);
});
