import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutMetadata } from "../files/metadata.js";

/** Where it was taken, as it must not be found in anything that is sent. */
const SECRET = "48.2082N16.3738E";
const ascii = (words) => [...words].map((char) => char.charCodeAt(0));
const u16 = (value) => [value >> 8, value & 255];
const u32 = (value) => [...u16(value >>> 16), ...u16(value & 0xffff)];
const le32 = (value) => u32(value).reverse();

/** A TIFF block that says which side is up, and where it was taken. */
const tiff = (orientation = 6) => [...ascii("II"), 42, 0, ...le32(8), 2, 0, 0x12, 1, 3, 0, ...le32(1), orientation, 0, 0, 0, 0x25, 0x88, 2, 0, ...le32(16), ...le32(38), ...le32(0), ...ascii(SECRET)];
const segment = (marker, data) => [0xff, marker, ...u16(data.length + 2), ...data];
const exif = (orientation) => segment(0xe1, [...ascii("Exif\0\0"), ...tiff(orientation)]);
const xmp = segment(0xe1, ascii(`http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>${SECRET}</x:xmpmeta>`));
const JFIF = segment(0xe0, [...ascii("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]);
const ICC = segment(0xe2, [...ascii("ICC_PROFILE\0"), 1, 1, 9, 9, 9]);
const ADOBE = segment(0xee, [...ascii("Adobe"), 0, 100, 0, 0, 0, 0, 1]);
const TABLES = segment(0xdb, Array(65).fill(7));
const FRAME = segment(0xc2, [8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
/** Two scans, with what looks like a marker in them and is none. */
const SCANS = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 1, 2, 0xff, 0, 0xff, 0xd0, 3, ...segment(0xc4, [0, 1, 2]), ...segment(0xda, [1, 1, 0, 0, 63, 0]), 4, 0xff, 0xff, 0];
const END = [0xff, 0xd9];

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
const clean = async (...parts) => [...(await bytesOf(await withoutMetadata(new Blob([Uint8Array.from(parts.flat())], { type: "image/x" }))))];
const holds = (bytes, words) => Buffer.from(bytes).includes(words);
const SOI = [0xff, 0xd8];

test("a JPEG keeps its picture and colors, and which side is up, and nothing else", async () => {
  const comment = segment(0xfe, ascii(SECRET));
  const maker = segment(0xed, ascii(`Photoshop 3.0\0${SECRET}`));
  const more = segment(0xe2, ascii(`MPF\0${SECRET}`));
  const behind = [...SOI, ...exif(1), ...END, ...ascii(SECRET)];
  const found = await clean(SOI, JFIF, exif(6), xmp, ICC, more, ADOBE, maker, comment, TABLES, FRAME, SCANS, END, behind);
  assert.equal(holds(found, SECRET), false);
  const up = segment(0xe1, [...ascii("Exif\0\0MM"), 0, 42, ...u32(8), ...u16(1), ...u16(0x112), ...u16(3), ...u32(1), ...u16(6), 0, 0, ...u32(0)]);
  assert.deepEqual(found, [SOI, JFIF, up, ICC, ADOBE, TABLES, FRAME, SCANS, END].flat());
});

test("a JPEG that stands upright, or says nonsense of it, has no Exif at all", async () => {
  for (const orientation of [1, 0, 9]) assert.deepEqual(await clean(SOI, exif(orientation), TABLES, FRAME, SCANS, END), [SOI, TABLES, FRAME, SCANS, END].flat());
  const cut = segment(0xe1, [...ascii("Exif\0\0II"), 42, 0]);
  assert.deepEqual(await clean(SOI, cut, FRAME, SCANS, END), [SOI, FRAME, SCANS, END].flat());
});

test("a JPEG that is cut or has anything between its segments tells nothing either", async () => {
  const whole = [SOI, exif(6), ascii(SECRET), [0xff, 0xff], xmp, FRAME, SCANS, END].flat();
  for (let length = 4; length <= whole.length; length += 1) {
    assert.equal(holds(await clean(whole.slice(0, length)), SECRET.slice(0, 4)), false, `${length} bytes`);
  }
});

test("the thumbnail in a JPEG's first segment goes, and a file with nothing to take out is the same file", async () => {
  const wide = segment(0xe0, [...ascii("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 1, 1, ...ascii("RGB")]);
  assert.deepEqual(await clean(SOI, wide, FRAME, SCANS, END), [SOI, JFIF, FRAME, SCANS, END].flat());
  for (const bytes of [[SOI, JFIF, FRAME, SCANS, END].flat(), ascii("<svg/>"), ascii("GIF89a/*<script>*/=1;hacked=1"), []]) {
    const file = new Blob([Uint8Array.from(bytes)]);
    assert.equal(await withoutMetadata(file), file);
  }
});

const chunk = (type, data) => [...u32(data.length), ...ascii(type), ...data, 0, 0, 0, 0];
const PNG = [0x89, ...ascii("PNG\r\n\x1a\n")];

test("a PNG keeps what it looks like, and which side is up", async () => {
  const [head, gamma, data, end] = [chunk("IHDR", Array(13).fill(1)), chunk("gAMA", [0, 0, 1, 1]), chunk("IDAT", [1, 2, 3]), chunk("IEND", [])];
  const said = ["tEXt", "zTXt", "iTXt", "tIME", "caBX"].map((type) => chunk(type, ascii(SECRET)));
  assert.deepEqual(await clean(PNG, head, said.flat(), [gamma, data].flat(), chunk("eXIf", tiff(1)), end, ascii(SECRET)).then(String), String([PNG, head, gamma, data, end].flat()));
  const turned = await clean(PNG, head, chunk("eXIf", tiff(6)), data, end);
  assert.equal(holds(turned, SECRET), false);
  const at = PNG.length + head.length;
  assert.deepEqual(turned.slice(at + 4, at + 8), ascii("eXIf"));
  assert.equal(turned[at + 8 + 19], 6);
  const { crc32 } = await import("node:zlib");
  if (crc32) assert.deepEqual(turned.slice(at + 34, at + 38), u32(crc32(Uint8Array.from(turned.slice(at + 4, at + 34)))));
});

test("a WebP says that there is none of it any more, and how long it is now", async () => {
  const part = (type, data) => [...ascii(type), ...le32(data.length), ...data, ...(data.length % 2 ? [0] : [])];
  const riff = (...parts) => [...ascii("RIFF"), ...le32(4 + parts.flat().length), ...ascii("WEBP"), ...parts.flat()];
  const [picture, icc] = [part("VP8 ", [1, 2, 3]), part("ICCP", [5, 6])];
  const flags = (value) => part("VP8X", [value, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
  const given = (orientation) => riff(flags(0x2c), icc, picture, part("EXIF", tiff(orientation)), part("XMP ", ascii(SECRET)), part("what", ascii(SECRET)));
  assert.deepEqual(await clean(given(1), ascii(SECRET)), riff(flags(0x20), icc, picture));
  const turned = await clean(given(8));
  assert.equal(holds(turned, SECRET), false);
  assert.deepEqual(turned.slice(0, 12), riff(turned.slice(12)).slice(0, 12));
  assert.equal(turned[20], 0x28);
});

test("a GIF loses its comments and keeps moving", async () => {
  const blocks = (data) => [data.length, ...data, 0];
  const head = [...ascii("GIF89a"), 1, 0, 1, 0, 0x80, 0, 0, 1, 2, 3, 4, 5, 6];
  const loop = [0x21, 0xff, 11, ...ascii("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  const xmpBlock = [0x21, 0xff, 11, ...ascii("XMP DataXMP"), ...blocks(ascii(SECRET))];
  const comment = [0x21, 0xfe, ...blocks(ascii(SECRET))];
  const frame = [0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x80, 9, 8, 7, 6, 5, 4, 2, ...blocks([1, 2])];
  assert.deepEqual(await clean(head, loop, xmpBlock, comment, frame, comment, [0x3b], ascii(SECRET)), [head, loop, frame, [0x3b]].flat());
});

const box = (type, ...data) => [...u32(data.flat(9).length + 8), ...ascii(type), ...data.flat(9)];
const infe = (id, type, said = "") => box("infe", 2, 0, 0, 0, u16(id), 0, 0, ascii(type), ascii(`\0${said}\0`));

/** A picture of three items: itself, Exif in the middle of the data, XMP inside of the header. */
function heif() {
  const [pixels, more, words] = [Array(20).fill(3), [0, 0, 0, 0, ...tiff()], ascii(`<rdf>${SECRET}`)];
  const make = (start) => {
    const at = [start, start + pixels.length, 0];
    const lengths = [pixels.length, more.length, words.length];
    const places = [1, 2, 3].map((id, n) => [u16(id), u16(n === 2 ? 1 : 0), 0, 0, 0, 1, u32(at[n]), u32(lengths[n])]);
    const iloc = box("iloc", 1, 0, 0, 0, 0x44, 0, 0, 3, places);
    const iinf = box("iinf", 0, 0, 0, 0, 0, 3, infe(1, "av01"), infe(2, "Exif"), infe(3, "mime", "\0application/rdf+xml"));
    return [box("ftyp", ascii("avif"), u32(0)), box("meta", 0, 0, 0, 0, iinf, iloc, box("idat", words))].flat();
  };
  const start = make(0).length + 8;
  return { bytes: [...make(start), ...box("mdat", pixels, more, pixels), ...box("mpvd", ascii(SECRET))], start, pixels };
}

test("of AVIF and HEIC what is said of the picture is written over, wherever it lies, and all else stays in its place", async () => {
  const { bytes, start, pixels } = heif();
  const found = await clean(bytes);
  assert.equal(holds(bytes, SECRET), true);
  assert.equal(holds(found, SECRET), false);
  assert.equal(found.length, bytes.length);
  assert.deepEqual(found.slice(0, start - 100), bytes.slice(0, start - 100));
  assert.deepEqual(found.slice(start, start + 20), pixels);
  assert.deepEqual(found.slice(start + 20, start + 38), [0, 0, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]);
});

test("of a film the tags of its header go, and every sample stays where it was", async () => {
  const place = box("udta", box("\xa9xyz", ascii(SECRET)));
  const keys = box("meta", box("keys", ascii(SECRET)));
  const film = [box("ftyp", ascii("qt  "), u32(0)), box("moov", box("mvhd", 1, 2, 3, 4), box("trak", box("tkhd", 9), place), place, keys), box("mdat", Array(50).fill(1))].flat();
  const found = await clean(film);
  assert.equal(holds(found, SECRET), false);
  assert.equal(found.length, film.length);
  const [before, after] = [film, found].map((bytes) => Buffer.from(bytes));
  for (const type of ["mvhd", "tkhd", "mdat"]) assert.equal(after.indexOf(type), before.indexOf(type));
  assert.deepEqual([...after.subarray(after.indexOf("mdat"))], [...before.subarray(before.indexOf("mdat"))]);
});

test("whatever somebody calls a picture, reading it comes to an end", async () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const { bytes } = heif();
  const kinds = [[SOI, exif(6), xmp, FRAME, SCANS, END].flat(), bytes, [PNG, chunk("IHDR", [1]), chunk("tEXt", ascii(SECRET)), chunk("IEND", [])].flat()];
  for (let round = 0; round < 3_000; round += 1) {
    const hurt = [...kinds[round % kinds.length]];
    for (let times = random(4) + 1; times; times -= 1) hurt[12 + random(hurt.length - 12)] = random(256);
    await clean(hurt.slice(0, 16 + random(hurt.length)));
  }
});
