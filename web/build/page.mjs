/** The page in a few files with hashed names: its modules, the client and Socket.IO; its styles; QR codes when asked for. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./sources.mjs";

export const TARGET = "es2022";
const STYLES = /[ \t]*<link rel="stylesheet" href="([^"]+)" \/>\n/g;
const SCRIPT = /<script type="module" src="([^"]+)"><\/script>/;
/** Imported by `main.js` as it starts: fetched along with it, not after it. */
const AT_ONCE = "client/browser.js";
const ICON = /(<link rel="icon" [^>]*href=)"([^"]+)"/;
const TYPES = { js: "text/javascript", css: "text/css", woff2: "font/woff2", svg: "image/svg+xml" };
/** As in `server/transport/http/pages.py`. */
const VENDOR = {
  "socket.io-client": "client/node_modules/socket.io-client/dist",
  "qrcode-generator": "web/node_modules/qrcode-generator/dist",
  "eb-garamond": "web/node_modules/@fontsource/eb-garamond/files",
};

/** Paths of the server in imports and styles → files. */
const addresses = {
  name: "addresses",
  setup(builder) {
    builder.onResolve({ filter: /^\/(client|web)\// }, ({ path }) => ({ path: join(ROOT, path) }));
    builder.onResolve({ filter: /^\/vendor\// }, ({ path }) => {
      const [, , name, file] = path.split("/");
      return { path: join(ROOT, VENDOR[name], file) };
    });
  },
};

/** One stylesheet that has those of the page, in the page's order. */
const styles = (paths) => ({
  name: "styles",
  setup(builder) {
    builder.onResolve({ filter: /^page\.css$/ }, () => ({ path: "page.css", namespace: "styles" }));
    builder.onLoad({ filter: /.*/, namespace: "styles" }, () => ({
      contents: paths.map((path) => `@import ${JSON.stringify(path)};\n`).join(""),
      loader: "css",
      resolveDir: ROOT,
    }));
  },
});

/**
 * @returns {Promise<{html: string, files: {path: string, type: string, contents: Uint8Array}[]}>} `path` from the server's
 *   root, such as `/assets/main-3F2A9C1B.js`
 */
export async function makePage() {
  const source = readFileSync(join(ROOT, "web/index.html"), "utf8");
  const [, main] = source.match(SCRIPT);
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [{ in: main.slice(1), out: "main" }, { in: "page.css", out: "page" }],
    plugins: [styles([...source.matchAll(STYLES)].map(([, path]) => path)), addresses],
    outdir: "/",
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    loader: { ".woff2": "file" },
    bundle: true,
    splitting: true,
    format: "esm",
    target: TARGET,
    minify: true,
    legalComments: "eof",
    write: false,
    metafile: true,
    logLevel: "warning",
  });
  const icon = iconOf(source);
  const files = [...result.outputFiles, icon].map(({ path, contents }) => ({ path, contents, type: TYPES[path.split(".").at(-1)] }));
  return { html: pageOf(source, result.metafile.outputs).replace(ICON, `$1"${icon.path}"`), files };
}

/** Browsers ask for it at each visit, where it may have changed. */
function iconOf(source) {
  const contents = readFileSync(join(ROOT, source.match(ICON)[2]));
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 8).toUpperCase();
  return { path: `/assets/icon-${hash}.svg`, contents };
}

/** The page with links to what was made in place of its sources. */
function pageOf(source, outputs) {
  const made = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);
  const script = made("web/app/main.js");
  const early = new Set([...closure(script, outputs), ...closure(made(AT_ONCE), outputs)]);
  early.delete(script);
  const head = [
    `<link rel="stylesheet" href="${at(made("styles:page.css"))}" />`,
    ...[...early].map((path) => `<link rel="modulepreload" href="${at(path)}" />`),
    `<script type="module" src="${at(script)}"></script>`,
  ];
  return source.replace(STYLES, "").replace(SCRIPT, head.join("\n    "));
}

/** An output with all that it imports before it runs. */
function closure(path, outputs, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: next, kind } of outputs[path].imports) if (kind === "import-statement") closure(next, outputs, found);
  return found;
}

/** esbuild names outputs from its working folder; their place from the root is what counts. */
const at = (path) => path.slice(path.indexOf("assets/") - 1).replace(/^(?!\/)/, "/");
