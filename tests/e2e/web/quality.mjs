// Bars, and the panel of numbers: node quality.mjs URL BROWSER
import { faultsOf } from "../../support/axe.mjs";
import { BROWSERS, enter, openPage, press, until } from "../../support/page_in_any_browser.mjs";

const [url, name] = process.argv.slice(2);

async function person(browser, link, called) {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await enter(page, link, called);
  return page;
}

const browser = await BROWSERS[name]();
try {
  const made = await (await fetch(`${url}/api/rooms`, { method: "POST", body: "{}" })).json();
  const ada = await person(browser, made.url, "Ada");
  const ben = await person(browser, made.url, "Ben");
  await ada.bringToFront();
  const seen = { errors: [] };
  await until(ada, "the bars", () => document.querySelector(".tile-bars")?.checkVisibility() ?? false);
  seen.level = await ada.evaluate(() => Number(document.querySelector(".tile-bars").dataset.level));
  seen.label = await ada.evaluate(() => document.querySelector(".tile-bars").getAttribute("aria-label"));
  seen.covered = await ada.evaluate(() => {
    const { left, top, width, height } = document.querySelector(".tile-bars").getBoundingClientRect();
    const corners = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
    const hit = corners.map(([x, y]) => document.elementFromPoint(left + x * width, top + y * height));
    return hit.filter((element) => !element?.closest(".tile-bars")).map((element) => element?.className?.baseVal ?? element?.className ?? null);
  });
  await ada.evaluate(() => document.querySelector(".tile-bars").focus());
  await ada.keyboard.press("Enter");
  const receives = () => /\d/.test(document.querySelector(".quality-numbers dd")?.textContent ?? "") && !document.querySelector(".quality-numbers dd").textContent.startsWith("0 ");
  await until(ada, "numbers", receives);
  seen.numbers = await ada.evaluate(() => Object.fromEntries([...document.querySelectorAll(".quality-numbers > div")].map((row) => [row.querySelector("dt").textContent, row.querySelector("dd").textContent])));
  seen.faults = await faultsOf(ada, "connections");
  await ada.keyboard.press("Escape");
  await until(ada, "the panel is gone", () => !document.querySelector("dialog[open]"));
  seen.back = await ada.evaluate(() => document.activeElement.className);
  await press(ben, ".controls .leave");
  await until(ada, "no bars", () => !document.querySelector(".tile-bars"));
  seen.errors = [...ada.errors, ...ben.errors];
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
