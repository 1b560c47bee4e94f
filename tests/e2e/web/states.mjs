// Every state of the page, as a list of [name, function that brings a page there]: for screenshots and for axe.
import { fileURLToPath } from "node:url";
import { click, goIn, inside, makeRoom, newPerson, openChat, openLink, say, sees, seesMoving } from "./pages.mjs";
import { LOOKS } from "./scenes.mjs";

/** The page as the server has it without a build. */
const SOURCES = fileURLToPath(new URL("../../../web/index.html", import.meta.url));
const LINES = [
  ["ben", "Morning! Is the sound all right on your side?"],
  ["ada", "Loud and clear. Give me a minute, I am sending Cleo the link."],
  ["ben", "Take your time ☕"],
  ["ada", "She is coming in now. Shall we start with the plan for Saturday?"],
  ["ada", "Meet at the landing stage at nine, boats are booked until noon."],
];

async function api(url, path, body, { method = "POST", key } = {}) {
  const headers = { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const response = await fetch(new URL(path, url), { method, headers, body: body && JSON.stringify(body) });
  return response.json();
}

/** Two people in a call who have talked; the first is the host. `people`: how many besides the host. */
export async function meeting(browser, url, options, people = 1) {
  const ada = await newPerson(browser, options);
  const link = await makeRoom(ada, url, { capacity: "8" });
  await goIn(ada, "Ada Lovelace");
  const guests = [];
  for (const name of ["Ben", "Cleo Okonkwo", "Dmitri"].slice(0, people)) {
    const look = options.look && LOOKS[name.split(" ")[0]];
    const guest = await newPerson(browser, { viewport: { width: 1000, height: 700 }, look });
    await openLink(guest, link);
    await goIn(guest, name);
    guests.push(guest);
  }
  await seesMoving(ada, people);
  return { ada, guests, link };
}

async function talk(ada, ben) {
  for (const [who, text] of LINES) {
    await say(who === "ada" ? ada : ben, text);
    await sees(who === "ada" ? ben : ada, text);
  }
}

/** A chat with all that it can show. The pointer is nowhere. */
async function lively(browser, url, options) {
  const { ada, guests: [ben] } = await meeting(browser, url, options);
  await say(ben, "Morning! The plan is at https://example.org/saturday (with a map).");
  await sees(ada, "Morning!");
  await say(ada, "Meet at the landing stage at nine");
  await sees(ben, "landing stage");
  await menuOf(ben, "landing stage");
  await ben.getByRole("dialog").getByRole("button", { name: "Reply", exact: true }).click();
  await say(ben, "I will bring the boat keys.");
  await sees(ada, "boat keys");
  await react(ada, "boat keys", "party celebrate");
  await react(ben, "landing stage", "thumbs up yes");
  await react(ada, "landing stage", "thumbs up yes");
  await askAPoll(ben, "Which boat?", ["The green one", "The one with a roof"]);
  await ada.getByRole("radio", { name: /The green one/ }).check();
  await ben.getByRole("radio", { name: /The one with a roof/ }).check();
  await menuOf(ada, "landing stage");
  await ada.getByRole("button", { name: /^Pin/ }).click();
  await ada.locator(".pinned").waitFor();
  await say(ada, "Off we go");
  await ada.getByRole("textbox", { name: "Message" }).press("ArrowUp");
  await ada.getByRole("textbox", { name: "Message" }).fill("Off we go at ten");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await click(ben, "Add to the chat");
  await ben.getByRole("radio", { name: "5 min" }).check();
  await ben.keyboard.press("Escape");
  await say(ben, "The gate code is 4711");
  await sees(ada, "4711");
  await ada.locator(".message-foot").filter({ hasText: /Seen by/ }).waitFor();
  return { ada, ben };
}

/** By the keyboard, as it works everywhere. */
export async function menuOf(page, text) {
  await page.locator(".message").filter({ hasText: text }).first().press("Enter");
  await page.getByRole("dialog").waitFor();
}

export async function react(page, text, name) {
  await menuOf(page, text);
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
}

export async function askAPoll(page, question, options) {
  await click(page, "Add to the chat");
  await page.getByRole("button", { name: /^Ask with a poll/ }).click();
  await page.getByLabel("Question").fill(question);
  for (const [at, option] of options.entries()) await page.getByLabel(`Option ${at + 1}`).fill(option);
  await click(page, "Ask");
  await page.getByRole("group", { name: question }).waitFor();
}

async function notice(page, url, path) {
  await page.goto(new URL(path, url).href);
  await page.locator(".notice-page[data-notice]").waitFor();
}

/** name → async (browser, url, options) → the page, in that state */
export const STATES = {
  lively: async (browser, url, options) => (await lively(browser, url, options)).ada,
  messageMenu: async (browser, url, options) => {
    const { ada } = await lively(browser, url, options);
    await menuOf(ada, "Off we go");
    return ada;
  },
  picker: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await openChat(ada);
    await click(ada, "Emoji");
    return ada;
  },
  add: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await openChat(ada);
    await click(ada, "Add to the chat");
    return ada;
  },
  newPoll: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await openChat(ada);
    await click(ada, "Add to the chat");
    await ada.getByRole("button", { name: /^Ask with a poll/ }).click();
    return ada;
  },
  searching: async (browser, url, options) => {
    const { ada } = await lively(browser, url, options);
    await click(ada, "Search");
    await ada.getByRole("textbox", { name: "Search in what is here" }).fill("boat");
    return ada;
  },
  landing: async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await page.goto(url);
    await page.getByRole("button", { name: "Make a room" }).waitFor();
    return page;
  },
  ready: async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await makeRoom(page, url);
    await page.locator(".preview video:not([hidden])").waitFor();
    return page;
  },
  "ready-qr": async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await makeRoom(page, url, { oneTime: true, lobby: true });
    await page.getByRole("button", { name: "QR code" }).click();
    return page;
  },
  door: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { capacity: 4 });
    const page = await newPerson(browser, options);
    await openLink(page, `${url}/r/${made.roomId}#e2e=${"A".repeat(43)}`);
    await page.locator(".preview video:not([hidden])").waitFor();
    return page;
  },
  "no-camera": async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { capacity: 4 });
    const page = await newPerson(browser, { ...options, devices: false });
    await openLink(page, `${url}/r/${made.roomId}`);
    await page.getByText("No camera or microphone found").waitFor();
    return page;
  },
  alone: async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await makeRoom(page, url);
    await goIn(page, "Ada Lovelace");
    await page.locator(".tile.own.with-video").waitFor();
    return page;
  },
  call: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options);
    await talk(ada, guests[0]);
    await (options.viewport.width < 900 ? ada.getByRole("button", { name: "Chat" }).click() : null);
    return ada;
  },
  chat: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options);
    await talk(ada, guests[0]);
    await openChat(ada);
    await guests[0].getByRole("textbox", { name: "Message" }).pressSequentially("Sounds good");
    await ada.getByText("Ben is typing").waitFor();
    return ada;
  },
  meeting: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options, 3);
    await talk(ada, guests[0]);
    await say(guests[1], "Good morning! I bring the thermos 🫖");
    await click(guests[2], "Raise hand");
    await ada.locator('.tile[data-state="connected"] .tile-hand:not([hidden])').waitFor();
    await sees(ada, "I bring the thermos");
    return ada;
  },
  people: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options, 3);
    await click(guests[1], "Raise hand");
    await click(guests[2], "Camera");
    await click(guests[2], "Mic");
    await click(ada, "People");
    await ada.locator('.tile[data-state="connected"] .tile-hand:not([hidden])').waitFor();
    await ada.locator(".person-marks [aria-label='Camera off']").waitFor();
    return ada;
  },
  screen: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options, 2);
    await click(guests[0], "Share screen");
    await ada.locator(".tile.screen").waitFor();
    await ada.waitForFunction(() => document.querySelector(".tile.screen video")?.videoWidth > 0);
    return ada;
  },
  knock: async (browser, url, options) => {
    const ada = await newPerson(browser, options);
    const link = await makeRoom(ada, url, { lobby: true });
    await goIn(ada, "Ada Lovelace");
    const ben = await newPerson(browser);
    await openLink(ben, link);
    await ben.getByLabel("Your name").fill("Ben");
    await click(ben, "Join");
    await ada.getByRole("button", { name: /^People/ }).click();
    await ada.getByRole("button", { name: "Let in Ben" }).waitFor();
    return ada;
  },
  waiting: async (browser, url, options) => {
    const ada = await newPerson(browser);
    const link = await makeRoom(ada, url, { lobby: true });
    await goIn(ada, "Ada");
    const ben = await newPerson(browser, options);
    await openLink(ben, link);
    await click(ben, "Join");
    await ben.getByRole("heading", { name: "You have knocked" }).waitFor();
    return ben;
  },
  reconnecting: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await ada.context().setOffline(true);
    await ada.locator(".banner[data-state=offline]").waitFor();
    await say(ada, "This one waits for the network");
    return ada;
  },
  ending: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { expiresInS: 60 });
    const page = await newPerson(browser, options);
    await openLink(page, `${url}/r/${made.roomId}#key=${made.hostKey}`);
    await goIn(page, "Ada Lovelace");
    await page.locator(".banner[data-state=ending]").waitFor();
    return page;
  },
  leave: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await click(ada, "Leave");
    await ada.getByRole("dialog").waitFor();
    return ada;
  },
  invite: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await ada.getByRole("button", { name: "Invite" }).click();
    await ada.getByRole("img", { name: "QR code" }).waitFor();
    return ada;
  },
  devices: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await click(ada, "Devices");
    await ada.getByRole("combobox", { name: "Camera" }).waitFor();
    return ada;
  },
  used: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { inviteOnly: true });
    const { invite } = await api(url, `/api/rooms/${made.roomId}/invites`, {}, { key: made.hostKey });
    const first = await newPerson(browser);
    await openLink(first, `${url}/r/${made.roomId}#invite=${invite}`);
    await goIn(first);
    const page = await newPerson(browser, options);
    await page.goto(`${url}/r/${made.roomId}#invite=${invite}`);
    await page.getByRole("heading", { name: "This link has been used" }).waitFor();
    return page;
  },
  over: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", {});
    await api(url, `/api/rooms/${made.roomId}`, undefined, { method: "DELETE", key: made.hostKey });
    const page = await newPerson(browser, options);
    await notice(page, url, `/r/${made.roomId}`);
    return page;
  },
  full: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { capacity: 2 });
    for (const name of ["Ada", "Ben"]) {
      const guest = await newPerson(browser);
      await openLink(guest, `${url}/r/${made.roomId}`);
      await goIn(guest, name);
    }
    const page = await newPerson(browser, options);
    await notice(page, url, `/r/${made.roomId}`);
    return page;
  },
  locked: async (browser, url, options) => {
    const made = await api(url, "/api/rooms", {});
    await api(url, `/api/rooms/${made.roomId}`, { locked: true }, { method: "PATCH", key: made.hostKey });
    const page = await newPerson(browser, options);
    await notice(page, url, `/r/${made.roomId}`);
    return page;
  },
  "not-found": async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await notice(page, url, "/r/abcdefghijklmnopqrstuvwxyz");
    return page;
  },
  "invite-needed": async (browser, url, options) => {
    const made = await api(url, "/api/rooms", { inviteOnly: true });
    const page = await newPerson(browser, options);
    await notice(page, url, `/r/${made.roomId}`);
    return page;
  },
  "missing-client": async (browser, url, options) => {
    const page = await newPerson(browser, { ...options, errors: false });
    // Without npm there is no build either: the page is its sources.
    await page.route(`${url}/`, (route) => route.fulfill({ path: SOURCES, contentType: "text/html" }));
    await page.route("**/vendor/socket.io-client/**", (route) => route.fulfill({ status: 404 }));
    await notice(page, url, "/");
    return page;
  },
  removed: async (browser, url, options) => {
    const ada = await newPerson(browser);
    const link = await makeRoom(ada, url);
    await goIn(ada, "Ada");
    const page = await newPerson(browser, options);
    await openLink(page, link);
    await goIn(page, "Ben");
    await click(ada, "People");
    await click(ada, "Actions for Ben");
    await ada.getByRole("button", { name: /^Remove They/ }).click();
    await page.getByRole("heading", { name: "You were removed" }).waitFor();
    return page;
  },
};

export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };
export { inside };
