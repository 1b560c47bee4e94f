/** The client as others take it: a package for npm, and one module with an integrity hash. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { TARGET } from "./page.mjs";
import { ROOT } from "./sources.mjs";

/** Of the hash of the contents: as many hexadecimal digits stand in a module's address. */
const HASH_DIGITS = 12;
/** Kept by the project's root; the package has a copy. */
const OF_THE_PROJECT = ["CHANGELOG.md", "LICENSE"];

export const { version } = JSON.parse(readFileSync(join(ROOT, "client/package.json"), "utf8"));

/** The main entry of the package as one minified module, with Socket.IO inside. @returns {Promise<Uint8Array>} */
export async function makeModule() {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ["client/index.js"],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: TARGET,
    minify: true,
    legalComments: "eof",
    write: false,
    outdir: "/",
    logLevel: "warning",
  });
  return result.outputFiles[0].contents;
}

/** The package as `npm pack` makes it: the same bytes of the same sources. @returns {Buffer} */
export function makePackage() {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-client-"));
  try {
    const inside = join(folder, "client");
    cpSync(join(ROOT, "client"), inside, { recursive: true, filter: (path) => !path.endsWith("/node_modules") });
    for (const name of OF_THE_PROJECT) cpSync(join(ROOT, name), join(inside, name));
    const said = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: inside,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    return readFileSync(join(folder, fileOf(JSON.parse(said))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** npm 12 answers with an object by name, earlier ones with a list. */
const fileOf = (said) => Object.values(said)[0].filename;

/** Where the module is for ever, and what holds of both. */
export function describe(module, tarball) {
  const hash = createHash("sha256").update(module).digest("hex").slice(0, HASH_DIGITS);
  return {
    version,
    module: { path: `/client/${version}+${hash}/mayfly.js`, integrity: integrity("sha384", module), bytes: module.length },
    package: { path: "/client.tgz", integrity: integrity("sha512", tarball), bytes: tarball.length },
  };
}

/** As Subresource Integrity writes it (W3C), and npm's package-lock.json. */
const integrity = (algorithm, bytes) => `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
