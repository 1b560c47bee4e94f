// Links without their key, with another room's, with a damaged one, and stripped by an address bar: each says so at once,
// and nothing that was written reaches the server in the clear.
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { main } from "../../support/browser.mjs";
import { PACE } from "../../support/pace.mjs";
import { check, goIn, inside, makeRoom, newPerson, openLink, say, sees, texts } from "./pages.mjs";

const [url] = process.argv.slice(2);
const SOON_MS = 1_000 * PACE;
const TRIES = 3;
const NAME = "Planted-Zwetschge";
const WORD = "planted-Marille";

/** Everything that a page sends from now on: bodies, headers, addresses and frames. */
function wiretap(page) {
  const sent = [];
  page.on("request", (request) => sent.push(`${request.method()} ${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`));
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(`frame ${payload}`)));
  return sent;
}

const asked = (sent) => sent.filter((line) => /^(frame|POST)/.test(line));

/** The page says what is wrong, before it opens a camera, within a second of being loaded. */
async function says(page, link, code, words) {
  // A busy machine may be late once.
  let afterMs = SOON_MS;
  for (let tries = 0; tries < TRIES && afterMs >= SOON_MS; tries += 1) {
    await page.goto("about:blank");
    await page.goto(link);
    const loaded = Date.now();
    await page.locator(`[data-notice=${code}]`).waitFor();
    afterMs = Date.now() - loaded;
  }
  check(afterMs < SOON_MS, `a notice within a second, not after ${afterMs} ms`);
  await page.getByRole("heading", { name: words }).waitFor();
  await page.getByText("Ask the person who sent it for the whole link").waitFor();
  return afterMs;
}

/** Somebody without the key, and without our client, is refused what is not sealed and seen for what they are. */
async function watchesStranger(ada, roomId) {
  const stranger = io(url, { forceNew: true });
  const ask = (event, fields) => stranger.emitWithAck(event, { roomId, ...fields });
  try {
    await ask("join-room", { name: "Mallory" });
    await ask("call-state", { state: "joined" });
    const refusal = await ask("send-message", { text: "hello" });
    check(refusal.error?.code === "ENCRYPTION_REQUIRED", "a refusal");
    await ada.locator(".tile-caption", { hasText: "Mallory(name not encrypted)" }).waitFor();
    await ada.getByRole("button", { name: /^People/ }).click();
    await ada.locator(".person", { hasText: "Mallory" }).getByText("name not encrypted").waitFor();
    const marks = await ada.locator(".person", { hasText: NAME }).getByText("name not encrypted").count();
    check(marks === 0, "no mark on a sealed name");
  } finally {
    stranger.disconnect();
  }
}

await main(async (browser) => {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const [bare, key] = link.split("#");
  const ben = await newPerson(browser);
  await ben.addInitScript((name) => location.protocol === "about:" || localStorage.setItem("mayfly-page:name", name), NAME);
  const sent = wiretap(ben);
  const other = "A".repeat(43);
  const soon = {
    without: await says(ben, bare, "KEY_MISSING", "This link is incomplete"),
    wrong: await says(ben, `${bare}#e2e=${other}`, "KEY_WRONG", "This link has another room's key"),
    damaged: await says(ben, link.slice(0, -5), "KEY_INVALID", "The key in this link is damaged"),
  };
  check(asked(sent).length === 0, `nothing but a look at the room, not ${asked(sent)}`);
  // The whole link, in the same tab.
  await openLink(ben, link);
  await goIn(ben);
  await say(ben, WORD);
  await sees(ada, WORD);
  await ada.locator(".tile-caption", { hasText: NAME }).waitFor();
  // An address bar that drops everything behind the "#", and a reload: the seat is there, the key is not.
  soon.stripped = await says(ben, bare, "KEY_MISSING", "This link is incomplete");
  await ben.goto(`${bare}#${key}`);
  await inside(ben);
  check((await texts(ben)).includes(WORD), "the seat and the screen of before");
  await say(ben, "é".repeat(4_000));
  await say(ben, "🪰".repeat(4_000));
  await sees(ada, "🪰".repeat(4_000));
  check((await texts(ada)).includes("é".repeat(4_000)), "four thousand é");
  const clear = sent.filter((line) => line.includes(NAME) || line.includes(WORD) || line.includes("éé") || line.includes("🪰🪰"));
  check(clear.length === 0, `nothing in the clear, not ${clear.map((line) => line.slice(0, 200))}`);
  check(asked(sent).some((line) => line.includes("send-message")), "frames that were watched at all");
  await watchesStranger(ada, bare.split("/r/")[1]);
  return { soon, errors: [...ada.errors, ...ben.errors.filter((error) => !error.includes("ERR_ABORTED"))] };
});
