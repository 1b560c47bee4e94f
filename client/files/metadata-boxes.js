/**
 * AVIF, HEIC, MP4 and QuickTime: boxes in boxes, which say where in the file others begin. So what is taken out is written over,
 * and the file stays as long as it was.
 */

/** Tags of a film, of a track. */
const TAGS = new Set(["udta", "meta"]);
/** Behind a picture: the film that goes with it, and what a maker of phones adds. */
const BESIDE = new Set(["mpvd", "sefd"]);
const XMP_UUID = "be7acfcb97a942e89c71999491e3afac";
/** A box of tags, or of a film's header, is longer only where somebody plays tricks. */
const MAX_READ_BYTES = 64 * 1_048_576;
/** An Exif block without an entry, behind the four bytes that say where it begins. */
const EMPTY_EXIF = [0, 0, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0];

/** @param {Blob} file @param {(blob: Blob) => Promise<Uint8Array>} bytesOf @returns {Promise<Blob>} */
export async function withoutBoxes(file, bytesOf) {
  const patches = [];
  for (let at = 0; at + 8 <= file.size; ) {
    const head = await bytesOf(file.slice(at, at + 32));
    const { type, size, header } = boxAt(head, 0, file.size - at);
    if (size < header) break;
    const isXmp = type === "uuid" && hex(head.subarray(header, header + 16)) === XMP_UUID;
    if (BESIDE.has(type) || isXmp) patches.push({ at, bytes: freed(head, header, size) });
    else if ((type === "moov" || type === "meta") && size <= MAX_READ_BYTES) {
      const box = await bytesOf(file.slice(at, at + size));
      if (type === "meta") patches.push(...picturesTags(box, at, header, file.size));
      else if (freeTags(box, header, box.length)) patches.push({ at, bytes: box });
    }
    at += size;
  }
  return patches.length ? patched(file, patches) : file;
}

function patched(file, patches) {
  const parts = [];
  let from = 0;
  for (const { at, bytes } of patches.sort((a, b) => a.at - b.at)) {
    if (at < from) continue;
    parts.push(file.slice(from, at), bytes);
    from = at + bytes.length;
  }
  return new Blob([...parts, file.slice(from)], { type: file.type });
}

/** @param {number} left how many bytes there are at most */
function boxAt(bytes, at, left) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 8 > view.byteLength) return { type: "", size: 0, header: 8 };
  const short = view.getUint32(at);
  const isLong = short === 1 && at + 16 <= view.byteLength;
  const size = isLong ? Number(view.getBigUint64(at + 8)) : short || left;
  return { type: text(bytes, at + 4, 4), size: Math.min(size, left), header: isLong ? 16 : 8 };
}

function* boxesIn(bytes, from, to) {
  for (let at = from; at + 8 <= to; ) {
    const box = { at, ...boxAt(bytes, at, to - at) };
    if (box.size < box.header) return;
    yield box;
    at += box.size;
  }
}

const text = (bytes, at, count) => String.fromCharCode(...bytes.subarray(at, at + count));
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const FREE = [0x66, 0x72, 0x65, 0x65];

/** A box that players pass over, in the place of another one. */
function freed(head, header, size) {
  const bytes = new Uint8Array(size);
  bytes.set(head.subarray(0, header));
  bytes.set(FREE, 4);
  return bytes;
}

/** In place, in a film's header and in those of its tracks. @returns {boolean} whether there were any */
function freeTags(bytes, from, to) {
  let any = false;
  for (const { at, type, size, header } of boxesIn(bytes, from, to)) {
    if (type === "trak") any = freeTags(bytes, at + header, at + size) || any;
    if (!TAGS.has(type)) continue;
    bytes.set(FREE, at + 4);
    bytes.fill(0, at + header, at + size);
    any = true;
  }
  return any;
}

/** Of the items of a picture: Exif and XMP, wherever they lie. Tags of anything else go as a whole. */
function picturesTags(box, at, header, fileSize) {
  const inside = [...boxesIn(box, header + 4, box.length)];
  const [names, places, data] = ["iinf", "iloc", "idat"].map((type) => inside.find((one) => one.type === type));
  if (!names || !places) return [{ at, bytes: freed(box, header, box.length) }];
  const items = tagItems(box, names);
  const patches = [];
  let isChanged = false;
  for (const { id, isInside, offset, length } of extentsIn(box, places)) {
    if (!items.has(id)) continue;
    const filling = new Uint8Array(Math.max(0, Math.min(length || fileSize, fileSize - offset)));
    if (items.get(id) === "Exif" && filling.length >= EMPTY_EXIF.length) filling.set(EMPTY_EXIF);
    if (!isInside) patches.push({ at: offset, bytes: filling });
    else if (data) {
      const from = data.at + data.header + offset;
      box.set(filling.subarray(0, Math.max(0, data.at + data.size - from)), Math.min(from, box.length));
      isChanged = true;
    }
  }
  return isChanged ? [{ at, bytes: box }, ...patches] : patches;
}

/** @returns {Map<number, string>} the ids of those items that are about the picture → what they are */
function tagItems(box, { at, size, header }) {
  const found = new Map();
  const isLong = box[at + header] > 0; // its version
  for (const item of boxesIn(box, at + header + (isLong ? 8 : 6), at + size)) {
    const reader = readerOf(box, item.at + item.header);
    const version = reader.take(4) >>> 24;
    const id = reader.take(version > 2 ? 4 : 2);
    reader.take(2);
    const type = version > 1 ? text(box, reader.at, 4) : "mime";
    const said = text(box, reader.at, item.at + item.size - reader.at);
    if (type === "Exif" || (type === "mime" && /rdf\+xml|text\/xml/i.test(said))) found.set(id, type);
  }
  return found;
}

function* extentsIn(box, { at, header }) {
  const reader = readerOf(box, at + header);
  const version = reader.take(4) >>> 24;
  const sizes = reader.take(2);
  const [offsets, lengths, bases, indexes] = [12, 8, 4, 0].map((by) => (sizes >> by) & 15);
  for (let left = reader.take(version < 2 ? 2 : 4); left > 0 && reader.at < box.length; left -= 1) {
    const id = reader.take(version < 2 ? 2 : 4);
    const isInside = version > 0 && (reader.take(2) & 15) === 1;
    reader.take(2);
    const base = reader.take(bases);
    for (let extents = reader.take(2); extents > 0 && reader.at < box.length; extents -= 1) {
      if (version > 0) reader.take(indexes);
      yield { id, isInside, offset: base + reader.take(offsets), length: reader.take(lengths) };
    }
  }
}

/** Big-endian numbers of so many bytes; beyond the end there are zeros. */
function readerOf(bytes, at) {
  return {
    at,
    take(count) {
      let value = 0;
      for (let end = this.at + count; this.at < end; this.at += 1) value = value * 256 + (bytes[this.at] ?? 0);
      return value;
    },
  };
}
