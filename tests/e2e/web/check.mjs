// `/check`, by keyboard alone, with axe and boxes: node check.mjs URL BROWSER
import { faultsOf } from "../../support/axe.mjs";
import { BROWSERS, openPage, until } from "../../support/page_in_any_browser.mjs";

const [url, name] = process.argv.slice(2);
const MAX_STEPS = 40;

async function tabTo(page, label) {
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const shown = (element.getAttribute("aria-label") ?? element.textContent).trim();
      return { shown, outlined: style.outlineStyle !== "none" && style.outlineWidth !== "0px" };
    });
    if (focused.shown === label) {
      if (!focused.outlined) throw new Error(`no visible focus on ${label}`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${label}`);
}

const rows = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("[data-check]")].map((row) => ({
      id: row.dataset.check,
      state: row.dataset.state,
      label: row.querySelector(".check-label").textContent,
      words: row.querySelector(".check-words").textContent,
    })),
  );

const isDone = (page, id) =>
  until(page, `${id} is done`, (wanted) => document.querySelector(`[data-check="${wanted}"]`).dataset.state !== "open", id);

const browser = await BROWSERS[name]();
try {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.goto(`${url}/check`);
  await until(page, "the check page", () => Boolean(document.querySelector(".check-main")));
  const faults = await faultsOf(page, "untried");

  await tabTo(page, "Check the network");
  await page.keyboard.press("Enter");
  await until(page, "the verdict", () => document.querySelector(".check-verdict").textContent !== "");
  await tabTo(page, "Try the microphone");
  await page.keyboard.press("Enter");
  await isDone(page, "microphone");
  await tabTo(page, "Try the camera");
  await page.keyboard.press("Enter");
  await isDone(page, "camera");
  await tabTo(page, "Play a sound");
  await page.keyboard.press("Enter");
  await until(page, "the question", () => !document.querySelector(".check-answer").hidden);
  await tabTo(page, "I heard it");
  await page.keyboard.press("Enter");
  await isDone(page, "speaker");
  const back = await page.evaluate(() => document.activeElement.textContent);
  faults.push(...(await faultsOf(page, "tried")));

  const report = await page.evaluate(() => document.querySelector(".check-report").value);
  const verdict = await page.evaluate(() => document.querySelector(".check-verdict").textContent);
  const seen = await rows(page);

  // As in a browser without WebRTC.
  await page.evaluate(() => {
    delete window.RTCPeerConnection;
    document.querySelector(".check-head .button").click();
  });
  await until(page, "what cannot be", () => document.querySelector('[data-check="browser"]').dataset.state === "bad" && document.querySelector(".check-verdict").textContent !== "");
  const without = await page.evaluate(() => document.querySelector(".check-verdict").textContent);
  console.log(JSON.stringify({ rows: seen, verdict, report, back, faults, without, errors: page.errors }));
} finally {
  await browser.close();
}
