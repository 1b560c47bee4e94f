/**
 * The page in a few files with hashed names: its modules, the client and Socket.IO; its styles; QR codes when asked for. And
 * the operator's page in two: a run of its own, so that what both use makes no pieces of the page.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./sources.mjs";

export const TARGET = "es2022";
const STYLES = /[ \t]*<link rel="stylesheet" href="([^"]+)" \/>\n/g;
const SCRIPT = /<script type="module" src="([^"]+)"><\/script>/;
/** name of its files → source, and what its module imports as it starts: fetched along with it, not after it. */
const CLIENT = "client/browser.js";
const PAGES = {
  main: { source: "web/index.html", styles: "page", atOnce: [CLIENT] },
  admin: { source: "web/admin.html", styles: "admin", atOnce: [] },
};
/** What comes later → what is there by then. */
const LATER = {
  "client/call/monitor.js": [CLIENT],
  "client/call/noise.js": [CLIENT],
  "client/files/file-work.js": [CLIENT],
  "client/files/metadata.js": [CLIENT],
  "web/app/check/view.js": [CLIENT, "web/app/main.js"],
  "web/app/room-view.js": [CLIENT, "web/app/main.js"],
};
const ICON = /(<link rel="icon" [^>]*href=)"([^"]+)"/;
const TYPES = { js: "text/javascript", css: "text/css", woff2: "font/woff2" };
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

/**
 * What comes later shares modules with page and client, and esbuild makes a file of each set of modules that is shared: one
 * request more for each. As all of them are said to import the whole page and client, each of the two stays in one piece.
 */
const inOnePiece = {
  name: "in-one-piece",
  setup(builder) {
    builder.onLoad({ filter: /\.js$/ }, ({ path }) => {
      const there = LATER[path.slice(ROOT.length + 1)];
      if (!there) return undefined;
      const imports = there.map((each) => `import "/${each}";\n`).join("");
      return { contents: `${readFileSync(path, "utf8")}\n${imports}`, loader: "js" };
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
 * @param {keyof typeof PAGES} name @param {import("esbuild").Plugin[]} [more]
 * @returns {Promise<{html: string, files: {path: string, type: string, contents: Uint8Array}[]}>} `path` from the server's
 *   root, such as `/assets/main-3F2A9C1B.js`
 */
export async function makePage(name, more = []) {
  const page = PAGES[name];
  const source = readFileSync(join(ROOT, page.source), "utf8");
  const [, main] = source.match(SCRIPT);
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [{ in: main.slice(1), out: name }, { in: "page.css", out: page.styles }],
    plugins: [styles([...source.matchAll(STYLES)].map(([, path]) => path)), addresses, ...more, inOnePiece],
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
    // As they are written: escaped, Arabic and Japanese take three times the bytes.
    charset: "utf8",
    write: false,
    metafile: true,
    logLevel: "warning",
  });
  const files = result.outputFiles.map(({ path, contents }) => ({ path, contents, type: TYPES[path.split(".").at(-1)] }));
  return { html: pageOf(source, main.slice(1), page.atOnce, result.metafile.outputs).replace(ICON, (_, start) => `${start}"${iconOf(source)}"`), files };
}

/** In the page itself: it is smaller than a request for it, and browsers would ask at each visit whether it has changed. */
const iconOf = (source) => `data:image/svg+xml,${encodeURIComponent(readFileSync(join(ROOT, source.match(ICON)[2]), "utf8").trim())}`;

/** The page with links to what was made in place of its sources. */
function pageOf(source, main, atOnce, outputs) {
  const made = (entry) => Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);
  const script = withCode(made(main), outputs);
  const early = new Set([script, ...atOnce.map(made)].flatMap((path) => [...closure(path, outputs)]));
  early.delete(script);
  const head = [
    `<link rel="stylesheet" href="${at(made("styles:page.css"))}" />`,
    ...[...early].map((path) => `<link rel="modulepreload" href="${at(path)}" />`),
    `<script type="module" src="${at(script)}"></script>`,
  ];
  return source.replace(STYLES, "").replace(SCRIPT, head.join("\n    "));
}

/** An entry that has no code of its own imports the one file that has it: that one in its place. */
function withCode(path, outputs) {
  const { inputs, imports } = outputs[path];
  const [only, ...more] = imports.filter(({ kind }) => kind === "import-statement");
  return Object.keys(inputs).length === 0 && only && more.length === 0 ? only.path : path;
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
