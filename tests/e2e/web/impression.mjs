// The front page at 150 ms and 1.6 Mbit/s, for the first time, once more, and first in another language: when its form is there, and what came for it.
import { main } from "../../support/browser.mjs";
import { check } from "./pages.mjs";

const [url] = process.argv.slice(2);
const SLOW = { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 };
/** Fonts and the like come after the form; they count as requests all the same. */
const SETTLED_MS = 1_500;

async function visit(context) {
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.addInitScript(() => {
    const look = new MutationObserver(() => {
      if (!document.querySelector("form.maker button")) return;
      look.disconnect();
      // When it is on the screen, not only in the document.
      requestAnimationFrame(() => setTimeout(() => (window.formAt = performance.now())));
    });
    look.observe(document, { childList: true, subtree: true });
  });
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", SLOW);
  const asked = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.startsWith("http")) asked.set(requestId, { path: new URL(request.url).pathname, bytes: 0, cached: false });
  });
  session.on("Network.requestServedFromCache", ({ requestId }) => asked.has(requestId) && (asked.get(requestId).cached = true));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    if (response.fromDiskCache && asked.has(requestId)) asked.get(requestId).cached = true;
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (asked.has(requestId)) asked.get(requestId).bytes = encodedDataLength;
  });
  await page.goto(url);
  const formMs = await (await page.waitForFunction(() => window.formAt)).jsonValue();
  await page.waitForTimeout(SETTLED_MS);
  check(errors.length === 0, `no error, not ${errors}`);
  await page.close();
  const sent = [...asked.values()].filter(({ cached }) => !cached);
  return { formMs, requests: sent.map(({ path }) => path), bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0) };
}

await main(async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const [cold, warm] = [await visit(context), await visit(context)];
  const german = await visit(await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "de-DE" }));
  return { cold, warm, german };
});
