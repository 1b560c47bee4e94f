// The real Admin UI of Socket.IO against our server: node admin-ui.mjs URL UI_PORT KEY [FOLDER for a screenshot]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { io } from "socket.io-client";
import { main } from "../../support/browser.mjs";
import { PACE } from "../../support/pace.mjs";
import { newPerson } from "./pages.mjs";

const [url, uiPort, key, folder] = process.argv.slice(2);
const LIMIT_MS = 15_000 * PACE;
const WORD = "xyzzyplugh";
const DIST = join(dirname(createRequire(import.meta.url).resolve("@socket.io/admin-ui")), "..", "ui", "dist");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png" };

const files = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://x").pathname);
  try {
    const body = await readFile(join(DIST, path === "/" ? "index.html" : path));
    response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "text/html" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => files.listen(Number(uiPort), "127.0.0.1", resolve));

async function guest(transport) {
  const client = io(url, { transports: [transport], forceNew: true });
  await new Promise((resolve) => client.once("connect", resolve));
  return client;
}

async function signIn(page, password) {
  await page.getByLabel("Server URL").fill(url);
  await page.getByLabel("Username").fill("operator");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Connect" }).click();
}

const clients = [];
try {
  await main(async (browser) => {
    clients.push(...[await guest("websocket"), await guest("websocket"), await guest("polling")]);
    const made = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
    await clients[0].timeout(LIMIT_MS).emitWithAck("join-room", { roomId: made.roomId, name: WORD });
    const page = await newPerson(browser, { errors: false, viewport: { width: 1280, height: 860 } });
    const frames = [];
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
    await page.goto(`http://127.0.0.1:${uiPort}/`);
    await signIn(page, "wrong");
    await page.getByText("Invalid credentials").first().waitFor();
    await signIn(page, key);
    // Its dashboard counts three of our clients and itself.
    await page.waitForFunction(() => /CONNECTED[\s\S]*\n\/\s+3\s+\/admin\s+1/.test(document.body.innerText), null, { timeout: LIMIT_MS });
    // People come and go: that is its chart of connections.
    for (let second = 0; second < (folder ? 12 : 2); second += 1) {
      for (let number = 0; number < 1 + (second % 4); number += 1) (await guest("websocket")).close();
      await page.waitForTimeout(1_000);
    }
    const dashboard = await page.locator("body").innerText();
    if (folder) await page.screenshot({ path: `${folder}/admin-ui.png` });
    return {
      dashboard,
      told: frames.some((frame) => frame.includes(WORD)),
      stats: frames.filter((frame) => frame.includes("server_stats")).length,
    };
  });
} finally {
  for (const client of clients) client.close();
  files.closeAllConnections();
  files.close();
}
