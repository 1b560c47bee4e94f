// Fifty joins, leaves, calls and visits in one tab: what they opened is closed, and what they made is gone.
// node leaks.mjs URL [TIMES]
import { main } from "../../support/browser.mjs";
import { check, FEW_FRAMES, goIn, inside, newPerson, seesMoving } from "./pages.mjs";

const [url, times = "50"] = process.argv.slice(2);
const ROUNDS = Number(times);
/** Rounds after which caches are full and code is compiled: from there on, nothing may grow. */
const WARM = 3;
/** What a browser keeps for itself; one leaked view is some 300 nodes, and would be so every round. */
const NODES_SLACK = 150;
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

async function counters(session) {
  // Twice: what one collection finalizes, the next one frees.
  for (let at = 0; at < 2; at += 1) await session.send("HeapProfiler.collectGarbage");
  const { nodes, jsEventListeners, documents } = await session.send("Memory.getDOMCounters");
  return { nodes, listeners: jsEventListeners, documents };
}

const NOTHING = JSON.stringify({ connections: 0, contexts: 0, tracks: 0, sockets: 0 });
const nothingOpen = (page) => page.waitForFunction((none) => JSON.stringify(window.stillOpen()) === none, NOTHING);

/** Landing page, its room's door, in, a call with the one who is there, hang up by leaving; and back to the front page. */
async function visit(page, path, how) {
  // Within the page, as a press of "back" and "forward" would: the tab stays the same.
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  await page.locator(".preview video:not([hidden])").waitFor();
  if (how !== "look") {
    await goIn(page, "Ada");
    await seesMoving(page, 1);
  }
  if (how === "leave") {
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave", exact: true }).click();
    await page.getByRole("heading", { name: "You have left" }).waitFor();
  }
  await page.evaluate(() => {
    history.pushState(null, "", "/");
    dispatchEvent(new PopStateEvent("popstate"));
  });
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  await nothingOpen(page);
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
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Every fourth gives its seat up by going back, and takes it again; every third only looks through the door.
    await visit(page, path, round % 3 === 0 ? "look" : round % 4 === 0 ? "back" : "leave");
    if (round === WARM) warm = await counters(session);
    if (round % 10 === 0) rounds.push(await counters(session));
  }
  const end = await counters(session);
  check(end.nodes <= warm.nodes + NODES_SLACK, `the nodes of ${JSON.stringify(warm)}, not ${JSON.stringify(end)} (${JSON.stringify(rounds)})`);
  check(end.listeners <= warm.listeners + LISTENERS_SLACK, `the listeners of ${JSON.stringify(warm)}, not ${JSON.stringify(end)}`);
  check(end.documents <= warm.documents, "no more documents");
  check(page.errors.length === 0, `no errors: ${page.errors}`);
  return { rounds: ROUNDS, warm, end };
}, FEW_FRAMES);
