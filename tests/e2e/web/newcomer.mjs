// A newcomer makes a room, sends the link to somebody, and they chat and see each other: in under ten clicks.
import { main } from "../../support/browser.mjs";
import { check, goIn, makeRoom, newPerson, openLink, say, sees, seesMoving } from "./pages.mjs";

/** A camera that takes its time to start. */
async function slowCamera(page) {
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return open(wish);
    };
  });
}

const [url] = process.argv.slice(2);

await main(async (browser) => {
  const ada = await newPerson(browser);
  const link = await makeRoom(ada, url);
  await goIn(ada, "Ada");
  const ben = await newPerson(browser);
  await slowCamera(ben);
  await openLink(ben, link);
  // Ben is quicker than his camera.
  await goIn(ben, "Ben");
  await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
  await say(ada, "hello Ben");
  await sees(ben, "hello Ben");
  await say(ben, "hello Ada");
  await sees(ada, "hello Ada");
  const clicks = ada.clicks + ben.clicks;
  check(clicks < 10, `fewer than 10 clicks, not ${clicks}`);
  return { clicks, errors: [...ada.errors, ...ben.errors] };
});
