/** The parts of background blur, each under a name with a hash: nothing of them is fetched before somebody wishes for it. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { ROOT } from "./sources.mjs";

const LIBRARY = join(ROOT, "web/node_modules/@twilio/video-processors");
const BUILT = join(LIBRARY, "dist/build");
/** Of the hash of the contents, in its address: as many hexadecimal digits. */
const HASH_DIGITS = 12;
const SOURCE = "web/app/blur-files.js";

/**
 * @param {string} target as esbuild names it
 * @returns {Promise<{files: {path: string, type: string, contents: Uint8Array, worker?: boolean}[], addresses: import("esbuild").Plugin}>}
 *   `addresses` has the page ask for these in place of the sources
 */
export async function makeBlur(target) {
  const worker = await transform(readFileSync(join(ROOT, "web/app/blur-worker.js"), "utf8"), { minify: true, target, charset: "utf8" });
  const script = readFileSync(join(BUILT, "tflite-simd-1-0-0.js"), "utf8");
  const parts = {
    worker: file("blur-worker.js", "text/javascript", Buffer.from(worker.code), { worker: true }),
    // Whoever is given it is given its licence.
    loader: file("tflite.js", "text/javascript", Buffer.from(`/*!\n${readFileSync(join(LIBRARY, "LICENSE.md"), "utf8")}*/\n${script}`)),
    wasm: file("tflite.wasm", "application/wasm", readFileSync(join(BUILT, "tflite-simd-1-0-0.wasm"))),
    model: file("selfie-segmentation.tflite", "application/octet-stream", readFileSync(join(BUILT, "selfie_segmentation_landscape.tflite"))),
  };
  const { worker: own, ...others } = Object.fromEntries(Object.entries(parts).map(([name, { path }]) => [name, path]));
  const contents = `export const WORKER = ${JSON.stringify(own)};\nexport const PARTS = ${JSON.stringify(others)};\n`;
  return { files: Object.values(parts), addresses: inPlaceOf(SOURCE, contents) };
}

function file(name, type, contents, more = {}) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, HASH_DIGITS);
  const [stem, ending] = name.split(".");
  return { path: `/assets/${stem}-${hash}.${ending}`, type, contents, ...more };
}

const inPlaceOf = (source, contents) => ({
  name: "in-place-of",
  setup(builder) {
    builder.onLoad({ filter: /blur-files\.js$/ }, ({ path }) => (path === join(ROOT, source) ? { contents, loader: "js" } : undefined));
  },
});
