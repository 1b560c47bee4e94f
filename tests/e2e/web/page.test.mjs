// The parts of the page that need no browser: QR codes, names, durations.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import jsqr from "../../node_modules/jsqr/dist/jsQR.js";
import { displayName, initials, listNames, remaining } from "../../../web/app/format.js";
import { wayOut } from "../../../web/app/device-words.js";
import { hostKeyOf, invitesOf, forgetHost, keepInvite, keepOnlyInvites, noteRoom, ownRooms, rememberHost } from "../../../web/app/host-key.js";
import { changes } from "../../../web/app/news.js";
import { durationWords, filesWords, sizeWords } from "../../../web/app/file-words.js";
import { barsOf } from "../../../web/app/recorder.js";
import { qrPath } from "../../../web/app/qr.js";
import { CallRecording } from "../../../web/app/recording.js";
import { Scope } from "../../../web/app/scope.js";

const LIBRARY = new URL("../../../web/node_modules/qrcode-generator/dist/qrcode.mjs", import.meta.url);
const PIXELS = 4; // for each module

/** What a scanner reads in the picture. */
function scan({ path, size }) {
  const width = size * PIXELS;
  const picture = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < PIXELS; row += 1) {
      const from = ((y * PIXELS + row) * width + x * PIXELS) * 4;
      for (let at = from; at < from + PIXELS * 4; at += 4) picture.fill(0, at, at + 3);
    }
  }
  return jsqr(picture, width, width)?.data;
}

test("a scanner reads the link in its QR code, whatever its length", async () => {
  for (const length of [20, 60, 120, 300, 660]) {
    const link = `https://example.org/r/${"aZ9-_#=&".repeat(90)}`.slice(0, length);
    assert.equal(scan(await qrPath(link, fileURLToPath(LIBRARY))), link);
  }
});

test("a text that no QR code holds is refused", async () => {
  await assert.rejects(qrPath("x".repeat(3_000), fileURLToPath(LIBRARY)));
});

test("a name is shown without what would turn or hide it", () => {
  assert.equal(displayName("  Ada   Lovelace "), "Ada Lovelace");
  assert.equal(displayName("\u202Eexe.gnp\u2066"), "exe.gnp");
  for (const nothing of ["", "   ", "\u200B\u2060\uFEFF", "\u3164", undefined, null]) assert.equal(displayName(nothing), "Guest");
});

test("initials are one or two letters, whatever the name is made of", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("ada augusta king"), "AK");
  assert.equal(initials("👩‍👩‍👧‍👦 family"), "👩‍👩‍👧‍👦F");
  assert.ok(initials(`Z${"\u0301".repeat(50)}`).length < 6);
  assert.equal(initials("\u200B"), "G");
});

test("what is left is said in the two largest units", () => {
  const minute = 60_000;
  assert.equal(remaining(3 * 24 * 60 * minute + 5 * 60 * minute), "3 d 5 h");
  assert.equal(remaining(23 * 60 * minute + 59 * minute), "23 h 59 min");
  assert.equal(remaining(12 * minute + 5), "12 min");
  assert.equal(remaining(42_000), "0:42");
  assert.equal(remaining(-1), "0:00");
});

test("a file is told by its size, its length, and what it is", () => {
  assert.deepEqual([0, 999, 1_500, 48_213, 50_000_000].map(sizeWords), ["0 bytes", "999 bytes", "1.5 kB", "48 kB", "50 MB"]);
  assert.deepEqual([0, 7.4, 59.6, 760].map(durationWords), ["0:00", "0:07", "1:00", "12:40"]);
  assert.equal(filesWords({ kind: "voice", attachments: [{ type: "audio/webm", durationS: 12 }] }), "Voice message, 0:12");
  assert.equal(filesWords({ attachments: [{ type: "image/png", thumbnail: "data:", name: "x.png" }] }), "Picture");
  assert.equal(filesWords({ attachments: [{ type: "image/svg+xml", name: "x.svg" }] }), "x.svg");
  assert.equal(filesWords({}), "");
});

test("a waveform has at most 64 values, and the loudest moment is the measure", () => {
  assert.deepEqual(barsOf([0, 0.25, 0.5]), [0, 16, 31]);
  const long = barsOf(Array.from({ length: 1_000 }, (_, at) => (at === 500 ? 0.8 : 0.1)));
  assert.equal(long.length, 64);
  assert.equal(Math.max(...long), 31);
  assert.equal(long[0], 4);
  assert.deepEqual(barsOf([]), []);
  assert.ok(barsOf([0.001]).every((value) => value < 31), "silence is not loud");
});

test("several names are told in few words", () => {
  assert.equal(listNames(["Ada"]), "Ada");
  assert.equal(listNames(["Ada", "Ben"]), "Ada and Ben");
  assert.equal(listNames(["Ada", "Ben", "Cleo", "Dmitri"]), "Ada, Ben and 2 others");
});

test("a permission is given where each browser has it", () => {
  const ways = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36": /beside the address bar/,
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": /crossed-out sign/,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15": /Safari’s menu/,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": /page menu/,
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36": /“Permissions”/,
    "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0": /behind the lock/,
  };
  for (const [agent, words] of Object.entries(ways)) assert.match(wayOut(agent), words, agent);
});

test("a host's rooms are kept until they are over, the newest first, and no more than fifty", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  rememberHost("early", "key-1", { expiresAt: new Date(5_000).toISOString() });
  t.mock.timers.tick(1_000);
  rememberHost("late", "key-2", { e2e: "secret" });
  assert.deepEqual(ownRooms().map(({ roomId, hostKey }) => [roomId, hostKey]), [["late", "key-2"], ["early", "key-1"]]);
  noteRoom("late", { expiresAt: new Date(60_000).toISOString() });
  noteRoom("unknown", { expiresAt: new Date(60_000).toISOString() });
  t.mock.timers.tick(4_000);
  assert.deepEqual(ownRooms().map(({ roomId }) => roomId), ["late"]);
  assert.equal(hostKeyOf("early"), undefined);
  assert.equal(ownRooms()[0].e2e, "secret");
  // Opened once more with its host link: what was known stays.
  rememberHost("late", "key-2");
  assert.equal(ownRooms()[0].e2e, "secret");
  for (let at = 0; at < 60; at += 1) {
    t.mock.timers.tick(1);
    rememberHost(`room-${at}`, "key");
  }
  assert.equal(ownRooms().length, 50);
  assert.equal(hostKeyOf("late"), undefined);
  assert.equal(hostKeyOf("room-59"), "key");
  for (const { roomId } of ownRooms()) forgetHost(roomId);
  assert.deepEqual(ownRooms(), []);
});

test("links that are good for nothing are not kept", () => {
  keepInvite("nobody's", "i-0", "token");
  assert.deepEqual(invitesOf("nobody's"), {});
  rememberHost("room", "key");
  for (const id of ["i-1", "i-2", "i-3"]) keepInvite("room", id, `token of ${id}`);
  keepOnlyInvites("room", ["i-2", "i-9"]);
  assert.deepEqual(invitesOf("room"), { "i-2": "token of i-2" });
  forgetHost("room");
  assert.deepEqual(invitesOf("room"), {});
});

test("whoever left by a press has left, whoever is cut off is reconnecting", () => {
  const ben = { id: "ben", name: "Ben", role: "member", connected: true, inCall: true, media: {} };
  const told = (before, now) => changes(new Map([["ben", { ...ben, ...before }]]), [{ ...ben, ...now }], "ada").map(({ what, shown, sound }) => [what, shown, sound]);
  const left = { connected: false, attributes: { left: "yes" } };
  assert.deepEqual(told({}, { connected: false }), [["reconnecting", false, undefined]]);
  assert.deepEqual(told({}, { connected: false, inCall: false }), [["reconnecting", true, undefined]]);
  assert.deepEqual(told({}, left), [["left", true, "left"]]);
  assert.deepEqual(told(left, {}), [["back", true, undefined]]);
  assert.deepEqual(told({}, { media: { handRaised: true } }), [["hand", true, "hand"]]);
  assert.deepEqual(told({}, { role: "host" }), [["host", true, undefined]]);
});

test("a recording that is stopped, or whose room is left, before everybody is told does not begin", async () => {
  for (const end of ["stop", "leave"]) {
    let tell;
    const told = new Promise((resolve) => (tell = resolve));
    const room = { getSnapshot: () => ({ self: { attributes: {} } }), updateSelf: () => told };
    const scope = new Scope();
    const recording = new CallRecording({ room, stage: null, scope, saved() {} });
    const started = recording.start();
    if (end === "stop") recording.stop();
    else scope.end();
    tell();
    await started; // To begin it would fail here: Node.js has no recorder.
    assert.equal(recording.on, false);
  }
});
