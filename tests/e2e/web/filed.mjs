// The client in Node.js against the real server: files sent and opened, sealed and plain; answers that are lost, downloads that
// are cut, a server that swaps, cuts or mixes; what is erased is opened by nobody.
import assert from "node:assert/strict";
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { makeClient } from "../../../client/client.js";
import { PACE } from "../../support/pace.mjs";

const [url, part] = process.argv.slice(2);
const LIMIT_MS = 15_000 * PACE;
const MIB = 1_048_576;
const SEALED_CHUNK = 65_552;

class MemoryStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => void this.delete(key);
  holds = (word) => [...this.values()].some((value) => value.includes(word));
}

/** What stands between the client and the server: each request to the REST API goes through `hook`. */
const real = globalThis.fetch;
const net = { hook: null, seen: [] };
globalThis.fetch = async (address, options) => {
  const request = { method: options?.method ?? "GET", path: new URL(address).pathname, headers: options?.headers ?? {} };
  net.seen.push(request);
  return (await net.hook?.(request, () => real(address, options))) ?? real(address, options);
};
const isFile = ({ path }) => path.includes("/files");
const isUpload = (request) => isFile(request) && request.method === "POST";
const isDownload = (request) => isFile(request) && request.method === "GET";

async function person(link, name, storage = new MemoryStorage()) {
  const sent = [];
  const sockets = [];
  const connect = (...args) => {
    const socket = io(...args);
    sockets.push(socket);
    const emit = socket.emit.bind(socket);
    socket.emit = (event, ...rest) => {
      sent.push(JSON.stringify([event, rest[0]]));
      return emit(event, ...rest);
    };
    return socket;
  };
  const room = await makeClient(connect).joinRoom(link, { name, storage });
  return { room, storage, sent, cut: () => sockets.at(-1).disconnect(), back: () => sockets.at(-1).connect() };
}

async function until({ room }, condition, what) {
  const passes = () => condition(room.getSnapshot());
  if (passes()) return passes();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not in time: ${what}; ${JSON.stringify(room.getSnapshot().messages)}`)), LIMIT_MS);
    const end = room.subscribe(() => {
      const found = passes();
      if (!found) return;
      clearTimeout(timer);
      end();
      resolve(found);
    });
  });
}
const message = (who, key) => who.room.getSnapshot().messages.find((one) => one.key === key);
const isSent = (who, key) => until(who, () => message(who, key)?.state === "sent" && message(who, key), "sent");
const hasFailed = (who, key) => until(who, () => message(who, key)?.state === "failed" && message(who, key), "failed");
const sees = (who, text) => until(who, ({ messages }) => messages.find((one) => one.text === text), text);

async function two(encrypt, settings = {}) {
  const made = await makeClient(io).createRoom({ server: url, encrypt, ...settings });
  const ada = await person(made.hostLink, "Ada");
  const ben = await person(made.link, "Ben");
  await until(ada, ({ participants }) => participants.length === 1, "Ben");
  return { ada, ben, link: made.link };
}
const leave = (...people) => Promise.all(people.map(({ room }) => room.leave()));
const bytesOf = (size) => Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 255));
const fileOf = (bytes, name = "planted-name.png", type = "image/png") => new File([bytes], name, { type });
const readAll = async (blob) => Buffer.from(await blob.arrayBuffer());

async function sending(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const bytes = bytesOf(3 * MIB + 5);
  bytes.write("planted-bytes", 100_000);
  const progress = [];
  const bodies = [];
  net.hook = (request) => void (isUpload(request) && bodies.push(request.headers));
  const key = ada.room.sendFile(fileOf(bytes), { text: "a caption", onProgress: ({ sent, total }) => progress.push([sent, total]) });
  const shown = message(ada, key);
  assert.deepEqual([shown.state, shown.kind, shown.attachments[0].name, shown.upload], ["sending", "image", "planted-name.png", { sent: 0, total: bytes.length }]);
  // What is said after it does not wait for it.
  const after = ada.room.sendMessage("a word after it");
  await isSent(ada, after);
  await isSent(ada, key);
  net.hook = null;
  assert.equal(message(ada, key).upload, undefined);
  assert.deepEqual(progress.at(-1), [bytes.length, bytes.length]);
  assert.ok(progress.every(([sent], at) => at === 0 || sent >= progress[at - 1][0]));
  const got = await sees(ben, "a caption");
  const [attachment] = got.attachments;
  assert.deepEqual([attachment.name, attachment.type, attachment.size, got.kind], ["planted-name.png", "image/png", bytes.length, "image"]);
  const told = [];
  const blob = await ben.room.openFile(got, attachment, { onProgress: ({ loaded }) => told.push(loaded) });
  assert.ok((await readAll(blob)).equals(bytes));
  assert.equal(blob.type, "image/png");
  assert.equal(told.at(-1), bytes.length);
  const stream = await ben.room.openFile(got.key, attachment, { as: "stream" });
  assert.ok((await readAll(await new Response(stream).blob())).equals(bytes));
  // The author opens it without asking for it.
  net.seen.length = 0;
  assert.ok((await readAll(await ada.room.openFile(key, message(ada, key).attachments[0]))).equals(bytes));
  assert.equal(net.seen.filter(isDownload).length, 0);
  // A newcomer has it from the backlog, and an edit of the caption leaves it.
  await ada.room.editMessage(key, "another caption");
  const eve = await person(link, "Eve");
  const late = await sees(eve, "another caption");
  assert.ok((await readAll(await eve.room.openFile(late, late.attachments[0]))).equals(bytes));
  assert.ok((await readAll(await ben.room.openFile(await sees(ben, "another caption"), attachment))).equals(bytes));
  // A caption may be taken away.
  await ada.room.editMessage(key, "");
  await until(ben, () => message(ben, got.key).text === "" && message(ben, got.key).attachments, "no caption");
  if (encrypt) {
    assert.ok(!ada.sent.some((line) => /planted|caption|image/.test(line)), "sealed");
    assert.deepEqual([bodies[0]["Content-Type"], bodies[0]["X-File-Name"]], ["application/octet-stream", undefined]);
    const raw = await onServer(ada, attachment.fileId);
    assert.equal(raw.indexOf("planted-bytes"), -1);
    assert.ok(!raw.equals(bytes));
  } else assert.ok((await onServer(ada, attachment.fileId)).equals(bytes));
  await leave(ada, ben, eve);
}

async function onServer(who, fileId) {
  const { resumeToken } = JSON.parse([...who.storage.values()][0]);
  const headers = { Authorization: `Bearer ${resumeToken}` };
  return Buffer.from(await (await real(`${url}/api/rooms/${who.room.id}/files/${fileId}`, { headers })).arrayBuffer());
}

async function strange(encrypt) {
  const { ada, ben } = await two(encrypt);
  const files = [
    fileOf("", "nothing.txt", "text/plain"),
    fileOf("<script>hacked = 1</script>", "x.html", "text/html"),
    fileOf("<svg xmlns='http://www.w3.org/2000/svg' onload='hacked = 1'/>", "x.svg", "image/svg+xml"),
    fileOf("GIF89a/*<script>*/=1;hacked=1", "x.gif", "image/gif"),
    fileOf("x", "n".repeat(4_096), "text/plain"),
    fileOf("x", "../../planted\u202Etxt.exe", "not a type"),
    new Blob(["no name"]),
  ];
  for (const [at, file] of files.entries()) {
    await isSent(ada, ada.room.sendFile(file, { text: `file ${at}` }));
    const got = await sees(ben, `file ${at}`);
    const [attachment] = got.attachments;
    const blob = await ben.room.openFile(got, attachment);
    assert.ok((await readAll(blob)).equals(await readAll(file)), `file ${at}`);
    assert.ok(["application/octet-stream", "image/gif"].includes(blob.type), blob.type);
    assert.ok([...attachment.name].length <= 255 && !/[/\\\u202e]/.test(attachment.name));
  }
  assert.throws(() => ada.room.sendFile("no file"), TypeError);
  assert.throws(() => ada.room.sendFile({ size: 60 * MIB, slice() {} }), { code: "FILE_TOO_LARGE" });
  await leave(ada, ben);
}

/** Answers that are lost, refusals, a seat that is away: it comes through once, or fails, and can be tried again. */
async function trying(encrypt) {
  const { ada, ben } = await two(encrypt);
  let lost = 2;
  net.hook = async (request, go) => {
    if (!isUpload(request) || lost === 0) return undefined;
    lost -= 1;
    if (lost) throw new TypeError("network");
    await go(); // Taken, and the answer lost.
    throw new TypeError("network");
  };
  const first = ada.room.sendFile(fileOf("one"), { text: "came through" });
  await isSent(ada, first);
  net.hook = null;
  const got = await sees(ben, "came through");
  assert.equal(String(await readAll(await ben.room.openFile(got, got.attachments[0]))), "one");
  // A refusal is told at once, and a person may try again.
  net.hook = (request) => isUpload(request) && Response.json({ error: { code: "QUOTA_EXCEEDED", message: "full", retryable: true } }, { status: 503 });
  const refused = ada.room.sendFile(fileOf("two"), { text: "refused first" });
  assert.equal((await hasFailed(ada, refused)).error.code, "QUOTA_EXCEEDED");
  assert.ok(!ada.storage.holds("refused first"));
  net.hook = null;
  ada.room.retryMessage(refused);
  await isSent(ada, refused);
  await sees(ben, "refused first");
  // Laid down, and gone before it was attached (a seat that was lost): once more, by itself.
  let erase = true;
  net.hook = async (request, go) => {
    if (!isUpload(request) || !erase) return undefined;
    erase = false;
    const answer = await go();
    const { fileId } = await answer.clone().json();
    await real(`${url}${request.path}/${fileId}`, { method: "DELETE", headers: request.headers });
    return answer;
  };
  const again = ada.room.sendFile(fileOf("three"), { text: "laid down twice" });
  await isSent(ada, again);
  net.hook = null;
  const twice = await sees(ben, "laid down twice");
  assert.equal(String(await readAll(await ben.room.openFile(twice, twice.attachments[0]))), "three");
  // Chosen while away: it is sent on return, and is there once.
  ada.cut();
  await until(ada, ({ status }) => status === "reconnecting", "away");
  const away = ada.room.sendFile(fileOf("four"), { text: "chosen while away" });
  ada.back();
  await isSent(ada, away);
  await sees(ben, "chosen while away");
  assert.equal(ben.room.getSnapshot().messages.length, 4);
  await leave(ada, ben);
}

async function cancelling(encrypt) {
  const { ada, ben, link } = await two(encrypt);
  const slow = () => {
    let begun;
    const began = new Promise((resolve) => (begun = resolve));
    net.hook = (request) => {
      if (isUpload(request)) begun();
      return undefined;
    };
    return began;
  };
  const cancel = new AbortController();
  let began = slow();
  const key = ada.room.sendFile(fileOf(bytesOf(20 * MIB)), { text: "planted-cancelled", signal: cancel.signal });
  await began;
  cancel.abort();
  assert.equal(message(ada, key), undefined, "at once");
  began = slow();
  const other = ada.room.sendFile(fileOf(bytesOf(20 * MIB)), { text: "planted-discarded" });
  await began;
  ada.room.discardMessage(other);
  assert.equal(message(ada, other), undefined);
  net.hook = null;
  const opened = new AbortController();
  await isSent(ada, ada.room.sendFile(fileOf(bytesOf(2 * MIB)), { text: "opened" }));
  const got = await sees(ben, "opened");
  const opening = ben.room.openFile(got, got.attachments[0], { signal: opened.signal, onProgress: () => opened.abort() });
  await assert.rejects(opening, { code: "ABORTED" });
  assert.ok(!ben.room.getSnapshot().messages.some(({ text }) => text.startsWith("planted")));
  for (const word of ["planted-cancelled", "planted-discarded"]) assert.ok(!ada.storage.holds(word));
  // A page that is closed half-way says nothing of it on return.
  began = slow();
  ada.room.sendFile(fileOf(bytesOf(20 * MIB)), { text: "planted-closed" });
  await began;
  ada.room.close();
  net.hook = null;
  assert.ok(!ada.storage.holds("planted-closed"));
  const again = await person(link, "Ada", ada.storage);
  assert.deepEqual(again.room.getSnapshot().messages.map(({ text }) => text), ["opened"]);
  await leave(again, ben);
}

const body = (pieces) => new ReadableStream({ pull: (controller) => (pieces.length ? controller.enqueue(pieces.shift()) : controller.close()) });
const cutBody = (pieces) => new ReadableStream({ pull: (controller) => (pieces.length ? controller.enqueue(pieces.shift()) : controller.error(new TypeError("network"))) });

/** A download that breaks off goes on where it was. */
async function resuming(encrypt) {
  const { ada, ben } = await two(encrypt);
  const bytes = bytesOf(MIB);
  await isSent(ada, ada.room.sendFile(fileOf(bytes), { text: "long" }));
  const got = await sees(ben, "long");
  const asked = [];
  net.hook = async (request, go) => {
    if (!isDownload(request)) return undefined;
    asked.push(request.headers.Range ?? "whole");
    const answer = await go();
    const all = new Uint8Array(await answer.arrayBuffer());
    if (asked.length > 4) return new Response(all, { status: answer.status, headers: answer.headers });
    return new Response(cutBody([all.slice(0, 200_000)]), { status: answer.status, headers: answer.headers });
  };
  const blob = await ben.room.openFile(got, got.attachments[0]);
  assert.ok((await readAll(blob)).equals(bytes));
  assert.deepEqual(asked, ["whole", "bytes=200000-", "bytes=400000-", "bytes=600000-", "bytes=800000-"]);
  // A server that knows no ranges begins again, and nothing is doubled.
  asked.length = 0;
  net.hook = async (request, go) => {
    if (!isDownload(request)) return undefined;
    asked.push(request.headers.Range);
    delete request.headers.Range;
    const all = new Uint8Array(await (await go()).arrayBuffer());
    return new Response(asked.length > 1 ? body([all.slice()]) : cutBody([all.slice(0, 300_000)]), { status: 200 });
  };
  assert.ok((await readAll(await ben.room.openFile(got, got.attachments[0]))).equals(bytes));
  assert.equal(asked.length, 2);
  net.hook = null;
  await leave(ada, ben);
}

/** A server that swaps, cuts or mixes: the file is refused, and nobody is given a part of it as the whole. */
async function hostile() {
  const { ada, ben } = await two(true);
  const size = 5 * 65_536 + 9;
  for (const text of ["this", "that"]) await isSent(ada, ada.room.sendFile(fileOf(bytesOf(size)), { text }));
  const [mine, others] = [await sees(ben, "this"), await sees(ben, "that")];
  const raw = await onServer(ben, mine.attachments[0].fileId);
  const foreign = await onServer(ben, others.attachments[0].fileId);
  const chunk = (from, at) => from.subarray(at * SEALED_CHUNK, (at + 1) * SEALED_CHUNK);
  const replace = (at, piece) => Buffer.concat([raw.subarray(0, at * SEALED_CHUNK), piece, raw.subarray((at + 1) * SEALED_CHUNK)]);
  const flipped = Buffer.from(raw);
  flipped[70_000] ^= 1;
  const answers = {
    "a changed bit": flipped,
    "two chunks swapped": Buffer.concat([chunk(raw, 1), chunk(raw, 0), raw.subarray(2 * SEALED_CHUNK)]),
    "a chunk of another file": replace(2, chunk(foreign, 2)),
    "another file": foreign,
    "cut between chunks": raw.subarray(0, 3 * SEALED_CHUNK),
    "cut in a chunk": raw.subarray(0, raw.length - 1),
    "longer": Buffer.concat([raw, chunk(raw, 0)]),
    "nothing": Buffer.alloc(0),
    "a page": Buffer.from("<script>hacked = 1</script>"),
  };
  for (const [what, answer] of Object.entries(answers)) {
    for (const lengthTold of [true, false]) {
      net.hook = (request) => {
        if (!isDownload(request)) return undefined;
        const from = Number(/bytes=(\d+)-/.exec(request.headers.Range ?? "")?.[1] ?? 0);
        if (from >= answer.length && from) return new Response(null, { status: 416 });
        const rest = answer.subarray(from);
        const headers = lengthTold ? { "Content-Length": String(rest.length) } : {};
        return new Response(body([new Uint8Array(rest)]), { status: from ? 206 : 200, headers });
      };
      if (what === "nothing" && !lengthTold) continue; // It looks as a connection that breaks off each time: see below.
      await assert.rejects(ben.room.openFile(mine, mine.attachments[0]), { code: "FILE_DAMAGED" }, what);
    }
  }
  net.hook = (request) => isDownload(request) && Response.json({ error: { code: "NOT_FOUND", message: "gone" } }, { status: 404 });
  await assert.rejects(ben.room.openFile(mine, mine.attachments[0]), { code: "NOT_FOUND" });
  net.hook = null;
  assert.equal((await ben.room.openFile(mine, mine.attachments[0])).size, size);
  await leave(ada, ben);
}

/** What is deleted, expired or seen is opened by nobody any more, what is half-way stops, and no session keeps its key. */
async function erasing(encrypt) {
  const { ada, ben } = await two(encrypt);
  const key = ada.room.sendFile(fileOf(bytesOf(2 * MIB)), { text: "planted-deleted" });
  await isSent(ada, key);
  const got = await sees(ben, "planted-deleted");
  const [attachment] = got.attachments;
  await new Promise((resolve) => setTimeout(resolve, 300)); // The session is written.
  assert.ok(ben.storage.holds("planted-name"));
  let opening;
  const begun = new Promise((resolve) => {
    net.hook = async (request, go) => {
      if (!isDownload(request)) return undefined;
      const all = new Uint8Array(await (await go()).arrayBuffer());
      resolve();
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(all.slice(0, MIB)) }));
    };
    opening = ben.room.openFile(got, attachment);
    opening.catch(() => {});
  });
  await begun;
  net.hook = null;
  await ada.room.deleteMessage(key, { undoMs: 0 });
  await assert.rejects(opening, { code: "ABORTED" });
  for (const who of [ada, ben]) {
    await until(who, ({ messages }) => messages.length === 0, "gone");
    for (const word of ["planted-", attachment.fileId, attachment.key ?? "planted-"]) assert.ok(!who.storage.holds(word), word);
    await assert.rejects(who.room.openFile(got, attachment), { code: "NOT_FOUND" });
  }
  const short = ada.room.sendFile(fileOf("short"), { text: "for five seconds", ttlS: 5 });
  await isSent(ada, short);
  const passing = await sees(ben, "for five seconds");
  assert.equal(String(await readAll(await ben.room.openFile(passing, passing.attachments[0]))), "short");
  await until(ben, ({ messages }) => messages.length === 0, "expired");
  await assert.rejects(ben.room.openFile(passing, passing.attachments[0]), { code: "NOT_FOUND" });
  await leave(ada, ben);
}

/** Seen once: who has seen it may open it then, and nobody else. */
async function once(encrypt) {
  const { ada, ben } = await two(encrypt);
  const key = ada.room.sendFile(fileOf("once"), { viewOnce: true });
  await isSent(ada, key);
  const hidden = await until(ben, ({ messages }) => messages.find(({ viewOnce }) => viewOnce), "hidden");
  assert.equal(hidden.attachments, undefined);
  const seen = await ben.room.viewMessage(hidden.key);
  assert.equal(seen.attachments[0].name, "planted-name.png");
  assert.equal(String(await readAll(await ben.room.openFile(hidden.key, seen.attachments[0]))), "once");
  await until(ada, ({ messages }) => messages.length === 0, "seen by all");
  for (const who of [ada, ben]) assert.ok(!who.storage.holds("planted-"));
  await leave(ada, ben);
}

const PARTS = { sending, strange, trying, cancelling, resuming, erasing, once };
const passed = [];
for (const name of part ? [part] : [...Object.keys(PARTS), "hostile"]) {
  for (const encrypt of name === "hostile" ? [true] : [false, true]) {
    await (PARTS[name] ?? hostile)(encrypt);
    passed.push(`${name}${encrypt ? " sealed" : ""}`);
  }
}
console.log(JSON.stringify({ passed }));
process.exit(0);
