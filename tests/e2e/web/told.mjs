// What is told and when: news for screen readers, advice where a camera is blocked, a used link before a camera opens.
import { main } from "../../support/browser.mjs";
import { check, click, goIn, makeRoom, newPerson, openLink } from "./pages.mjs";

const [url] = process.argv.slice(2);

/** Waits until the page has said so to screen readers; announcements are removed after a while, so all are kept. */
function keepAnnouncements() {
  window.spoken = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.closest?.("[aria-live]")) for (const node of addedNodes) window.spoken.push(node.textContent);
    }
  }).observe(document, { childList: true, subtree: true });
}
const hears = (page, words) => page.waitForFunction((wanted) => window.spoken.includes(wanted), words);

/** As where the browser was told "No", by its own bar or by a rule. */
function blocked() {
  window.asked = 0;
  navigator.mediaDevices.getUserMedia = () => {
    window.asked += 1;
    return Promise.reject(new DOMException("no", "NotAllowedError"));
  };
}

async function news(browser) {
  const ada = await newPerson(browser, { viewport: { width: 700, height: 600 } });
  await ada.addInitScript(keepAnnouncements);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, { viewport: { width: 700, height: 600 }, errors: false });
  await ben.addInitScript(keepAnnouncements);
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await hears(ada, "Ben came in");
  await click(ben, "Raise hand");
  await hears(ada, "Ben raised a hand");
  await ben.context().setOffline(true);
  await hears(ben, "Connection lost. Reconnecting.");
  await ben.context().setOffline(false);
  await hears(ben, "Connected again.");
  await hears(ada, "Ben is reconnecting");
  await hears(ada, "Ben is back");
  await click(ada, "People");
  await click(ada, "Actions for Ben");
  await ada.getByRole("button", { name: /^Make host/ }).click();
  await hears(ada, "Ben is the host now");
  await hears(ben, "You are the host now");
  check((await ada.evaluate(() => window.spoken)).filter((words) => words === "Ben is the host now").length === 1, "said once");
  await ben.getByRole("button", { name: "Invite" }).click();
  await ben.getByRole("dialog").getByRole("button", { name: "Copy link" }).click();
  // What is under a dialog is not heard.
  await ben.waitForFunction(() => document.querySelector("dialog[open] [aria-live]")?.textContent === "Link copied");
}

async function advice(browser) {
  const made = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
  const page = await newPerson(browser, { viewport: { width: 360, height: 740 } });
  await page.addInitScript(blocked);
  await openLink(page, `${url}/r/${made.roomId}`);
  await page.getByText("Camera is blocked. Allow it beside the address bar").waitFor();
  await goIn(page, "Ada");
  for (const [name, what] of [["Camera", "Camera"], ["Mic", "Microphone"]]) {
    const toast = page.locator(".toast", { hasText: `${what} is blocked. Allow it beside the address bar, then press the button again.` });
    check((await toast.count()) === 0, "no advice before the press: the door has given it");
    await page.locator(".controls").getByRole("button", { name, exact: true }).click();
    await toast.waitFor();
    const pressed = await page.locator(".controls").getByRole("button", { name, exact: true }).getAttribute("aria-pressed");
    check(pressed === "false", "a button that is not on");
    const whole = await toast.evaluate((element) => element.scrollHeight <= element.clientHeight && element.scrollWidth <= element.clientWidth);
    check(whole, "advice that can be read to its end");
  }
}

async function usedLink(browser) {
  const call = async (path, body, key) =>
    (await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) },
      body: JSON.stringify(body),
    })).json();
  const made = await call("/api/rooms", { inviteOnly: true });
  const { invite } = await call(`/api/rooms/${made.roomId}/invites`, {}, made.hostKey);
  const link = `${url}/r/${made.roomId}#invite=${invite}`;
  const first = await newPerson(browser);
  await openLink(first, link);
  await goIn(first, "Ben");
  const second = await newPerson(browser, { errors: false });
  await second.addInitScript(blocked);
  await second.goto(link);
  await second.getByRole("heading", { name: "This link has been used" }).waitFor();
  check((await second.evaluate(() => window.asked)) === 0, "no device asked for");
  await second.goto(`${url}/r/${made.roomId}#invite=${"x".repeat(32)}`);
  await second.reload();
  await second.getByRole("heading", { name: "This link does not fit" }).waitFor();
  check((await second.evaluate(() => window.asked)) === 0, "no device asked for");
}

/** The last of several presses holds, however long a camera takes. */
async function lastWish(browser) {
  const made = await (await fetch(`${url}/api/rooms`, { method: "POST" })).json();
  const page = await newPerson(browser);
  await page.addInitScript(() => {
    window.tracks = [];
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await real(wish);
      window.tracks.push(...stream.getVideoTracks());
      if (wish.video && window.slow) await window.slow;
      return stream;
    };
  });
  await openLink(page, `${url}/r/${made.roomId}`);
  await page.locator(".preview video:not([hidden])").waitFor();
  const camera = page.locator(".preview").getByRole("button", { name: "Camera" });
  await page.evaluate(() => {
    window.slow = new Promise((done) => (window.finish = done));
  });
  await camera.click(); // off
  await camera.click(); // on, which takes its time
  await page.getByText("Starting camera …").waitFor();
  await camera.click(); // off again
  await page.evaluate(() => window.finish());
  await page.waitForFunction(() => window.tracks.every((track) => track.readyState === "ended"));
  check((await camera.getAttribute("aria-pressed")) === "false", "the camera off");
}

await main(async (browser) => {
  const parts = { news, advice, usedLink, lastWish };
  for (const part of Object.values(parts)) {
    await part(browser);
    for (const context of browser.contexts()) await context.close();
  }
  return { told: Object.keys(parts) };
});
