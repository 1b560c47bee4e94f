// A real Firefox for tests, by puppeteer-core over WebDriver BiDi, with a fake camera and microphone.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { askForLittle, LITTLE } from "./camera.mjs";
import { PACE } from "./pace.mjs";

const LIMIT_MS = 30_000 * PACE;
const PATHS = [process.env.FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];

const PREFS = {
  // A camera and microphone without hardware, and without a question to the user.
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  // Without these there are no candidates on 127.0.0.1, where all tests run.
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.autoplay.default": 0,
  // It asks nobody outside for updates, settings or safe sites.
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.update.enabled": false,
  "services.settings.server": "data:,",
  "browser.safebrowsing.downloads.remote.enabled": false,
};

/** A running browser, of puppeteer's kind; `prefs` are added to ours. */
export function launchFirefox({ prefs = {}, ...options } = {}) {
  const executablePath = PATHS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Firefox found");
  return puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    timeout: LIMIT_MS,
    extraPrefsFirefox: { ...PREFS, ...prefs },
    ...options,
  });
}

/**
 * The same with the few names of playwright that page drivers use: `newContext()` with `newPage()` and `close()`.
 * Pages have `goto`, `evaluate`, `reload`, `on`, `screenshot` in both; sizes are set by `page.setViewportSize`.
 */
export async function launchFirefoxLikeChromium(options) {
  const browser = await launchFirefox(options);
  return {
    close: () => browser.close(),
    async newContext({ viewport } = {}) {
      const context = await browser.createBrowserContext();
      const newPage = async () => {
        const page = await context.newPage();
        page.setDefaultTimeout(LIMIT_MS);
        await page.evaluateOnNewDocument(askForLittle, LITTLE);
        page.context = () => ({ close: () => context.close() });
        page.setViewportSize = (size) => page.setViewport(size);
        if (viewport) await page.setViewport(viewport);
        return page;
      };
      return { newPage, close: () => context.close() };
    },
  };
}
