// Two pages chat and call; one reloads; the network goes away for ten seconds. Nothing is lost or doubled.
import { main } from "../../support/browser.mjs";
import { check, goIn, inside, makeRoom, newPerson, openLink, say, sees, seesMoving, selfOn, texts } from "./pages.mjs";
import { PACE } from "../../support/pace.mjs";

const [url] = process.argv.slice(2);
const CALL_BACK_MS = 5_000 * PACE;
const AWAY_MS = 10_000;

await main(async (browser) => {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const ben = await newPerson(browser, { errors: false });
  await openLink(ben, link);
  await goIn(ben, "Ben");
  await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
  await say(ada, "one");
  await sees(ben, "one");
  await say(ben, "two");
  await sees(ada, "two");

  // A reload: the same participant, the history on the own screen, the call back.
  const before = await selfOn(ben);
  await ben.reload();
  const reloaded = Date.now();
  await inside(ben);
  await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
  const callBackMs = Date.now() - reloaded;
  check((await selfOn(ben)) === before, "the same participant after a reload");
  check(callBackMs < CALL_BACK_MS, `the call back within ${CALL_BACK_MS} ms, not ${callBackMs}`);
  await sees(ben, "one");
  check(JSON.stringify(await texts(ben)) === '["one","two"]', "the history after a reload");

  // The network goes away, and comes back.
  await ben.context().setOffline(true);
  await ben.locator(".banner[data-state=offline]").waitFor();
  await say(ben, "three, said offline");
  await say(ada, "four, said meanwhile");
  await ada.locator(".tile[data-state=away]").waitFor();
  await ben.waitForTimeout(AWAY_MS); // The length of the outage itself.
  await ben.context().setOffline(false);
  await ben.locator(".banner").waitFor({ state: "hidden" });
  await sees(ada, "three, said offline");
  await sees(ben, "four, said meanwhile");
  await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
  check((await selfOn(ben)) === before, "the same participant after an outage");
  const expected = ["one", "two", "four, said meanwhile", "three, said offline"].sort().join();
  check((await texts(ada)).sort().join() === expected, "every message once on the one screen");
  check((await texts(ben)).sort().join() === expected, "every message once on the other screen");
  check((await texts(ada)).join() === (await texts(ben)).join(), "the same order on both screens");
  check(ada.errors.length === 0, `no errors, not ${ada.errors}`);
  return { callBackMs };
});
