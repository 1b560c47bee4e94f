// Whom the site vouches for has a mark beside the name, which nobody else gets; a name that claims as much has none.
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { main } from "../../support/browser.mjs";
import { check, click, goIn, newPerson } from "./pages.mjs";

const [url, roomId, token] = process.argv.slice(2);
const MARK = "Confirmed by the site";

async function joined(fields) {
  const socket = io(url, { forceNew: true });
  for (const [event, more] of [["join-room", fields], ["call-state", { state: "joined" }]]) {
    const answer = await socket.emitWithAck(event, { roomId, ...more });
    check(!answer.error, `no refusal of ${event}, not ${JSON.stringify(answer.error)}`);
  }
  return socket;
}

await main(async (browser) => {
  const ada = await newPerson(browser, { devices: false });
  await ada.goto(`${url}/r/${roomId}`);
  await goIn(ada, "Ada");
  const sockets = [await joined({ token }), await joined({ name: `Grace \u2714 ${MARK}` })];
  try {
    const [real, other] = [ada.locator(".tile:not(.own)", { hasText: "Grace Hopper" }), ada.locator(".tile:not(.own)", { hasText: "Grace \u2714" })];
    await real.getByRole("img", { name: MARK }).waitFor();
    await other.waitFor();
    check((await other.getByRole("img", { name: MARK }).count()) === 0, "no mark on the tile of somebody else");
    await click(ada, "People");
    const rows = ada.locator(".person");
    await rows.filter({ hasText: "Grace Hopper" }).getByRole("img", { name: MARK }).waitFor();
    check((await rows.getByRole("img", { name: MARK }).count()) === 1, "one mark among three people");
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
  return { errors: ada.errors };
});
