// The operator's page, by keyboard alone, and axe-core on its states: node admin.mjs URL KEY [FOLDER for screenshots]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { io } from "socket.io-client";
import { main } from "../../support/browser.mjs";
import { LIMIT_MS, newPerson } from "./pages.mjs";
import { SIZES } from "./states.mjs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const [url, key, folder] = process.argv.slice(2);
const WORD = "xyzzyplugh";

/** Rooms in which something happens; returns their ids, and the clients, which are to be closed. */
async function rooms() {
  const clients = [];
  const ids = [];
  for (const [people, wish] of [[3, { capacity: 8 }], [2, { capacity: 4, lobby: true }], [1, { inviteOnly: false }]]) {
    const made = await (await fetch(`${url}/api/rooms`, { method: "POST", body: JSON.stringify(wish) })).json();
    ids.push(made.roomId);
    for (let number = 0; number < people; number += 1) {
      const client = io(url, { transports: ["websocket"], forceNew: true });
      clients.push(client);
      const joined = await client.timeout(LIMIT_MS).emitWithAck("join-room", { roomId: made.roomId, name: WORD, hostKey: made.hostKey });
      if (!joined.ok) throw new Error(joined.error.code);
      await client.timeout(LIMIT_MS).emitWithAck("send-message", { roomId: made.roomId, text: WORD });
    }
    await clients.at(-1).timeout(LIMIT_MS).emitWithAck("join-room", { roomId: "nowhere" });
  }
  return { ids, clients };
}

async function faults(page, name) {
  const found = [];
  await page.evaluate(source);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
      for (const { id, nodes } of result.violations) found.push(`${name} ${size} ${colorScheme}: ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found.push(`${name} ${size}: ${overflow} px wider than the window`);
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

/** What has the focus, as a screen reader names it. */
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");

/** Press Tab until something of this name has the focus. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await focused(page)) === name) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${name}`);
}

await main(async (browser) => {
  const { ids, clients } = await rooms();
  const page = await newPerson(browser, { reducedMotion: "reduce", viewport: SIZES.desktop, errors: false });
  const requests = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const violations = [];
  await page.goto(`${url}/admin`);
  await page.getByLabel("Admin key").waitFor();
  // The field has the focus, so one can type at once.
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the admin key.").waitFor();
  violations.push(...(await faults(page, "door")));
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "This server" }).waitFor();
  await page.getByText(ids[0]).waitFor();
  violations.push(...(await faults(page, "board")));
  if (folder) {
    await page.setViewportSize({ width: 1280, height: 980 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/admin-${colorScheme}.png` });
    }
    await page.emulateMedia({ colorScheme: "light" });
  }
  const text = await page.locator("body").innerText();
  if (text.includes(WORD)) violations.push("the page shows what somebody wrote");
  const [first] = [...ids].sort();
  await tabTo(page, `End room ${first}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "End this room?" }).waitFor();
  violations.push(...(await faults(page, "dialog")));
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const back = await focused(page);
  await page.keyboard.press("Enter");
  await tabTo(page, "End the room");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByText(first).waitFor({ state: "detached" });
  const after = await focused(page);
  const gone = await (await fetch(`${url}/api/rooms/${first}`)).status;
  for (const client of clients) client.close();
  const foreign = requests.filter((path) => !/^\/(admin|api\/admin\/|web\/|assets\/)/.test(path));
  return { violations, back, after, gone, foreign, expectedBack: `End room ${first}` };
});
