// Fifty joins, leaves, calls and visits in one tab: what they opened is closed, and what they made is gone.
// node leaks.mjs URL [TIMES]
import { main } from "../../support/browser.mjs";
import { check, goIn, inside, LIMIT_MS, newPerson, seesMoving } from "./pages.mjs";

const [url, times = "50"] = process.argv.slice(2);
const ROUNDS = Number(times);
/** Rounds after which caches are full and code is compiled: from there on, nothing may grow. */
const WARM = 5;
/** What a browser may keep for itself: less than one node a round, since what leaks does so every time. */
const NODES_SLACK = Math.max(0, ROUNDS - WARM - 1);
const LISTENERS_SLACK = 15;

/** Counts what has been opened in the page and is not closed. Runs before anything of the page. */
function bookkeeping() {
  const open = { connections: new Set(), contexts: new Set(), tracks: new Set(), sockets: new Set() };
  const watched = (Class, set) =>
    new Proxy(Class, {
      construct(target, args, self) {
        const made = Reflect.construct(target, args, self);
        set.add(new WeakRef(made));
        return made;
      },
    });
  window.RTCPeerConnection = watched(window.RTCPeerConnection, open.connections);
  window.AudioContext = watched(window.AudioContext, open.contexts);
  window.WebSocket = watched(window.WebSocket, open.sockets);
  const gotten = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await gotten(wish);
    for (const track of stream.getTracks()) open.tracks.add(new WeakRef(track));
    return stream;
  };
  const live = (set, isLive) => [...set].filter((ref) => ref.deref() && isLive(ref.deref())).length;
  window.stillOpen = () => ({
    connections: live(open.connections, (pc) => pc.connectionState !== "closed"),
    contexts: live(open.contexts, (context) => context.state !== "closed"),
    tracks: live(open.tracks, (track) => track.readyState !== "ended"),
    sockets: live(open.sockets, (socket) => socket.readyState < WebSocket.CLOSING),
  });
}

/** After as many collections as free something: what one finalizes, the next one frees, and closing a connection takes a while. */
async function counters(page, session) {
  let least = { nodes: Infinity, listeners: Infinity };
  for (let idle = 0; idle < 3; idle += 1) {
    await page.evaluate(() => new Promise((done) => requestIdleCallback(() => done())));
    await session.send("HeapProfiler.collectGarbage");
    const { nodes, jsEventListeners: listeners, documents } = await session.send("Memory.getDOMCounters");
    if (nodes >= least.nodes && listeners >= least.listeners) continue;
    least = { nodes, listeners, documents };
    idle = -1;
  }
  return least;
}

const fits = (end, warm) =>
  end.nodes <= warm.nodes + NODES_SLACK && end.listeners <= warm.listeners + LISTENERS_SLACK && end.documents <= warm.documents;

/** What is left once it is in bounds: what a busy browser has yet to let go of has not leaked. */
async function atTheEnd(page, session, warm) {
  const until = Date.now() + LIMIT_MS;
  let end = await counters(page, session);
  while (!fits(end, warm) && Date.now() < until) end = await counters(page, session);
  return end;
}

const NOTHING = JSON.stringify({ connections: 0, contexts: 0, tracks: 0, sockets: 0 });
const nothingOpen = (page) => page.waitForFunction((none) => JSON.stringify(window.stillOpen()) === none, NOTHING);

/** To another address within the page, as "back" and "forward" go: the tab stays the same. */
async function goTo(page, path) {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

const atTheDoor = (page) => page.locator(".preview video:not([hidden])").waitFor();

/** In from the door, a call with the one who is there, and out to "You have left". */
async function visit(page) {
  await goIn(page, "Ada");
  await seesMoving(page, 1);
  await leave(page);
}

async function leave(page) {
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await page.getByRole("heading", { name: "You have left" }).waitFor();
  await nothingOpen(page);
}

/** A look through the door, back; in, back with the seat kept, and in again without a door. */
async function wander(page, path) {
  await goTo(page, "/");
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  await nothingOpen(page);
  await goTo(page, path);
  await atTheDoor(page);
  await goIn(page, "Ada");
  await goTo(page, "/");
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  await nothingOpen(page);
  await goTo(page, path);
  await inside(page);
  await leave(page);
}

await main(async (browser) => {
  const made = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
  const path = `/r/${made.roomId}#e2e=${"A".repeat(43)}`;
  const ben = await newPerson(browser, { viewport: { width: 400, height: 300 } });
  await ben.goto(`${url}${path}`);
  await goIn(ben, "Ben");
  await inside(ben);
  const page = await newPerson(browser, { viewport: { width: 400, height: 300 } });
  await page.addInitScript(bookkeeping);
  await page.goto(url);
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  const session = await page.context().newCDPSession(page);
  const rounds = [];
  let warm;
  await goTo(page, path);
  for (let round = 1; round <= ROUNDS; round += 1) {
    await atTheDoor(page);
    await visit(page);
    if (round % 5 === 0) {
      await page.getByRole("button", { name: "Undo" }).click();
      await inside(page);
      await leave(page);
      await goTo(page, path);
      await atTheDoor(page);
      await wander(page, path);
    }
    if (round === WARM) warm = await counters(page, session);
    if (round % 10 === 0) rounds.push(await counters(page, session));
    if (round < ROUNDS) await goTo(page, path);
  }
  const end = await atTheEnd(page, session, warm);
  check(end.nodes <= warm.nodes + NODES_SLACK, `the nodes of ${JSON.stringify(warm)}, not ${JSON.stringify(end)} (${JSON.stringify(rounds)})`);
  check(end.listeners <= warm.listeners + LISTENERS_SLACK, `the listeners of ${JSON.stringify(warm)}, not ${JSON.stringify(end)} (${JSON.stringify(rounds)})`);
  check(end.documents <= warm.documents, "no more documents");
  check(page.errors.length === 0, `no errors: ${page.errors}`);
  return { rounds: ROUNDS, warm, end };
});
