/**
 * Puts screenshots together into the pictures of the documentation: `node tests/support/docs_images.mjs SCREENSHOTS`, after
 * `node tests/e2e/web/screenshots.mjs URL SCREENSHOTS`. They are committed; this is how to make them again.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "./browser.mjs";

const IMAGES = join(dirname(fileURLToPath(import.meta.url)), "../../docs/images");
const [screenshots] = process.argv.slice(2);
/** As they follow each other in time: outside, inside, above, and what stands in a room's place. */
const STATES = [
  "landing", "your-rooms", "ready", "ready-qr", "links", "elsewhere", "door", "no-camera", "waiting",
  "alone", "call", "chat", "meeting", "pinned", "screen", "shares", "people", "knocking", "lively",
  "keys", "invite", "devices", "leave", "reconnecting", "ending",
  "left", "used", "over", "full", "locked", "not-found", "invite-needed", "removed", "missing-client",
];
const shot = (state, size, theme) => `data:image/png;base64,${readFileSync(join(screenshots, `${state}-${size}-${theme}.png`), "base64")}`;
const single = (state, theme) => ({ columns: 1, width: 1080, gap: 0, shots: [shot(state, "desktop", theme)] });
const sheet = (size, theme, columns, width) => ({ columns, width, gap: 8, shots: STATES.map((state) => shot(state, size, theme)) });
const phones = (theme) => ({ columns: 5, width: 1146, gap: 12, shots: ["door", "pinned", "call", "chat", "people"].map((state) => shot(state, "phone", theme)) });

const PICTURES = { "door.png": single("ready", "light"), "landing.png": single("landing", "light") };
for (const theme of ["light", "dark"]) {
  PICTURES[`room-${theme}.png`] = single("meeting", theme);
  PICTURES[`phone-${theme}.png`] = phones(theme);
  PICTURES[`states-desktop-${theme}.png`] = sheet("desktop", theme, 7, 1684);
  PICTURES[`states-phone-${theme}.png`] = sheet("phone", theme, 12, 1617);
}

const browser = await launchBrowser();
try {
  for (const [name, { columns, width, gap, shots }] of Object.entries(PICTURES)) {
    const page = await browser.newPage({ viewport: { width, height: 100 } });
    const images = shots.map((source) => `<img src="${source}" style="width:100%;display:block">`).join("");
    await page.setContent(`<body style="margin:0"><div style="display:grid;grid-template-columns:repeat(${columns},1fr);gap:${gap}px">${images}</div>`);
    await page.waitForFunction(() => [...document.images].every((image) => image.complete));
    await page.screenshot({ path: join(IMAGES, name), fullPage: true });
    await page.close();
  }
} finally {
  await browser.close();
}
