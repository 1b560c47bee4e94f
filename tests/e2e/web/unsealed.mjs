// Somebody without the key and without our client, in an encrypted room: wherever the name is shown, it is marked.
import { io } from "../../../client/node_modules/socket.io-client/build/esm-debug/index.js";
import { main } from "../../support/browser.mjs";
import { check, click, goIn, makeRoom, newPerson } from "./pages.mjs";

const [url] = process.argv.slice(2);
const NAME = "Mallory";
const MARKED = `${NAME} (name not encrypted)`;

/** Somebody knocks, is let in, enters the call, says what nobody can open, and types; under a name that anybody can read. */
async function everywhere(ada, socket, roomId) {
  const toast = (text) => ada.locator(".toast", { hasText: text }).first().waitFor();
  const ask = async (event, fields) => {
    const answer = await socket.emitWithAck(event, { roomId, ...fields });
    check(!answer.error, `no refusal of ${event}, not ${JSON.stringify(answer.error)}`);
  };
  const answered = new Promise((resolve) => socket.once("knock-answered", resolve));
  await ask("knock", { name: NAME });
  await ada.locator(".knock-card", { hasText: `${MARKED} is knocking` }).waitFor();
  check((await ada.title()).startsWith(`${MARKED} is knocking`), "the title marks it as well");
  await click(ada, "People 1 waiting");
  await ada.locator(".knock", { hasText: MARKED }).waitFor();
  await click(ada, `Let in ${MARKED}`);
  const { invite } = await answered;
  await ask("join-room", { name: NAME, invite });
  await toast(`${MARKED} came in`);
  await ada.locator(".person", { hasText: NAME }).getByText("name not encrypted").waitFor();
  await click(ada, `Actions for ${MARKED}`);
  await ada.getByRole("dialog").getByRole("heading", { name: MARKED }).waitFor();
  await click(ada, "Close");
  await ask("call-state", { state: "joined" });
  await ada.locator(".tile-caption", { hasText: `${NAME}(name not encrypted)` }).waitFor();
  // Chat is closed: a message is a toast. It cannot be opened, and the name beside it is anybody's word.
  await ask("send-message", { text: "A".repeat(80), encrypted: true });
  await toast(`${MARKED}: a message`);
  await click(ada, "Chat 1 unread");
  await ada.locator(".message", { hasText: NAME }).locator(".plain-mark", { hasText: "name not encrypted" }).waitFor();
  await ask("typing", { isTyping: true });
  await ada.locator(".typing", { hasText: `${MARKED} is typing` }).waitFor();
}

/** A tile too small for the words has a mark in their place, inside of it. */
async function inASmallTile(ada) {
  await click(ada, "Chat");
  await ada.setViewportSize({ width: 740, height: 155 });
  const tile = ada.locator(".tile:not(.own)");
  const mark = tile.getByRole("img", { name: "name not encrypted" });
  await mark.waitFor();
  const [small, box] = [await mark.boundingBox(), await tile.boundingBox()];
  check(box.height < 150, `a small tile, not ${box.height} px`);
  check(small.x >= box.x && small.x + small.width <= box.x + box.width && small.width > 8, "a mark within its tile");
  check((await ada.locator(".tile.own .for-plain").isVisible()) === false, "no mark on one's own");
}

await main(async (browser) => {
  const ada = await newPerson(browser, { devices: false, viewport: { width: 800, height: 700 } });
  const link = await makeRoom(ada, url, { lobby: true });
  await goIn(ada, "Ada");
  const socket = io(url, { forceNew: true });
  try {
    await everywhere(ada, socket, link.split("/r/")[1].split("#")[0]);
    await inASmallTile(ada);
  } finally {
    socket.disconnect();
  }
  return { errors: ada.errors };
});
