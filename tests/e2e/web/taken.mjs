// The page as an app that can be installed, and the client as a module in a page of another origin, by its integrity hash.
import { main } from "../../support/browser.mjs";
import { check } from "./pages.mjs";

const [url] = process.argv.slice(2);
/** The same server under another name is another origin. */
const other = url.replace("127.0.0.1", "localhost");

/** Whether a script element with this hash loads. */
const loads = (page, src, integrity) =>
  page.evaluate(
    ([address, hash]) =>
      new Promise((resolve) => {
        const script = Object.assign(document.createElement("script"), { type: "module", src: address, integrity: hash });
        script.crossOrigin = "anonymous";
        script.onload = () => resolve(true);
        script.onerror = () => resolve(false);
        document.head.append(script);
      }),
    [src, integrity],
  );

await main(async (browser) => {
  const page = await browser.newPage();
  await page.goto(url);
  const session = await page.context().newCDPSession(page);
  const { errors } = await session.send("Page.getAppManifest");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");

  const foreign = await browser.newPage();
  await foreign.goto(`${other}/health`);
  const { module } = await (await fetch(`${url}/client/integrity.json`)).json();
  const src = url + module.path;
  check(await loads(foreign, src, module.integrity), "the module, with its hash");
  // Under another address: a page loads each address once.
  check(!(await loads(foreign, `${src}?wrong`, `${module.integrity.slice(0, -4)}AAAA`)), "no module where the hash is of another");
  const said = await foreign.evaluate(
    async ([address, server]) => {
      const { createRoom, joinRoom } = await import(address);
      const { hostLink } = await createRoom({ server, capacity: 2 });
      const room = await joinRoom(hostLink, { name: "Ada" });
      const { status, self } = room.getSnapshot();
      await room.leave();
      return `${self.name} has ${status}`;
    },
    [src, url],
  );
  return { errors, installabilityErrors, said };
}, { whole: true });
