// What a host decides: one-time links, the lobby, the lock, handing over, a password; and a second tab taking over.
import { main } from "../../support/browser.mjs";
import { check, click, goIn, inside, linkOn, makeRoom, newPerson, openLink, say, sees, selfOn } from "./pages.mjs";

const [url, part] = process.argv.slice(2);
const NO_DEVICES = { devices: false };
const heading = (page, name) => page.getByRole("heading", { name }).waitFor();

async function oneTimeLinks(browser) {
  const ada = await newPerson(browser, NO_DEVICES);
  const first = await makeRoom(ada, url, { oneTime: true });
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, NO_DEVICES);
  await openLink(ben, first);
  // Looking spends nothing: somebody else may still go in by the link that Ben has open.
  const cleo = await newPerson(browser, NO_DEVICES);
  await openLink(cleo, first);
  await goIn(cleo, "Cleo");
  check(!cleo.url().includes("invite="), "the spent invite out of the address bar");
  await click(ben, "Join");
  await heading(ben, "This link has been used");
  await cleo.reload();
  await inside(cleo);
  await say(cleo, "a reload needs no invite");
  await sees(ada, "a reload needs no invite");
  check((await ada.locator(".person").count()) === 2, "two people, no more");
  return { ada, cleo };
}

async function lobbyAndLock(browser) {
  const ada = await newPerson(browser, NO_DEVICES);
  const link = await makeRoom(ada, url, { lobby: true });
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, NO_DEVICES);
  await openLink(ben, link);
  await ben.getByLabel("Your name").fill("Ben");
  await click(ben, "Join");
  await heading(ben, "You have knocked");
  await click(ada, "People 1 waiting");
  await click(ada, "Decline Ben");
  await heading(ben, "You were not let in");
  await click(ben, "Try again");
  await click(ben, "Join");
  await heading(ben, "You have knocked");
  await click(ada, "Let in Ben");
  await inside(ben);
  await ada.getByRole("switch", { name: "Lock the room" }).check();
  // A switch is there at once, the server's word later.
  const locked = ada.locator(".room-head").getByText("Locked", { exact: true });
  await locked.waitFor();
  const cleo = await newPerson(browser, NO_DEVICES);
  await cleo.goto(link);
  await heading(cleo, "This room is locked");
  // The one who is inside comes back through a locked door.
  await ben.reload();
  await inside(ben);

  await click(ada, "Actions for Ben");
  await ada.getByRole("button", { name: /^Make host/ }).click();
  await ben.getByText("Host", { exact: false }).first().waitFor({ state: "attached" });
  await click(ben, "People");
  await ben.getByRole("switch", { name: "Lock the room" }).uncheck();
  await locked.waitFor({ state: "hidden" });
  await click(cleo, "Try again");
  await cleo.getByRole("button", { name: "Join", exact: true }).waitFor();
}

async function secondTab(browser) {
  const ada = await newPerson(browser, NO_DEVICES);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const id = await selfOn(ada);
  await say(ada, "from the first tab");
  const saved = await ada.evaluate(() => JSON.stringify(sessionStorage));
  // A duplicated tab: a new page with the same session storage.
  const twin = await ada.context().newPage();
  await twin.addInitScript((text) => {
    for (const [key, value] of Object.entries(JSON.parse(text))) sessionStorage.setItem(key, value);
  }, saved);
  await twin.goto(link);
  await inside(twin);
  check((await selfOn(twin)) === id, "the same participant in the second tab");
  await heading(ada, "You are in this room elsewhere");
  await click(ada, "Use it here");
  await inside(ada);
  check((await selfOn(ada)) === id, "the same participant back in the first tab");
  await heading(twin, "You are in this room elsewhere");
  await sees(ada, "from the first tab");
}

/** Whoever takes a room back that was left with everything off finds it off. */
async function takeBackOpensNothing(browser) {
  const ada = await newPerson(browser);
  await ada.addInitScript(() => {
    window.asked = 0;
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wish) => ((window.asked += 1), real(wish));
  });
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const button = (name) => ada.locator(".controls").getByRole("button", { name, exact: true });
  const off = (name) => ada.waitForFunction((label) => document.querySelector(`.controls [aria-label="${label}"]`)?.ariaPressed === "false", name);
  for (const name of ["Camera", "Mic"]) {
    await button(name).and(ada.locator("[aria-pressed=true]")).click();
    await off(name);
  }
  const asked = await ada.evaluate(() => window.asked);
  check(asked > 0, "devices that were on before");
  const saved = await ada.evaluate(() => JSON.stringify(sessionStorage));
  const twin = await ada.context().newPage();
  await twin.addInitScript((text) => Object.entries(JSON.parse(text)).forEach(([key, value]) => sessionStorage.setItem(key, value)), saved);
  await twin.goto(link);
  await inside(twin);
  await heading(ada, "You are in this room elsewhere");
  await click(ada, "Use it here");
  await inside(ada);
  for (const name of ["Camera", "Mic"]) await off(name);
  // The call is on, and with it whatever it was to open.
  await ada.waitForFunction(() => document.querySelector(".tile.own[data-state=self]"));
  await say(ada, "back, and silent");
  await sees(ada, "back, and silent");
  check((await ada.evaluate(() => window.asked)) === asked, "no device asked for again");
}

async function password(browser) {
  const body = JSON.stringify({ password: "open sesame" });
  const headers = { "Content-Type": "application/json" };
  const room = await (await fetch(`${url}/api/rooms`, { method: "POST", headers, body })).json();
  const ada = await newPerson(browser, { ...NO_DEVICES });
  await openLink(ada, `${url}/r/${room.roomId}`);
  await ada.getByLabel("Password of this room").fill("wrong");
  await click(ada, "Join");
  await ada.getByText("That is not the password of this room.").waitFor();
  await ada.getByLabel("Password of this room").fill("open sesame");
  await goIn(ada, "Ada");
}

async function hostLink(browser) {
  const room = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
  const ada = await newPerson(browser, NO_DEVICES);
  await openLink(ada, `${url}/r/${room.roomId}#key=${room.hostKey}`);
  check(!ada.url().includes("key="), "the host key out of the address bar");
  check(!(await linkOn(ada)).includes(room.hostKey), "no host key in the link to send");
  await goIn(ada, "Ada");
  await click(ada, "Leave");
  await click(ada, "End for all");
  await heading(ada, "This room is over");
  await ada.reload();
  await heading(ada, "This room is over");
  const left = await ada.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("mayfly:")));
  check(left.length === 0, "nothing of the room left in the tab");
}

async function backAndForward(browser) {
  const ada = await newPerson(browser);
  await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const id = await selfOn(ada);
  await say(ada, "before going back");
  await ada.goBack();
  await ada.getByRole("heading", { name: "Make a room" }).waitFor();
  await ada.goForward();
  await inside(ada);
  check((await selfOn(ada)) === id, "the same participant after going forward");
  await sees(ada, "before going back");
}

const PARTS = { oneTimeLinks, lobbyAndLock, secondTab, takeBackOpensNothing, password, hostLink, backAndForward };

await main(async (browser) => {
  await PARTS[part](browser);
  return { done: part };
});
