// The advice on a network that begins to lose much during a call. Python holds the network: node weak.mjs URL
import { faultsOf } from "../../support/axe.mjs";
import { launchBrowser } from "../../support/browser.mjs";
import { enter, openPage, press, until } from "../../support/page_in_any_browser.mjs";
import { serve } from "./commands.mjs";
import { seesMoving } from "./pages.mjs";

const [url] = process.argv.slice(2);
const browser = await launchBrowser();
let ada;

function relayOnly() {
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(config) {
      super({ ...config, iceTransportPolicy: "relay" });
    }
    setConfiguration(config) {
      super.setConfiguration({ ...config, iceTransportPolicy: "relay" });
    }
  };
}

async function person(link, called) {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.addInitScript(relayOnly);
  await enter(page, link, called);
  return page;
}

const advised = () => ada.evaluate(() => document.querySelector(".weak").checkVisibility());

/** Runs in the page: which parts that can be pressed it covers. */
function covered() {
  const box = document.querySelector(".weak").getBoundingClientRect();
  const apart = ({ left, right, top, bottom }) => right <= box.left || left >= box.right || bottom <= box.top || top >= box.bottom;
  return [...document.querySelectorAll(".room-main, .controls, .room-head")].filter((part) => !apart(part.getBoundingClientRect())).map((part) => part.className);
}

await serve({
  meet: async () => {
    const made = await (await fetch(`${url}/api/rooms`, { method: "POST", body: "{}" })).json();
    ada = await person(made.url, "Ada");
    const ben = await person(made.url, "Ben");
    await ada.bringToFront();
    await Promise.all([seesMoving(ada, 1), seesMoving(ben, 1)]);
    return { advised: await advised() };
  },
  lose: async () => {
    await until(ada, "the advice", () => document.querySelector(".weak").checkVisibility());
    const advice = await ada.evaluate(() => document.querySelector(".weak p").textContent);
    const over = await ada.evaluate(covered);
    const faults = await faultsOf(ada, "weak");
    await press(ada, ".weak .primary");
    await until(ada, "the camera is off", () => document.querySelector(".controls .for-camera").getAttribute("aria-pressed") === "false");
    return { advice, over, faults, focus: await ada.evaluate(() => document.activeElement.className), advised: await advised() };
  },
});
await browser.close();
