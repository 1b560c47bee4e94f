import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, isShown, MAX_ATTACHMENTS, MAX_FILE_NAME_CHARS, MAX_THUMBNAIL_CHARS, MAX_WAVEFORM, mediaType, plainAttachments, sealedAttachments, toData } from "../messages/attachments.js";
import { CHUNK_BYTES, newFileKey, opened, plain, sealed, sealedLength, TAG_BYTES, whole } from "../files/file-stream.js";

const ROOM = "room-0123456789abcdef";
const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES;
const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7];
const key = newFileKey();

const bytesOf = (size) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 255);
async function joined(pieces) {
  const found = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found);
}
const sealAll = (bytes, secret = key) => joined(sealed(new Blob([bytes]), secret, ROOM));
async function* inPieces(bytes, length) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
const openAll = (bytes, size, { secret = key, roomId = ROOM, length = 10_000 } = {}) => joined(opened(inPieces(bytes, length), { key: secret, size, roomId }));

for (const size of SIZES) {
  test(`${size} bytes come out as they went in, as long as the format says, whatever the pieces`, async () => {
    const bytes = bytesOf(size);
    const stream = await sealAll(bytes);
    assert.equal(stream.length, sealedLength(size));
    for (const length of [1_000, 65_537, 10_000_000]) assert.deepEqual(await openAll(stream, size, { length }), Buffer.from(bytes));
    assert.deepEqual(await joined(whole(plain(new Blob([bytes])), size)), Buffer.from(bytes));
  });
}

test("what is written is the format of docs/files.md", async () => {
  const bytes = bytesOf(CHUNK_BYTES + 5);
  const stream = await sealAll(bytes);
  const raw = await crypto.subtle.importKey("raw", Buffer.from(key, "base64url"), "AES-GCM", false, ["decrypt"]);
  const iv = Buffer.from("000000000000000000000101", "hex");
  const how = { name: "AES-GCM", iv, additionalData: Buffer.from(`mayfly/file/1/${ROOM}`) };
  assert.deepEqual(Buffer.from(await crypto.subtle.decrypt(how, raw, stream.subarray(SEALED_CHUNK))), Buffer.from(bytes.subarray(CHUNK_BYTES)));
});

const size = 3 * CHUNK_BYTES + 7;
const good = await sealAll(bytesOf(size));
const other = await sealAll(bytesOf(size), newFileKey());
const chunk = (stream, at) => stream.subarray(at * SEALED_CHUNK, (at + 1) * SEALED_CHUNK);
const four = (...chunks) => Buffer.concat(chunks);
const flipped = Buffer.from(good);
flipped[SEALED_CHUNK + 3] ^= 1;
const HOSTILE = {
  "a bit that was turned": flipped,
  "two chunks that changed places": four(chunk(good, 1), chunk(good, 0), chunk(good, 2), chunk(good, 3)),
  "a chunk that comes twice": four(chunk(good, 0), chunk(good, 0), chunk(good, 2), chunk(good, 3)),
  "a chunk of another file": four(chunk(good, 0), chunk(other, 1), chunk(good, 2), chunk(good, 3)),
  "another file": other,
  "an end that is missing": good.subarray(0, 3 * SEALED_CHUNK),
  "an end in the middle of a chunk": good.subarray(0, good.length - 1),
  "nothing": Buffer.alloc(0),
  "more behind the end": four(good, Buffer.alloc(1)),
  "one more chunk": four(good, chunk(good, 3)),
};
for (const [what, stream] of Object.entries(HOSTILE)) {
  test(`${what}: refused`, async () => {
    await assert.rejects(openAll(stream, size), { code: "FILE_DAMAGED" });
  });
}

test("a shorter file is not passed off with the beginning of a longer one, nor one room's with another's, nor without a key", async () => {
  await assert.rejects(openAll(good.subarray(0, 2 * SEALED_CHUNK), 2 * CHUNK_BYTES), { code: "FILE_DAMAGED" });
  await assert.rejects(openAll(good, size, { roomId: "room-another" }), { code: "FILE_DAMAGED" });
  await assert.rejects(openAll(good, size, { secret: "AAAA" }), { code: "FILE_DAMAGED" });
});

test("a chunk is handed out only once it has proved to be right", async () => {
  const given = [];
  await assert.rejects(async () => {
    for await (const piece of opened(inPieces(HOSTILE["a bit that was turned"], 5_000), { key, size, roomId: ROOM })) given.push(piece);
  }, { code: "FILE_DAMAGED" });
  assert.equal(given.length, 1);
});

test("a file that was changed while it is read is said to be unreadable", async () => {
  const gone = { size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) };
  await assert.rejects(joined(sealed(gone, key, ROOM)), { code: "FILE_UNREADABLE" });
});

test("a name is shown and saved without folders, controls, and what turns it around", () => {
  assert.equal(fileName("..\\..//etc/passwd"), "passwd");
  assert.equal(fileName("photo\u202Egpj.exe"), "photogpj.exe");
  assert.equal(fileName("a\u0000b\nc"), "abc");
  assert.equal([...fileName("🪰".repeat(4_096))].length, MAX_FILE_NAME_CHARS);
  for (const nothing of [undefined, null, ""]) assert.equal(fileName(nothing), "");
});

test("only types that run nothing are shown", () => {
  for (const type of ["image/png", "image/webp", "audio/webm", "video/mp4"]) assert.ok(isShown(type));
  for (const type of ["image/svg+xml", "text/html", "application/xhtml+xml", "application/pdf", "text/xml", "image/png;x", ""]) assert.ok(!isShown(type), type);
  assert.equal(mediaType("Text/HTML; charset=utf-8"), "text/html");
  for (const none of ["", "x", "a b/c", "x/y\r\nz", undefined]) assert.equal(mediaType(none), "application/octet-stream");
});

const entry = { fileId: "f1", key, size: 5, type: "image/png", name: "cat.png" };

test("of what a sealed message says of its files, only what can be is taken", () => {
  const [one] = sealedAttachments([{ ...entry, width: 3, height: 4, thumbnail: "data:image/webp;base64,AAAA", waveform: [0, 31], durationS: 1.5, evil: 1 }]);
  assert.deepEqual(one, { ...entry, width: 3, height: 4, thumbnail: "data:image/webp;base64,AAAA", waveform: [0, 31], durationS: 1.5 });
  const strange = { width: "3", height: 4, durationS: -1, waveform: Array(MAX_WAVEFORM + 1).fill(0) };
  for (const thumbnail of ["https://example.org/x.png", "data:image/svg+xml;base64,AAAA", "data:text/html,x", `data:image/png;base64,${"A".repeat(MAX_THUMBNAIL_CHARS)}`, "javascript:1"]) {
    assert.deepEqual(sealedAttachments([{ ...entry, ...strange, thumbnail }])[0], entry);
  }
  for (const none of [undefined, "x", {}, [], [null], [{ ...entry, size: -1 }], [{ ...entry, key: 1 }], [{ ...entry, fileId: 7 }]]) assert.equal(sealedAttachments(none), undefined);
  assert.equal(sealedAttachments(Array(50).fill(entry)).length, MAX_ATTACHMENTS);
});

test("in a plain message type, name and length are the server's, and the rest is in its data", () => {
  const told = [{ fileId: "f1", bytes: 9, contentType: "image/png", name: "cat.png" }];
  const data = { attachments: [{ fileId: "f1", size: 1, name: "other", thumbnail: "data:image/webp;base64,AAAA" }] };
  assert.deepEqual(plainAttachments(told, data), [{ fileId: "f1", size: 9, type: "image/png", name: "cat.png", thumbnail: "data:image/webp;base64,AAAA" }]);
  assert.deepEqual(plainAttachments(undefined, toData([{ direct: "d1", size: 2, type: "text/plain", name: "a.txt" }])), [{ direct: "d1", size: 2, type: "text/plain", name: "a.txt" }]);
  assert.equal(toData([{ fileId: "f1", size: 9, type: "a/b", name: "x" }]), undefined);
  assert.equal(plainAttachments(undefined, { attachments: "x" }), undefined);
});
