// A server in the middle that swaps the call's fingerprints gets no media: the pages notice and say so.
import { main } from "../../support/browser.mjs";
import { check, goIn, makeRoom, newPerson, openLink, say, sees } from "./pages.mjs";

const [url] = process.argv.slice(2);
const FORGED = Array.from({ length: 32 }, () => "AB").join(":");

/** Everything that the server sends to this page, with the fingerprints of somebody else. */
async function inTheMiddle(page, forge) {
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((frame) => socket.send(forge(String(frame))));
  });
}

await main(async (browser) => {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const ben = await newPerson(browser);
  let forged = 0;
  await inTheMiddle(ben, (frame) =>
    frame.replace(/(a=fingerprint:sha-256 )[0-9A-F:]+/g, (_, head) => {
      forged += 1;
      return head + FORGED;
    }),
  );
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await ben.locator(".tile[data-state=unverified]").waitFor();
  check(forged > 0, "a description that passed the middle");
  await ben.getByText("this person's key does not fit").waitFor();
  check((await ben.locator(".tile:not(.own) video").evaluate((video) => video.srcObject)) === null, "no media");
  await say(ada, "the chat goes on");
  await sees(ben, "the chat goes on");
  return { forged, errors: ben.errors };
});
