// Two pages in a call with encrypted chat, while Python stops and starts the server below them.
import { launchBrowser } from "../../support/browser.mjs";
import { serve } from "./commands.mjs";
import { check, goIn, makeRoom, newPerson, openLink, say, sees, seesMoving, selfOn, texts } from "./pages.mjs";

const [url] = process.argv.slice(2);
const browser = await launchBrowser();
let ada;
let ben;
let ids;
const idsNow = async () => [await selfOn(ada), await selfOn(ben)];

await serve({
  meet: async ({ text, names: [first, second] }) => {
    ada = await newPerson(browser, { errors: false });
    const link = await makeRoom(ada, url);
    await goIn(ada, first);
    ben = await newPerson(browser, { errors: false });
    await openLink(ben, link);
    await goIn(ben, second);
    await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
    await say(ada, text);
    await sees(ben, text);
    ids = await idsNow();
  },
  offline: async () => {
    for (const page of [ada, ben]) await page.locator(".banner[data-state=offline]").waitFor();
  },
  sayOffline: async ({ text }) => say(ada, text),
  gone: async () => {
    for (const page of [ada, ben]) {
      await page.getByRole("heading", { name: "This room is gone" }).waitFor();
      const left = await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("mayfly:")));
      check(left.length === 0, "nothing of the room left in the tab");
    }
  },
  back: async ({ text, all }) => {
    for (const page of [ada, ben]) await page.locator(".banner").waitFor({ state: "hidden" });
    check(JSON.stringify(await idsNow()) === JSON.stringify(ids), "the same participants after the restart");
    await sees(ben, text);
    await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
    for (const page of [ada, ben]) check(JSON.stringify(await texts(page)) === JSON.stringify(all), `${all}, once each`);
  },
});
await browser.close();
