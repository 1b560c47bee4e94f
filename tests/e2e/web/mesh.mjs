// Four pages in one room: all twelve directions carry video; one reloads and all twelve are back, without a ghost tile.
import { main } from "../../support/browser.mjs";
import { check, goIn, inside, makeRoom, newPerson, openLink, othersOn, seesMoving, selfOn } from "./pages.mjs";
import { PACE } from "../../support/pace.mjs";

const [url] = process.argv.slice(2);
const PEOPLE = 4;
const ALL_MS = 30_000 * PACE;

await main(async (browser) => {
  const first = await newPerson(browser, { viewport: { width: 700, height: 500 } });
  const link = await makeRoom(first, url, { capacity: "8" });
  await goIn(first, "P1");
  const pages = [first];
  for (let number = 2; number <= PEOPLE; number += 1) {
    const page = await newPerson(browser, { viewport: { width: 700, height: 500 } });
    await openLink(page, link);
    await goIn(page, `P${number}`);
    pages.push(page);
  }
  const began = Date.now();
  await Promise.all(pages.map((page) => seesMoving(page, PEOPLE - 1, ALL_MS)));
  const connectedMs = Date.now() - began;
  const before = await selfOn(pages[1]);
  await pages[1].reload();
  await inside(pages[1]);
  const reloaded = Date.now();
  await Promise.all(pages.map((page) => seesMoving(page, PEOPLE - 1, ALL_MS)));
  check((await selfOn(pages[1])) === before, "the same participant after the reload");
  for (const page of pages) check((await othersOn(page)).length === PEOPLE - 1, "no ghost tile");
  return { connectedMs, backMs: Date.now() - reloaded };
});
