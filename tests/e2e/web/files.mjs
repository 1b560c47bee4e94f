// Files on the page: attached, dropped, pasted, recorded; pictures, voice and what is for saving alone; hostile ones run nothing;
// progress, cancelling and refusals; what is erased is on nobody's page, in no address and in no session.
import { readFile } from "node:fs/promises";
import { main } from "../../support/browser.mjs";
import { PACE } from "../../support/pace.mjs";
import { boxProblems } from "./measure.mjs";
import { check, click, drawn, goIn, LIMIT_MS, makeRoom, newPerson, openChat, openLink, sees } from "./pages.mjs";
import { menuOf, pictureOf, record } from "./states.mjs";

const [url, wanted] = process.argv.slice(2);
/** Aimed at: 2 s. */
const GONE_MS = 20_000 * PACE;
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

const file = (name, mimeType, content) => ({ name, mimeType, buffer: Buffer.from(content) });
const chosen = (page) => page.locator(".composer input[type=file]");
const message = (page, text) => page.locator(".message").filter({ hasText: text }).last();

async function send(page, files, text) {
  await openChat(page);
  await chosen(page).setInputFiles(files);
  if (text) await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("textbox", { name: "Message" }).press("Enter");
}

/** The picture itself is there, not only its likeness. */
const showsPicture = (page, text, width) =>
  page.waitForFunction(
    ([words, wide]) => [...document.querySelectorAll(".message")].some((row) => row.textContent.includes(words) && [...row.querySelectorAll("img")].some((img) => img.src.startsWith("blob:") && img.naturalWidth === wide)),
    [text, width],
    { timeout: LIMIT_MS },
  );

async function fits(page, what) {
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    await drawn(page);
    const problems = await page.evaluate(boxProblems, { ...size, leastTile: 0 });
    const wide = await page.evaluate(() => [...document.querySelectorAll(".attachment, .voice, .voice-bar, .chosen li, .bubble")].filter((one) => one.checkVisibility() && (one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1)).map((one) => one.className));
    check(problems.length === 0 && wide.length === 0, `${what} fits ${size.width} px, not ${problems} ${wide}`);
  }
}

async function attached({ ada, ben }) {
  await chosen(ada).setInputFiles([file("boat.png", "image/png", await pictureOf(ada, 1_200, 800)), file("plan.pdf", "application/pdf", "x".repeat(2_345))]);
  await ada.waitForFunction(() => document.querySelectorAll(".chosen li").length === 2); // both are shown before they are sent
  await fits(ada, "what is chosen");
  await click(ada, "Do not send plan.pdf");
  await ada.getByRole("textbox", { name: "Message" }).fill("the-boat");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await ada.locator(".chosen li").waitFor({ state: "detached" });
  for (const page of [ada, ben]) await showsPicture(page, "the-boat", 1_200);
  await message(ben, "the-boat").getByRole("button", { name: "Open picture boat.png" }).focus();
  await ben.keyboard.press("Enter");
  await ben.waitForFunction(() => document.querySelector("dialog.viewer img")?.naturalWidth === 1_200);
  await fits(ben, "a picture");
  await ben.keyboard.press("Escape");
  await ben.locator("dialog").waitFor({ state: "detached" });
}

/** A file that the page makes and hands over as a browser does. */
const hand = (page, how, name, type, content) =>
  page.evaluate(
    ([kind, called, media, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], called, { type: media }));
      if (kind === "paste") return document.querySelector("#message").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      const chat = document.querySelector(".chat");
      for (const event of ["dragenter", "dragover"]) chat.dispatchEvent(new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
      if (document.querySelector(".drop-cover").hidden) throw new Error("no sign that it can be dropped");
      return chat.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [how, name, type, [...Buffer.from(content)]],
  );

async function pastedAndDropped({ ada, ben }) {
  await hand(ada, "paste", "pasted.png", "image/png", await pictureOf(ada, 300, 200));
  await ada.getByRole("textbox", { name: "Message" }).fill("was-pasted");
  await click(ada, "Send");
  await showsPicture(ben, "was-pasted", 300);
  const stays = await hand(ada, "drop", "dropped.txt", "text/plain", "dropped words");
  check(stays === false, "the browser does not open what is dropped");
  await ada.locator(".drop-cover").waitFor({ state: "hidden" });
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await ben.getByText("dropped.txt").waitFor();
}

const HOSTILE = [
  file("page.html", "text/html", "<script>window.hacked = 1; parent.hacked = 1</script>"),
  file("drawing.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked = 1'><script>hacked = 1</script></svg>"),
  file("both.gif", "image/gif", "GIF89a/*<svg onload=hacked=1>*/=1;window.hacked=1//"),
  file("lies.png", "image/png", "<html><script>window.hacked = 1</script>"),
  file("empty.png", "image/png", ""),
  file("sound.mp3", "audio/mpeg", "<script>window.hacked = 1</script>"),
  file(`${"<img src=x onerror=hacked=1>".repeat(140)}.txt`, "text/plain", "x"),
  file("\u202Etxt.exe", "application/x-msdownload", "MZ"),
];

async function hostile({ ada, ben }) {
  for (const [at, one] of HOSTILE.entries()) {
    await send(ada, one, `hostile ${at} !`);
    await sees(ben, `hostile ${at} !`);
    const row = message(ben, `hostile ${at} !`);
    await row.locator(".attachment").waitFor();
    const saves = row.getByRole("button", { name: /^Save/ });
    if (!(await saves.count())) continue;
    const [download] = await Promise.all([ben.waitForEvent("download"), saves.click()]);
    check((await readFile(await download.path())).equals(one.buffer), `${at} is saved as it was`);
    check(!/[\\/\u202e]/.test(download.suggestedFilename()), "a name that is one");
    const play = row.getByRole("button", { name: /^Play/ });
    if (await play.count()) {
      await play.click();
      await row.getByText("This browser cannot show it.").waitFor();
    }
  }
  await fits(ben, "hostile files");
  for (const page of [ada, ben]) {
    const seen = await page.evaluate(() => ({ hacked: window.hacked, frames: document.querySelectorAll("iframe, object, embed").length, images: [...document.querySelectorAll(".chat img")].map(({ src }) => src.slice(0, 16)) }));
    check(!seen.hacked && !seen.frames, "nothing has run");
    check(seen.images.every((src) => !src || /^(blob:|data:image\/(webp|jpeg|png))/.test(src)), `pictures alone, not ${seen.images}`);
  }
}

async function spoken({ ada, ben }) {
  await record(ada, 1_500);
  await fits(ada, "a recording");
  await click(ada, "Discard the recording");
  await ada.getByRole("textbox", { name: "Message" }).waitFor();
  // There may be sounds already: this one is the next.
  const sounds = ben.locator(".message").filter({ has: ben.locator(".voice") });
  const row = sounds.nth(await sounds.count());
  await record(ada, 2_000);
  await click(ada, "Send voice message");
  await row.waitFor();
  check((await row.locator(".wave rect").count()) > 10, "a waveform");
  const length = await row.locator(".voice-time").textContent();
  check(/^0:(0[2-9]|[1-5]\d)$/.test(length), `how long it is, not ${length}`); // longer where the press takes its time
  await fits(ben, "a voice message");
  await row.getByRole("button", { name: "Play voice message" }).click();
  await row.locator(".wave .played").first().waitFor();
  await row.getByRole("slider").press("Home");
  await row.getByRole("button", { name: /^(Pause|Play) voice message/ }).click();
  // The microphone that was opened for it is closed.
  check((await ada.evaluate(() => window.openTracks.filter(({ readyState }) => readyState === "live").length)) === 0, "no microphone is left open");
}

async function cancelled({ ada, ben }) {
  let stalled;
  const under = new Promise((resolve) => (stalled = resolve));
  await ada.route("**/files", (route) => stalled(route));
  await send(ada, file("slow.bin", "application/octet-stream", Buffer.alloc(300_000)), "planted-cancelled");
  await under;
  await sees(ada, "planted-cancelled");
  await fits(ada, "a file on its way");
  // What is said meanwhile does not wait for it.
  await ada.getByRole("textbox", { name: "Message" }).fill("in between");
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await sees(ben, "in between");
  await message(ada, "planted-cancelled").getByRole("button", { name: "Cancel" }).click();
  await ada.getByText("planted-cancelled").waitFor({ state: "detached" });
  await ada.unroute("**/files");
  check((await ben.getByText("planted-cancelled").count()) === 0, "nobody has heard of it");
}

async function refused({ ada, ben }) {
  const answer = (code, status) => ({ status, contentType: "application/json", body: JSON.stringify({ error: { code, message: "in the words of the server", retryable: false } }) });
  await ada.route("**/files", (route) => route.fulfill(answer("QUOTA_EXCEEDED", 503)));
  await send(ada, file("small.txt", "text/plain", "small"), "no-room-for-it");
  await message(ada, "no-room-for-it").getByText("There is no room for more files on this server now.").waitFor();
  await fits(ada, "a refusal");
  await ada.unroute("**/files");
  await message(ada, "no-room-for-it").getByRole("button", { name: "Try again" }).click();
  await sees(ben, "no-room-for-it");
  await ada.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File([new Blob(Array(51).fill(new Uint8Array(1_048_576)))], "large.bin"));
    document.querySelector("#message").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await ada.getByRole("textbox", { name: "Message" }).press("Enter");
  await ada.getByText("The file is larger than 50 MB.").waitFor();
  await click(ada, "Do not send large.bin");
}

/** The addresses that the page made of pictures which still open. */
const openAddresses = (page) =>
  page.evaluate(async () => {
    const opens = (address) =>
      new Promise((resolve) => {
        const picture = new Image();
        picture.onload = () => resolve(address);
        picture.onerror = () => resolve(null);
        picture.src = address;
      });
    return (await Promise.all(window.addresses.map(opens))).filter(Boolean);
  });
const kept = (page, word) => page.evaluate((planted) => document.documentElement.outerHTML.includes(planted) || JSON.stringify(Object.entries(sessionStorage)).includes(planted), word);

async function erased({ ada, ben }) {
  await send(ada, file("planted-file.png", "image/png", await pictureOf(ada, 640, 480)), "planted-words");
  for (const page of [ada, ben]) await showsPicture(page, "planted-words", 640);
  const address = await message(ben, "planted-words").locator("img").getAttribute("src");
  check((await openAddresses(ben)).includes(address), "it opens");
  await message(ben, "planted-words").getByRole("button", { name: /^Open picture/ }).click();
  await ben.locator("dialog.viewer img").waitFor();
  await ben.waitForFunction(() => JSON.stringify(Object.entries(sessionStorage)).includes("planted-file"));
  await menuOf(ada, "planted-words");
  await ada.getByRole("dialog").getByRole("button", { name: /^Delete/ }).click();
  await ada.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide"))); // Whoever goes has decided.
  await isGone([ada, ben], address, GONE_MS);
  check((await ben.locator("dialog").count()) === 0, "the large picture is closed");
}

async function isGone(pages, address, limitMs) {
  const until = Date.now() + limitMs;
  for (const page of pages) {
    for (;;) {
      const left = [(await kept(page, "planted-file")) && "the page", (await kept(page, "planted-words")) && "words", (await openAddresses(page)).includes(address) && "the address"].filter(Boolean);
      if (!left.length) break;
      if (Date.now() > until) throw new Error(`it is still in ${left}`);
      await page.waitForTimeout(50);
    }
  }
}

async function expired({ ada, ben }) {
  await click(ada, "Add to the chat");
  await ada.getByRole("radio", { name: "30 s" }).check();
  await ada.keyboard.press("Escape");
  await send(ada, file("planted-file.png", "image/png", await pictureOf(ada, 320, 240)), "planted-words");
  await showsPicture(ben, "planted-words", 320);
  const address = await message(ben, "planted-words").locator("img").getAttribute("src");
  await isGone([ben, ada], address, 30_000 + GONE_MS);
  await click(ada, "Let messages stay");
}

async function seenOnce({ ada, ben }) {
  await click(ada, "Add to the chat");
  await ada.getByRole("switch", { name: "Seen once" }).check();
  await ada.keyboard.press("Escape");
  await send(ada, file("planted-file.png", "image/png", await pictureOf(ada, 400, 300)), "planted-words");
  await click(ben, "View once");
  await ben.waitForFunction(() => document.querySelector("dialog .attachment img")?.naturalWidth === 400);
  const address = await ben.locator("dialog .attachment img").getAttribute("src");
  await ben.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await isGone([ben, ada], address, GONE_MS);
}

/** What was opened and handed out, and which devices were opened beside the call. */
function watched() {
  // A call of two would hand files over, and the server would have none of them: see tests/e2e/calls/test_files.py.
  RTCPeerConnection.prototype.createDataChannel = () => {
    throw new DOMException("none", "InvalidStateError");
  };
  window.addresses = [];
  window.openTracks = [];
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => (window.addresses.push(make(blob)), window.addresses.at(-1));
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    if (document.querySelector(".room .controls") && !wish.video) window.openTracks.push(...stream.getTracks());
    return stream;
  };
}

const PARTS = { attached, pastedAndDropped, hostile, spoken, cancelled, refused, erased, expired, seenOnce };

await main(async (browser) => {
  const ada = await newPerson(browser);
  await ada.addInitScript(watched);
  await ada.goto(url);
  await ada.evaluate(() => sessionStorage.setItem("mayfly-page:devices", '{"audio":false,"video":false}'));
  const link = await makeRoom(ada, url, { capacity: "4" });
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, { acceptDownloads: true });
  await ben.addInitScript(watched);
  await ben.goto(url);
  await ben.evaluate(() => sessionStorage.setItem("mayfly-page:devices", '{"audio":false,"video":false}'));
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await openChat(ben);
  const done = [];
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted && wanted !== name) continue;
    await part({ ada, ben });
    done.push(name);
  }
  // Refusals and what was called off were asked for.
  const errors = [...ada.errors, ...ben.errors].filter((error) => !/status of 503|net::ERR_ABORTED|blob:.*ERR_|Failed to load resource: net::ERR_FILE_NOT_FOUND/.test(error));
  return { done, errors };
}, { args: ["--autoplay-policy=no-user-gesture-required"] });
