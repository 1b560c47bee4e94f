// A host keeps the room: "Your rooms", the host link for another device, one-time links as a list. node keeping.mjs URL
import { main } from "../../support/browser.mjs";
import { check, click, goIn, linkOn, makeRoom, newPerson, openLink } from "./pages.mjs";
import jsqr from "../../node_modules/jsqr/dist/jsQR.js";

const [url] = process.argv.slice(2);
const QUIET = { devices: false };

async function rowsOf(page) {
  await page.goto(url);
  await page.getByRole("button", { name: "Make a room" }).waitFor();
  return page.locator(".own-room");
}

/** What a scanner reads of the QR code that a dialog shows. */
async function scan(page) {
  const code = page.locator("dialog[open] .qr");
  await code.waitFor();
  const { data, width } = await code.evaluate(async (svg) => {
    const copy = svg.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.querySelector("rect").setAttribute("fill", "#fff");
    const side = 600;
    copy.setAttribute("width", side);
    copy.setAttribute("height", side);
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(copy.outerHTML)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    canvas.getContext("2d").drawImage(image, 0, 0, side, side);
    return { width: side, data: [...canvas.getContext("2d").getImageData(0, 0, side, side).data] };
  });
  return jsqr(new Uint8ClampedArray(data), width, width)?.data;
}

const PARTS = {
  async yourRooms(browser) {
    const ada = await newPerson(browser, QUIET);
    check((await (await rowsOf(ada)).count()) === 0, "no rooms before one is made");
    check((await ada.getByText("Your rooms").count()) === 0, "no heading without rooms");
    const link = await makeRoom(ada, url);
    await goIn(ada, "Ada");
    // The tab is closed; another one of the same browser has the room.
    const later = await ada.context().newPage();
    await ada.close();
    const rows = await rowsOf(later);
    await rows.getByText("nobody inside").or(rows.getByText("1 inside")).waitFor();
    await rows.getByRole("link", { name: /^Open: / }).click();
    await later.getByRole("heading", { name: "Your room" }).waitFor();
    await goIn(later);
    await later.getByRole("button", { name: "People" }).click();
    await later.locator(".person", { hasText: "Host" }).first().waitFor();
    check((await later.evaluate(() => location.href)) === link, "the whole link, without the host key");
    // It ends: no page of this browser offers it any more.
    await click(later, "Leave");
    await click(later, "End for all");
    await later.getByRole("heading", { name: "This room is over" }).waitFor();
    check((await (await rowsOf(later)).count()) === 0, "no room that is over");
    check(!(await later.evaluate(() => localStorage.getItem("mayfly-page:rooms"))).includes("hostKey"), "no key of a room that is over");
  },

  /** Ended elsewhere, or forgotten by a press. */
  async forgotten(browser) {
    const ada = await newPerson(browser, QUIET);
    const made = await Promise.all([1, 2].map(async () => (await fetch(`${url}/api/rooms`, { method: "POST" })).json()));
    for (const { roomId, hostKey } of made) await openLink(ada, `${url}/r/${roomId}#key=${hostKey}`);
    const [first] = made;
    await fetch(`${url}/api/rooms/${first.roomId}`, { method: "DELETE", headers: { Authorization: `Bearer ${first.hostKey}` } });
    const rows = await rowsOf(ada);
    await ada.waitForFunction(() => document.querySelectorAll(".own-room").length === 1);
    await rows.getByRole("button", { name: /^Forget: / }).click();
    await ada.getByText("Your rooms").waitFor({ state: "detached" });
    check((await (await rowsOf(ada)).count()) === 0, "forgotten for good");
  },

  async elsewhere(browser) {
    const ada = await newPerson(browser, QUIET);
    await makeRoom(ada, url);
    await goIn(ada, "Ada");
    await ada.locator(".alone").getByRole("button", { name: "Open as host elsewhere" }).click();
    const link = await scan(ada);
    check(link?.includes("key=") && link.includes("e2e="), `a host link with the key of the room, not ${link}`);
    const phone = await newPerson(browser, { ...QUIET, viewport: { width: 390, height: 844 } });
    await openLink(phone, link);
    check(!phone.url().includes("key="), "the host key out of the address bar");
    await goIn(phone, "Ada on the phone");
    await phone.getByRole("button", { name: "People" }).click();
    await phone.getByRole("switch", { name: "Lock the room" }).waitFor();
  },

  async links(browser) {
    const ada = await newPerson(browser, QUIET);
    let asked = 0;
    ada.on("request", (request) => (asked += request.method() === "POST" && request.url().endsWith("/invites") ? 1 : 0));
    const first = await makeRoom(ada, url, { oneTime: true });
    check(asked === 1, "one link for the new room");
    await goIn(ada, "Ada");
    check((await linkOn(ada)) === first, "the same link inside: it is not used yet");
    await ada.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = ada.getByRole("dialog");
    await dialog.getByText("Links that were made (1 open)").click();
    check(asked === 1, "no link made by a look");
    await dialog.getByRole("button", { name: "New link" }).click();
    await dialog.getByText("Links that were made (2 open)").waitFor();
    const second = await dialog.getByRole("textbox", { name: "Link to this room" }).inputValue();
    check(second !== first && asked === 2, "a second link, asked for");
    await ada.keyboard.press("Escape");
    const ben = await newPerson(browser, QUIET);
    await openLink(ben, first);
    await goIn(ben, "Ben");
    await ada.getByRole("button", { name: "Invite", exact: true }).click();
    await dialog.getByText("Links that were made (1 open)").click();
    await dialog.locator(".invite-row[data-state=used]").waitFor();
    check((await dialog.getByRole("textbox", { name: "Link to this room" }).inputValue()) === second, "the one that is good");
    await dialog.locator(".invite-row[data-state=open]").getByRole("button", { name: /^Withdraw/ }).click();
    await dialog.locator(".invite-row[data-state=revoked]").waitFor();
    check(!(await dialog.getByRole("textbox", { name: "Link to this room" }).isVisible()), "nothing to send");
    const cleo = await newPerson(browser, { ...QUIET, errors: false });
    await cleo.goto(second);
    await cleo.getByRole("heading", { name: "This link does not fit" }).waitFor();
    check(asked === 2, "no link that nobody asked for");
    check(ada.errors.length === 0, `no errors: ${ada.errors}`);
  },
};

await main(async (browser) => {
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      await part(browser);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
    for (const context of browser.contexts()) await context.close();
  }
  return { done: Object.keys(PARTS) };
});
