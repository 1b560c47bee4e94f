import assert from "node:assert/strict";
import { resolveObjectURL } from "node:buffer";
import { test } from "node:test";
import { MayflyError } from "../errors.js";
import { OpenedFile } from "../files/opened-file.js";
import { Emitter } from "../core/store.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A file of a room that gives it when the test says so. */
function fileOf() {
  const emitter = new Emitter();
  const asked = [];
  const room = {
    on: emitter.on,
    openFile: (message, attachment, options) => new Promise((resolve, reject) => asked.push({ message, attachment, ...options, resolve, reject })),
  };
  const [message, attachment] = [{ key: "k" }, { fileId: "f", size: 300 }];
  return { file: new OpenedFile(room, message, attachment), asked, message, attachment, erase: (key, reason) => emitter.emit("message-deleted", { key, reason }) };
}

const blob = new Blob(["a picture"]);

test("a file is opened once, tells how far it is, and has an address until it is closed", async () => {
  const { file, asked, message, attachment } = fileOf();
  let changes = 0;
  file.subscribe(() => (changes += 1));
  file.open();
  file.open();
  assert.equal(asked.length, 1);
  assert.deepEqual([asked[0].message, asked[0].attachment, file.getSnapshot().status], [message, attachment, "loading"]);
  for (let loaded = 1; loaded <= 300; loaded += 1) asked[0].onProgress({ loaded, total: 300 });
  assert.deepEqual(file.getSnapshot().progress, { loaded: 300, total: 300 });
  assert.ok(changes < 110, `${changes} changes`);
  asked[0].resolve(blob);
  await settled();
  const { status, url } = file.getSnapshot();
  assert.deepEqual([status, file.getSnapshot().blob], ["ready", blob]);
  assert.equal(await resolveObjectURL(url).text(), "a picture");
  await file.open();
  assert.equal(asked.length, 1);
  file.close();
  assert.equal(resolveObjectURL(url), undefined);
  assert.deepEqual([file.getSnapshot().status, file.getSnapshot().blob], ["idle", null]);
});

test("with its message a file is gone from the page, unless that was seen by all", async () => {
  const { file, asked, erase } = fileOf();
  file.open();
  asked[0].resolve(blob);
  await settled();
  const { url } = file.getSnapshot();
  erase("another", "deleted");
  erase("k", "viewed");
  assert.equal(file.getSnapshot().status, "ready");
  erase("k", "deleted");
  const { status, error, ...left } = file.getSnapshot();
  assert.deepEqual([status, error.code, left], ["failed", "NOT_FOUND", { blob: null, url: null, progress: null }]);
  assert.equal(resolveObjectURL(url), undefined);
});

test("what is closed or erased while it is opened comes too late, and may be opened anew", async () => {
  const { file, asked, erase } = fileOf();
  file.open();
  file.close();
  assert.equal(asked[0].signal.aborted, true);
  file.open();
  asked[0].resolve(blob);
  await settled();
  assert.equal(file.getSnapshot().status, "loading");
  erase("k", "expired");
  asked[1].reject(new MayflyError("ABORTED"));
  await settled();
  assert.equal(file.getSnapshot().error.code, "NOT_FOUND");
  file.open();
  asked[2].reject(new MayflyError("FILE_DAMAGED"));
  await settled();
  assert.deepEqual([file.getSnapshot().status, file.getSnapshot().error.code], ["failed", "FILE_DAMAGED"]);
});
