// People at the Next.js example, in a real browser: node rooms.mjs SCENARIO SITE SERVER. Prints what was seen as JSON.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { main, watchErrors } from "../../support/browser.mjs";
import { PACE } from "../../support/pace.mjs";

const [scenario, site, server] = process.argv.slice(2);
/** Against hanging only. */
const LIMIT_MS = 45_000 * PACE;
const POLL_MS = 50;
const errors = [];

/** A person: a browser profile of its own, and one page. */
async function person(browser, options = {}) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(LIMIT_MS);
  const page = await context.newPage();
  errors.push(watchErrors(page));
  return page;
}

/** Counts the Engine.IO sessions that a page begins. */
function countConnects(page) {
  const counted = { connects: 0 };
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/socket.io/" && !searchParams.has("sid")) counted.connects += 1;
  });
  return counted;
}

async function until(condition, what) {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Returns what cuts the page's WebSocket off, on both sides, once Engine.IO has moved to it (packet type 5, upgrade). From
 * `cut.losing = "requests"` or `"answers"` to the next cut, what goes that way is lost, as at the moment of a loss.
 */
async function cuttable(page) {
  const sides = [];
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const origin = socket.connectToServer();
    origin.onMessage((frame) => cut.losing !== "answers" && socket.send(frame));
    socket.onMessage((frame) => {
      if (cut.losing !== "requests") origin.send(frame);
      if (frame === "5") sides.push(socket, origin);
    });
  });
  const cut = async () => {
    await until(() => sides.length > 0, "the connection is a WebSocket");
    await Promise.all(sides.splice(0).map((side) => side.close()));
    cut.losing = null;
  };
  return cut;
}

/** The page has no network while `during` runs, and its state is not recovered after it: as after a long loss. */
async function away(page, cut, during) {
  const addresses = /\/socket\.io\//;
  await page.route(addresses, (route) => route.abort("aborted"));
  await cut();
  await during();
  await page.unroute(addresses);
  await page.route(addresses, (route) => {
    const body = route.request().postData();
    return route.continue(body?.startsWith("40{") ? { postData: "40" } : {});
  });
}

/** What went wrong in all pages. A request or a socket that was cut on purpose, by a reload too, is no error. */
const allErrors = () => errors.flat().filter((error) => !/ERR_ABORTED|already in CLOSING or CLOSED/.test(error));

async function makeRoom(page, { inviteOnly = false } = {}) {
  await page.goto(site);
  if (inviteOnly) await page.getByLabel("Every link lets in one person").check();
  await page.getByRole("button", { name: "Make a room" }).click();
  await page.waitForURL(/\/r\//);
}

async function enter(page, name) {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("button", { name: "Copy link" }).waitFor();
}

async function copyLink(page) {
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByRole("status").filter({ hasText: "/r/" }).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

async function say(page, text) {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

const hears = (page, text) => page.getByRole("log").getByText(text, { exact: true }).waitFor();
const tiles = (page) => page.locator("[data-participant]").evaluateAll((all) => all.map((one) => one.dataset.participant));
const hasPeople = (page, count) =>
  page.waitForFunction((wanted) => document.querySelectorAll("[data-participant]").length === wanted, count);

/** Every tile shows moving pictures. */
const seesEverybody = (page) =>
  page.waitForFunction(async () => {
    const videos = [...document.querySelectorAll("[data-participant] video")];
    const frames = () => videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames);
    const before = frames();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return videos.length === 2 && frames().every((count, index) => count > before[index]);
  });

/** What the server says about the room of this host, with the key that the page keeps in its session. */
async function ask(host, path) {
  const roomId = new URL(host.url()).pathname.split("/").at(-1);
  const session = await host.evaluate((id) => sessionStorage.getItem(`mayfly:${id}`), roomId);
  const headers = { Authorization: `Bearer ${JSON.parse(session).hostKey}` };
  const answer = await fetch(`${server}/api/rooms/${roomId}/${path}`, { headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Once a page has a WebSocket in place of polling: whoever is killed in between is missed only a ping later. */
const upgrade = (page) =>
  new Promise((resolve) => {
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => payload === "5" && resolve()));
  });

const scenarios = {
  /** Two people chat and call; one reloads; one leaves. */
  async call(browser) {
    const [ada, ben] = [await person(browser), await person(browser)];
    await makeRoom(ada);
    await enter(ada, "Ada");
    const link = await copyLink(ada);
    await ben.goto(link);
    await enter(ben, "Ben");
    await Promise.all([hasPeople(ada, 2), hasPeople(ben, 2)]);
    await say(ada, "Hello Ben");
    await hears(ben, "Hello Ben");
    await say(ben, "<b>Hello</b> Ada");
    await hears(ada, "<b>Hello</b> Ada");
    await ada.getByRole("button", { name: "Join call" }).click();
    await ben.getByRole("button", { name: "Join call" }).click();
    await Promise.all([seesEverybody(ada), seesEverybody(ben)]);
    const before = await tiles(ben);
    await ben.reload();
    await Promise.all([hasPeople(ben, 2), seesEverybody(ben), seesEverybody(ada)]);
    await hears(ben, "Hello Ben");
    const { participants } = await ask(ada, "users");
    if (process.env.SCREENSHOTS) await ada.screenshot({ path: `${process.env.SCREENSHOTS}/call.png` });
    const report = { link, before, after: await tiles(ben), host: await tiles(ada), participants, address: ada.url() };
    await ben.getByRole("button", { name: "Leave", exact: true }).click();
    await ben.getByText("You have left.").waitFor();
    await hasPeople(ada, 1);
    return report;
  },

  /** A link for one person: followed by its owner, who reloads too, then by somebody else. */
  async invite(browser) {
    const [ada, ben, eve] = [await person(browser), await person(browser), await person(browser)];
    await makeRoom(ada, { inviteOnly: true });
    await enter(ada, "Ada");
    const link = await copyLink(ada);
    await ben.goto(link);
    await enter(ben, "Ben");
    await ben.reload();
    await hasPeople(ben, 2);
    await eve.goto(link);
    await eve.getByLabel("Your name").fill("Eve");
    await eve.getByRole("button", { name: "Join" }).click();
    const refusal = await eve.getByRole("status").filter({ hasNotText: "Joining" }).textContent();
    const [{ invites }, { participants }] = [await ask(ada, "invites"), await ask(ada, "users")];
    return { link, refusal, invites, participants };
  },

  /** The page that the documentation quotes: plain socket.io-client. */
  async plain(browser) {
    const [ada, ben] = [await person(browser), await person(browser)];
    const made = await fetch(`${server}/api/rooms`, { method: "POST" });
    const { roomId, hostKey } = await made.json();
    const headers = { Authorization: `Bearer ${hostKey}` };
    const users = async () => (await (await fetch(`${server}/api/rooms/${roomId}/users`, { headers })).json()).participants;
    const arrived = (count) => until(async () => (await users()).length === count, `${count} people are in`);
    const counted = countConnects(ada);
    const cut = await cuttable(ada);
    await ada.goto(`${site}/plain/${roomId}`);
    await arrived(1);
    await ben.goto(`${site}/plain/${roomId}`);
    await arrived(2);
    const tell = async (from, to, text) => {
      await from.getByRole("textbox").fill(text);
      await from.getByRole("textbox").press("Enter");
      await from.getByText(`Me: ${text}`).waitFor();
      await to.getByText(`: ${text}`).waitFor();
    };
    await tell(ada, ben, "Hello Ben");
    await tell(ben, ada, "Hello Ada");
    const { connects } = counted;
    // Its acknowledgement is lost with the connection: it is said again, and heard once.
    cut.losing = "answers";
    await tell(ada, ben, "Hm");
    await cut();
    await until(() => counted.connects > connects, "the page connects again");
    await tell(ben, ada, "Are you still there?");
    await tell(ada, ben, "I am");
    const report = { connects, participants: await users(), shown: await ada.locator("pre").textContent() };
    const type = async (text) => {
      await ada.getByRole("textbox").fill(text);
      await ada.getByRole("textbox").press("Enter");
      await ada.getByText(`Me: ${text}`).waitFor();
    };
    // A line that is on its way at the very moment of the loss, and two more.
    cut.losing = "requests";
    await type("on its way");
    await away(ada, cut, async () => {
      for (const text of ["typed", "while away"]) await type(text);
    });
    await ben.getByText(": while away").waitFor();
    const heard = await ben.locator("pre").textContent();
    const lost = await person(browser);
    const upgraded = upgrade(lost);
    await lost.goto(`${site}/plain/${"x".repeat(22)}`);
    const refusal = await lost.locator("pre").filter({ hasText: /\w/ }).textContent();
    await upgraded;
    return { ...report, heard, lost: refusal };
  },

  /** Both pages, light and dark, wide and narrow, under axe. */
  async accessibility(browser) {
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const violations = [];
    const inspect = async (page, where) => {
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run());
      violations.push(...found.violations.map(({ id, nodes }) => `${where}: ${id} at ${nodes.map((node) => node.target)}`));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) violations.push(`${where}: ${overflow} px too wide`);
    };
    for (const [colorScheme, width] of [["light", 1440], ["dark", 390]]) {
      const page = await person(browser, { colorScheme, viewport: { width, height: 844 } });
      await page.goto(site);
      await inspect(page, `${colorScheme} landing`);
      await makeRoom(page);
      await inspect(page, `${colorScheme} entrance`);
      await enter(page, "Ada ".repeat(15));
      await say(page, "W".repeat(300));
      await hears(page, "W".repeat(300));
      await inspect(page, `${colorScheme} room`);
      if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${colorScheme}.png` });
    }
    return { violations };
  },
};

await main(async (browser) => ({ ...(await scenarios[scenario](browser)), errors: allErrors() }));
