// The script of a call in docs/client-examples.md, run in a page with camera and microphone: node example.mjs URL
import { deepEqual } from "node:assert/strict";
import { launchBrowser } from "../../support/browser.mjs";
import { LIMIT_MS, asFunction, examples, inOrder, play } from "../../support/doc_examples.mjs";
import { openPage } from "../../support/page_in_any_browser.mjs";

const [server] = process.argv.slice(2);
const [script, ...more] = examples().filter(({ title }) => title === "The call");
deepEqual(more, []);
const browser = await launchBrowser();
try {
  const page = await openPage(browser, { width: 1280, height: 800 });
  await page.goto(`${server}/404`); // a page of this origin on which nothing runs
  const wish = `{ run: ${asFunction(script.code)}, count: ${script.wanted.length}, limitMs: ${LIMIT_MS} }`;
  const told = await page.evaluate(
    `(async () => (${play})(await import("/client/browser.js"), ${JSON.stringify(server)}, ${wish}))()`,
  );
  deepEqual(inOrder(told), inOrder(script.wanted));
  console.log(JSON.stringify({ told: told.length, errors: page.errors }));
} finally {
  await browser.close();
}
