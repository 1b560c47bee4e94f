/**
 * `npm run types --prefix client`: the types of `@mayfly/client/react`, from what stands in its sources. They are committed, so that
 * no compiler is needed to install anything; a test compares them. With `--check` nothing is written, and a difference fails.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CLIENT = fileURLToPath(new URL("..", import.meta.url));
const COMPILER = fileURLToPath(new URL("../../tests/node_modules/typescript/bin/tsc", import.meta.url));
const OPTIONS =
  "--allowJs --checkJs --declaration --emitDeclarationOnly --noImplicitAny false --strict --target es2022 --module nodenext --lib es2022,dom,dom.iterable --types react --skipLibCheck";
const HEAD = "// Made of the sources by `npm run types`. Do not edit.\n";

const isSource = (name) => /^react(\.js|\/[^/]+\.js)$/.test(name);
const typesOf = (name) => name.replace(/\.js$/, ".d.ts");

/** How React declares a name that others may use. */
const declares = (text, name) => new RegExp(`\\b(?:interface|type|class|function) ${name}\\b`).test(text);

/** The compiler takes React's `index` for ours, or not, as chance has it: what React declares is of React. */
function ofReact(text) {
  const react = readFileSync(join(CLIENT, "node_modules", "@types", "react", "index.d.ts"), "utf8");
  return text.replace(/import\("\.\.?\/index\.js"\)\.(\w+)/g, (whole, name) => (declares(react, name) ? `import("react").${name}` : whole));
}

/** @returns {Map<string, string>} file → its text */
function declarations() {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-types-"));
  try {
    const sources = ["react.js", ...readdirSync(join(CLIENT, "react")).map((name) => `react/${name}`)].filter(isSource);
    // Without the types of before: the compiler would take those in place of the sources.
    const kept = (path) => !/node_modules|^\/react(\/[^/]*)?\.d\.ts$|^\/(test|types|server|python)(\/|$)/.test(path.slice(CLIENT.length - 1));
    cpSync(CLIENT, folder, { recursive: true, filter: kept });
    for (const name of ["@types/react", "csstype", "socket.io-client", "@socket.io/component-emitter", "engine.io-client", "socket.io-parser", "engine.io-parser"]) {
      cpSync(join(CLIENT, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
    }
    const command = [COMPILER, ...OPTIONS.split(" "), "--outDir", "made", ...sources];
    const { stdout } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
    // Of the others only the types are wanted; those of React are checked as well.
    const wrong = stdout.split("\n").filter((line) => isSource(line.replace(/\(.*/, "")));
    if (wrong.length) throw new Error(wrong.join("\n"));
    return new Map(sources.map((name) => [typesOf(name), HEAD + ofReact(readFileSync(join(folder, "made", typesOf(name)), "utf8"))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isCheck = process.argv.includes("--check");
for (const [name, text] of declarations()) {
  const path = join(CLIENT, name);
  if (!isCheck) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) throw new Error(`${name} is not what its source says: npm run types --prefix client`);
}
