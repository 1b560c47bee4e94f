/** What a build is made of, and the digest by which the server tells whether a build is of the sources that are there. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const AREAS = ["client", "web"];
/** Nothing of these is built: what npm installed stands in the package-lock.json beside it. */
const LEFT_OUT = new Set(["node_modules", "test"]);

/** The paths of all sources from the root, with `/`, sorted. */
export function sources(root = ROOT) {
  return AREAS.flatMap((area) => filesUnder(root, area)).sort();
}

/** SHA-256, in hexadecimal, over `path NUL sha256 newline` of each. `server/transport/http/bundle.py` computes the same. */
export function digest(root = ROOT) {
  const all = createHash("sha256");
  for (const path of sources(root)) {
    all.update(`${path}\0${createHash("sha256").update(readFileSync(join(root, path))).digest("hex")}\n`);
  }
  return all.digest("hex");
}

function filesUnder(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || LEFT_OUT.has(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesUnder(root, path);
    return entry.isFile() ? [path] : [];
  });
}
