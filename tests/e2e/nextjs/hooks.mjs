// The React hooks in a real browser and a real React, without a bundler: node hooks.mjs SERVER. Prints what was seen.
import { readFile } from "node:fs/promises";
import { main, watchErrors } from "../../support/browser.mjs";

const [server] = process.argv.slice(2);
const PACKAGES = new URL("../../../examples/nextjs/node_modules/", import.meta.url);
/** Longer than a room outlives its last component. */
const LINGER_MS = 1_500;

const MODULES = {
  react: ["react/cjs/react.development.js", [], ["createContext", "createElement", "StrictMode", "useCallback", "useContext", "useEffect", "useMemo", "useRef", "useState", "useSyncExternalStore"]],
  scheduler: ["scheduler/cjs/scheduler.development.js", [], []],
  "react-dom": ["react-dom/cjs/react-dom.development.js", ["react"], []],
  "react-dom/client": ["react-dom/cjs/react-dom-client.development.js", ["react", "react-dom", "scheduler"], ["createRoot"]],
};

/** React comes as CommonJS; this is the same as an ES module. */
async function asModule(name) {
  const [file, needs, exported] = MODULES[name];
  const source = await readFile(new URL(file, PACKAGES), "utf8");
  return `${needs.map((need, at) => `import need${at} from "${need}";`).join("\n")}
    const needs = {${needs.map((need, at) => `"${need}": need${at}`)}};
    const module = { exports: {} }, exports = module.exports, require = (name) => needs[name];
    const process = { env: { NODE_ENV: "development" } };
    (function () { ${source} })();
    export default module.exports;
    export const { ${exported.join(", ")} } = module.exports;`;
}

const importMap = {
  imports: {
    ...Object.fromEntries(Object.keys(MODULES).map((name) => [name, `/hooks/${name}.js`])),
    "socket.io-client": "/vendor/socket.io-client/socket.io.esm.min.js",
  },
};
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(importMap)}</script>
  <div id="root"></div>`;

/** A page whose `shown` is what its components' `useRoom` returned last, by their labels. */
async function open(browser) {
  const page = await (await browser.newContext()).newPage();
  page.errors = watchErrors(page);
  await page.route(`${server}/hooks/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice("/hooks/".length);
    return route.fulfill({ contentType: "text/javascript", body: await asModule(name.replace(/\.js$/, "")) });
  });
  // A document of the server's own: one that a test made up counts as a stranger to loopback addresses.
  await page.goto(`${server}/health`);
  await page.setContent(PAGE);
  await page.evaluate(async () => {
    const { createElement: h, StrictMode, useRef, useState } = await import("react");
    const { createRoot } = await import("react-dom/client");
    const { useBroadcast, useFile, useRead, useRoom, useSeenBy, useUploads } = await import("/client/react.js");
    window.client = await import("/client/index.js");
    window.shown = {};
    window.readers = {};
    window.heard = [];
    window.files = {};
    window.uploads = [];
    function Holder({ label, link, options, asked, children }) {
      const state = useRoom(link, options);
      const room = state.roomObject;
      window.shown[label] = state;
      useRead(room);
      window.readers[label] = useSeenBy(room, state.messages.at(-1));
      useBroadcast(room, "wave", (data, from) => window.heard.push([data.hand, from]));
      // A page may hold on to a message that is gone.
      const kept = useRef(undefined);
      const filed = (kept.current = state.messages.findLast(({ own, attachments }) => !own && attachments) ?? kept.current);
      window.files[label] = useFile(room, filed, filed?.attachments[0], { auto: !asked });
      const { messages, sent, total } = useUploads(room);
      window.uploads.push({ count: messages.length, sent, total });
      return h("div", {}, label, ": ", window.shown[label].status, children);
    }
    const holder = ({ label, inner, ...props }) => h(Holder, { key: label, label, ...props }, inner && holder(inner));
    function App() {
      const [holders, setHolders] = useState([]);
      window.mount = setHolders;
      return h("main", {}, holders.map(holder), h("footer", {}, "still here"));
    }
    createRoot(document.getElementById("root")).render(h(StrictMode, {}, h(App)));
  });
  await page.getByText("still here").waitFor();
  return page;
}

const mount = (page, ...holders) => page.evaluate((all) => window.mount(all), holders);
const has = (page, label, status) => page.waitForFunction(([name, wanted]) => window.shown[name]?.status === wanted, [label, status]);
const make = (page, settings) => page.evaluate((all) => window.client.createRoom(all), settings);
const selfOf = (page, label) => page.evaluate((name) => window.shown[name].self, label);

/** One mounted component and one other person: what each has read is known to the other, and a wave is heard once. */
async function read(page) {
  const made = await make(page, {});
  await mount(page, { label: "reader", link: made.link });
  await has(page, "reader", "joined");
  return page.evaluate(async (link) => {
    const until = async (condition) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const other = await window.client.joinRoom(link, { storage: null, name: "Other" });
    const [{ id }, me] = [other.getSnapshot().self, window.shown.reader.self.id];
    const key = other.sendMessage("read this");
    await until(() => other.getSnapshot().reads[me] >= other.getSnapshot().messages.find((said) => said.key === key).seq);
    window.shown.reader.roomObject.sendMessage("and this");
    await until(() => other.getSnapshot().messages.length === 2);
    const before = window.readers.reader.length;
    other.markRead(other.getSnapshot().messages[1].seq);
    await until(() => window.readers.reader.length === 1);
    const named = window.readers.reader.map(({ name }) => name);
    await other.broadcast("nod", { hand: "none" });
    await other.broadcast("wave", { hand: "left" });
    await until(() => window.heard.length > 0);
    const heard = window.heard.map(([hand, from]) => [hand, from === id]);
    await other.leave();
    return { before, readers: named, heard };
  }, made.link);
}

const FILE_BYTES = 3_000_000;

/** Two components with one room, of which one waits to be asked: files that come, one that goes, one that is deleted. */
async function exchange(page) {
  const made = await make(page, {});
  const inner = { label: "asked", link: made.link, asked: true };
  await mount(page, { label: "shown", link: made.link, inner });
  await has(page, "asked", "joined");
  return page.evaluate(async ([link, bytes]) => {
    const until = async (condition) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const { files, uploads, shown } = window;
    const text = async ({ url }) => (await fetch(url)).text();
    const other = await window.client.joinRoom(link, { storage: null, name: "Other" });
    const key = other.sendFile(new Blob(["what is in it"], { type: "text/plain" }), { name: "a.txt" });
    await until(() => files.shown.status === "ready");
    const waiting = files.asked.status;
    await files.asked.open();
    await until(() => files.asked.status === "ready");
    const texts = [await text(files.shown), await text(files.asked)];
    const { url } = files.shown;
    uploads.length = 0;
    shown.shown.roomObject.sendFile(new Blob([new Uint8Array(bytes)]), { name: "large.bin" });
    await until(() => other.getSnapshot().messages.some(({ attachments }) => attachments?.[0].size === bytes));
    await until(() => uploads.at(-1).count === 0);
    const during = uploads.filter(({ count }) => count > 0);
    await other.deleteMessage(key, { undoMs: 0 });
    await until(() => files.shown.status === "failed" && files.asked.status === "failed");
    const gone = [files.shown.error.code, files.shown.url, await fetch(url).then(() => "still there", () => "revoked")];
    await other.leave();
    const counts = [...new Set(during.map(({ count }) => count))];
    const grows = during.every(({ sent }, at) => at === 0 || sent >= during[at - 1].sent);
    return { waiting, texts, counts, grows, most: Math.max(...during.map(({ sent }) => sent)), total: during.at(-1).total, gone };
  }, [made.link, FILE_BYTES]);
}

await main(async (browser) => {
  const page = await open(browser);
  await mount(page, { label: "bad", link: "no link at all" });
  await has(page, "bad", "failed");
  const bad = await page.evaluate(() => window.shown.bad.error.code);
  const stands = await page.getByText("still here").isVisible();

  const first = await make(page, {});
  const inner = { label: "child", link: first.link, options: { name: "Child", media: { handRaised: true } } };
  await mount(page, { label: "parent", link: first.link, options: { name: "Parent" }, inner });
  await has(page, "child", "joined");
  const { name, media } = await selfOf(page, "parent");
  const shared = await page.evaluate(() => window.shown.parent.roomObject === window.shown.child.roomObject);

  // The old room is left by hand; somebody else opens it again; then the old holder goes.
  const second = await make(page, {});
  await mount(page, { label: "old", link: second.link });
  await has(page, "old", "joined");
  await page.evaluate(() => window.shown.old.roomObject.leave());
  await has(page, "old", "left");
  await mount(page, { label: "old", link: second.link }, { label: "new", link: second.link });
  await has(page, "new", "joined");
  await mount(page, { label: "new", link: second.link });
  await page.waitForTimeout(LINGER_MS);
  const swapped = await page.evaluate(() => window.shown.new.status);

  const third = await make(page, { inviteOnly: true });
  const invite = await page.evaluate((made) => window.client.createInvite(made), third);
  await mount(page, { label: "guest", link: invite.link });
  await has(page, "guest", "joined");
  const { participantCount } = await page.evaluate((link) => window.client.lookUpRoom(link), invite.link);
  const talk = await read(page);
  const errors = [...page.errors];
  const exchanged = await exchange(page);
  // Strict Mode opens a file, lets go of it and opens it again; an address that was revoked is asked for on purpose.
  const meant = /^request: .*\/files\/\w+ net::ERR_ABORTED$|^request: blob:|net::ERR_FILE_NOT_FOUND$/;
  const since = page.errors.slice(errors.length).filter((error) => !meant.test(error));
  return { exchanged, talk, bad, stands, name, media, shared, swapped, participantCount, errors: [...errors, ...since] };
});
