// Every state of the page, as a list of [name, function that brings a page there]: for screenshots and for axe.
import { fileURLToPath } from "node:url";
import { click, goIn, inside, makeRoom, newPerson, openChat, openLink, say, sees, seesMoving } from "./pages.mjs";
import { drawScreen } from "../../support/page_in_any_browser.mjs";
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

/** A page that only takes part, and that nobody looks at: a quarter of the pixels, and still ones, are drawn. */
const UNSEEN = { viewport: { width: 1000, height: 700 }, deviceScaleFactor: 0.5, reducedMotion: "reduce" };

/** Two people in a call who have talked; the first is the host. `people`: how many besides the host. */
export async function meeting(browser, url, options, people = 1) {
  const ada = await newPerson(browser, options);
  const link = await makeRoom(ada, url, { capacity: "8" });
  await goIn(ada, "Ada Lovelace");
  const guests = [];
  for (const name of ["Ben", "Cleo Okonkwo", "Dmitri"].slice(0, people)) {
    const look = options.look && LOOKS[name.split(" ")[0]];
    const guest = await newPerson(browser, { ...UNSEEN, look });
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

/** A room of one-time links: one used, one withdrawn, one open. */
async function links(browser, url, options) {
  const ada = await newPerson(browser, options);
  const first = await makeRoom(ada, url, { oneTime: true });
  const ben = await newPerson(browser, { devices: false });
  await openLink(ben, first);
  await goIn(ben, "Ben");
  await click(ada, "New link");
  await ada.getByText("Links that were made (1 open)").click();
  await ada.getByRole("button", { name: /^Withdraw/ }).click();
  await click(ada, "New link");
  await ada.locator(".invite-row[data-state=revoked]").waitFor();
  await ada.locator(".invite-row[data-state=used]").waitFor();
  await ada.locator(".invite-row[data-state=open]").waitFor();
  return { ada };
}

/** A drawn picture, as the bytes of a PNG. */
export async function pictureOf(page, width, height) {
  const address = await page.evaluate(
    ([wide, high]) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: high });
      const pen = canvas.getContext("2d");
      const sky = pen.createLinearGradient(0, 0, 0, high);
      for (const [at, colour] of [[0, "#9cc7d8"], [0.55, "#f4dcb4"], [0.56, "#40705f"], [1, "#16342e"]]) sky.addColorStop(at, colour);
      pen.fillStyle = sky;
      pen.fillRect(0, 0, wide, high);
      pen.fillStyle = "#7a2f21";
      pen.beginPath();
      pen.ellipse(wide * 0.5, high * 0.66, wide * 0.22, high * 0.07, 0, 0, Math.PI);
      pen.fill();
      return canvas.toDataURL("image/png");
    },
    [width, height],
  );
  return Buffer.from(address.split(",")[1], "base64");
}

/** Begins to record, and speaks for so long. */
export async function record(page, ms) {
  await openChat(page);
  await click(page, "Record a voice message");
  await page.getByRole("group", { name: "Recording" }).waitFor();
  // By the recorder's own clock: it begins a while after the press on a busy machine.
  await page.waitForFunction((seconds) => Number(/\d+$/.exec(document.querySelector(".voice-bar .voice-time").textContent)[0]) >= seconds, Math.floor(ms / 1_000));
  await page.waitForTimeout(ms % 1_000);
}

/** Two people who have sent each other a picture, a plan and a few words by voice. */
async function withFiles(browser, url, options) {
  const { ada, guests: [ben] } = await meeting(browser, url, options);
  for (const page of [ada, ben]) await openChat(page);
  const input = (page) => page.locator(".composer input[type=file]");
  await input(ben).setInputFiles({ name: "the green one.png", mimeType: "image/png", buffer: await pictureOf(ben, 1_200, 800) });
  await say(ben, "This is the boat I meant");
  await sees(ada, "boat I meant");
  await record(ada, 3_000);
  await click(ada, "Send voice message");
  await ben.locator(".voice").waitFor();
  await input(ben).setInputFiles({ name: "Saturday on the river, with everything we need.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(1_234_567) });
  await ben.getByRole("textbox", { name: "Message" }).press("Enter");
  await ada.getByRole("button", { name: /^Save Saturday/ }).waitFor();
  await input(ada).setInputFiles({ name: "landing stage.png", mimeType: "image/png", buffer: await pictureOf(ada, 700, 900) });
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await ada.waitForFunction(() => [...document.querySelectorAll(".attachment img")].filter((img) => img.src.startsWith("blob:")).length === 2);
  return { ada, ben };
}

async function notice(page, url, path) {
  await page.goto(new URL(path, url).href);
  await page.locator(".notice-page[data-notice]").waitFor();
}

const twoPeople = async (browser, url, options) => (await meeting(browser, url, options)).ada;
const aLivelyChat = async (browser, url, options) => (await lively(browser, url, options)).ada;
const sentFiles = async (browser, url, options) => (await withFiles(browser, url, options)).ada;

/** A state that `open(page)` leads to from where `base` does; Escape leads back, so that others of this base can follow. */
function from(base, open) {
  const state = async (browser, url, options) => {
    const page = await base(browser, url, options);
    await open(page);
    return page;
  };
  return Object.assign(state, { base, open });
}

/** name → async (browser, url, options) → the page, in that state */
export const STATES = {
  lively: from(aLivelyChat, async () => {}),
  files: from(sentFiles, async () => {}),
  picture: from(sentFiles, async (ada) => {
    await ada.getByRole("button", { name: "Open picture the green one.png" }).click();
    await ada.waitForFunction(() => document.querySelector("dialog img")?.naturalWidth === 1_200);
  }),
  chosen: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await openChat(ada);
    const files = ["landing stage.png", "Saturday on the river, with everything we need for the trip.pdf"];
    await ada.locator(".composer input[type=file]").setInputFiles(files.map((name) => ({ name, mimeType: "application/pdf", buffer: Buffer.alloc(500_000) })));
    return ada;
  },
  recording: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options);
    await record(ada, 2_500);
    return ada;
  },
  messageMenu: from(aLivelyChat, (ada) => menuOf(ada, "Off we go")),
  picker: from(twoPeople, async (ada) => {
    await openChat(ada);
    await click(ada, "Emoji");
  }),
  add: from(twoPeople, async (ada) => {
    await openChat(ada);
    await click(ada, "Add to the chat");
  }),
  newPoll: from(twoPeople, async (ada) => {
    await openChat(ada);
    await click(ada, "Add to the chat");
    await ada.getByRole("button", { name: /^Ask with a poll/ }).click();
  }),
  searching: from(aLivelyChat, async (ada) => {
    await click(ada, "Search");
    await ada.getByRole("textbox", { name: "Search in what is here" }).fill("boat");
  }),
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
  choosing: async (browser, url, options) => {
    const page = await newPerson(browser, options);
    await makeRoom(page, url);
    await page.getByText("Choose devices").click();
    await page.getByRole("switch", { name: "Noise suppression" }).waitFor();
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
    await (options.viewport.width < 900 ? ada.getByRole("button", { name: /^Chat/ }).click() : null);
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
  knocking: async (browser, url, options) => {
    const ada = await newPerson(browser, options);
    const link = await makeRoom(ada, url, { lobby: true });
    await goIn(ada, "Ada Lovelace");
    const ben = await newPerson(browser);
    await openLink(ben, link);
    await ben.getByLabel("Your name").fill("Ben");
    await click(ben, "Join");
    await ada.locator(".knock-card").waitFor();
    return ada;
  },
  keys: from(twoPeople, async (ada) => {
    await ada.keyboard.press("?");
    await ada.getByRole("dialog", { name: "Keys" }).waitFor();
  }),
  shares: async (browser, url, options) => {
    const { ada, guests } = await meeting(browser, url, options, 2);
    for (const page of [...guests, ada]) {
      await drawScreen(page);
      await click(page, "Share screen");
    }
    await ada.getByRole("group", { name: "Shared screens" }).waitFor();
    await ada.locator(".share-card").waitFor();
    await ada.waitForFunction(() => document.querySelector(".tile.screen.main video")?.videoWidth > 0);
    return ada;
  },
  pinned: async (browser, url, options) => {
    const { ada } = await meeting(browser, url, options, 3);
    const dmitri = ada.locator(".tile", { hasText: "Dmitri" });
    await dmitri.locator(".tile-pin").press("Enter");
    await ada.locator(".tile.main").waitFor();
    await ada.waitForFunction(() => document.querySelectorAll("[data-bars]:not([hidden])").length === 3); // known after a while
    return ada;
  },
  elsewhere: async (browser, url, options) => {
    const ada = await newPerson(browser, options);
    await makeRoom(ada, url, { oneTime: true });
    await click(ada, "Open as host elsewhere");
    await ada.getByRole("img", { name: "QR code of the host link" }).waitFor();
    return ada;
  },
  links: async (browser, url, options) => {
    const { ada } = await links(browser, url, options);
    return ada;
  },
  "your-rooms": async (browser, url, options) => {
    const ada = await newPerson(browser, options);
    for (let at = 0; at < 3; at += 1) await makeRoom(ada, url);
    await ada.goto(url);
    await ada.getByText("nobody inside").nth(2).waitFor();
    return ada;
  },
  left: async (browser, url, options) => {
    const ben = await newPerson(browser, options);
    const made = await api(url, "/api/rooms", {});
    const ada = await newPerson(browser);
    await openLink(ada, `${url}/r/${made.roomId}#key=${made.hostKey}`);
    await goIn(ada, "Ada");
    await openLink(ben, `${url}/r/${made.roomId}`);
    await goIn(ben, "Ben");
    await click(ben, "Leave");
    await ben.getByRole("button", { name: "Undo" }).waitFor();
    return ben;
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
  leave: from(twoPeople, async (ada) => {
    await click(ada, "Leave");
    await ada.getByRole("dialog").waitFor();
  }),
  invite: from(twoPeople, async (ada) => {
    await ada.getByRole("button", { name: "Invite" }).click();
    await ada.getByRole("img", { name: "QR code" }).waitFor();
  }),
  devices: from(twoPeople, async (ada) => {
    await click(ada, "Devices");
    await ada.getByRole("combobox", { name: "Camera" }).waitFor();
  }),
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
