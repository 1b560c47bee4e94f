/**
 * `npm run build --prefix web`: all that the server serves of what has to be made first, in `dist/`, which is never committed.
 * `dist/manifest.json` says what is where, and of which sources it was made.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { makeBlur } from "./blur.mjs";
import { describe, makeModule, makePackage, version } from "./client.mjs";
import { makePage, TARGET } from "./page.mjs";
import { digest, ROOT } from "./sources.mjs";

const DIST = join(ROOT, "dist");
/** Above it the best compression takes seconds, for an eighth less. */
const LARGE_BYTES = 1_000_000;
const COMPRESS = {
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_QUALITY]: bytes.length > LARGE_BYTES ? 9 : 11 } }),
  gzip: (bytes) => gzipSync(bytes, { level: 9 }),
};

const made = digest();
const next = join(ROOT, `.dist-${process.pid}`);
try {
  const files = await makeFiles();
  write("manifest.json", JSON.stringify({ sources: made, page: "index.html", admin: "admin.html", files }, null, 1));
  rmSync(DIST, { recursive: true, force: true });
  renameSync(next, DIST);
  report(files);
} finally {
  rmSync(next, { recursive: true, force: true });
}

/** Address → `{file, type, encodings, immutable, shared, worker}`; `shared`: for pages of all sites; `worker`: has a policy of its own. */
async function makeFiles() {
  const blur = await makeBlur(TARGET);
  const [page, admin, module, tarball] = [await makePage("main", [blur.addresses]), await makePage("admin"), await makeModule(), makePackage()];
  const about = describe(module, tarball);
  const entries = [...page.files, ...admin.files, ...blur.files].map(({ path, type, contents, worker }) => [
    path,
    { ...keep(path, type, contents, { immutable: true, encodings: type.startsWith("font/") ? [] : undefined }), worker: Boolean(worker) },
  ]);
  write("index.html", page.html);
  write("admin.html", admin.html);
  const one = keep(about.module.path, "text/javascript", module, { shared: true });
  entries.push([about.module.path, { ...one, immutable: true }], [`/client/${version}/mayfly.js`, one]);
  entries.push(["/client.tgz", keep("/client.tgz", "application/gzip", tarball, { shared: true, encodings: [] })]);
  const text = Buffer.from(`${JSON.stringify(about, null, 2)}\n`);
  entries.push(["/client/integrity.json", keep("/client/integrity.json", "application/json", text, { shared: true })]);
  return Object.fromEntries(entries);
}

function keep(path, type, contents, { encodings = Object.keys(COMPRESS), immutable = false, shared = false }) {
  const file = path.slice(1);
  write(file, contents);
  for (const name of encodings) write(`${file}.${name}`, COMPRESS[name](contents));
  return { file, type, encodings, immutable, shared };
}

function write(file, contents) {
  mkdirSync(dirname(join(next, file)), { recursive: true });
  writeFileSync(join(next, file), contents);
}

function report(files) {
  console.log(`dist/ has the page and the client ${version}, in ${Object.keys(files).length} files.`);
}
