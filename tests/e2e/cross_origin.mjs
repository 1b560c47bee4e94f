// Pages of two other origins at a server, in a real Chromium: node cross_origin.mjs SERVER. Prints what each could do.
// The site on localhost is in the server's CORS_ORIGINS, the one on 127.0.0.1 is not.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { main } from "../support/browser.mjs";
import { PACE } from "../support/pace.mjs";

const [server] = process.argv.slice(2);
const LIMIT_MS = 20_000 * PACE;
const CLIENT = new URL("../node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url);
const client = await readFile(CLIENT, "utf8");

const site = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html>"));
await new Promise((listening) => site.listen(0, "127.0.0.1", listening));
const { port } = site.address();

/** Runs in a page: calls of `fetch` with credentials, as libraries make them. */
async function callRest(server) {
  const call = async (method, options) => {
    try {
      const answer = await fetch(`${server}/api/rooms`, { method, credentials: "include", ...options });
      return { status: answer.status, type: answer.type, body: await answer.json().catch(() => null) };
    } catch (error) {
      return { failed: error.name };
    }
  };
  const headers = { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest" };
  return {
    made: await call("POST", { headers, body: "{}" }),
    put: await call("PUT", { headers, body: "{}" }),
    simple: await call("POST", { headers: { "Content-Type": "text/plain" }, body: "{}", mode: "no-cors" }),
  };
}

/** Runs in a page: joins a room over these transports with `withCredentials`; it is over once the connection is closed. */
function join({ server, roomId, transports, limitMs }) {
  return new Promise((resolve) => {
    const socket = window.io(server, { withCredentials: true, transports, reconnection: false, forceNew: true });
    socket.on("connect_error", (error) => resolve({ failed: error.message }));
    socket.on("connect", async () => {
      const ack = await socket.timeout(limitMs).emitWithAck("join-room", { roomId });
      const { engine } = socket.io;
      const { name: transport } = engine.transport;
      // Later than "disconnect" of the socket where it is in the middle of an upgrade.
      engine.once("close", () => resolve({ ok: ack.ok, transport }));
      socket.disconnect();
    });
  });
}

async function visit(browser, origin, roomId) {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.addScriptTag({ content: client });
  const rest = await page.evaluate(callRest, server);
  const sockets = {};
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    const wish = { server, roomId: roomId ?? rest.made.body?.roomId, transports, limitMs: LIMIT_MS };
    sockets[transports.join("+")] = await page.evaluate(join, wish);
  }
  await page.close();
  return { ...rest, sockets };
}

/** Where the page of the server itself may connect to by WebSocket. */
async function ownPage(browser) {
  const page = await browser.newPage();
  await page.goto(server);
  const open = (url) =>
    page.evaluate(
      (url) =>
        new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          try {
            const socket = new WebSocket(url);
            socket.onopen = () => resolve("open");
          } catch (error) {
            resolve(error.name);
          }
        }),
      url,
    );
  const own = await open(`${server.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  return { own, other: await open(`ws://localhost:${port}/`) };
}

await main(async (browser) => {
  const allowed = await visit(browser, `http://localhost:${port}`);
  const foreign = await visit(browser, `http://127.0.0.1:${port}`, allowed.made.body?.roomId);
  return { allowed, foreign, page: await ownPage(browser) };
});
site.close();
