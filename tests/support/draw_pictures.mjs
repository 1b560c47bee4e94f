/**
 * Draws the page's pictures of `web/icon.svg` in Chromium: `node tests/support/draw_pictures.mjs /path/to/chromium`.
 * They are committed; this is how to draw them again.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "../../web");
const icon = readFileSync(join(WEB, "icon.svg"), "utf8");
/** The mark alone, without its rounded ground. */
const mark = icon.replace(/<rect[^>]*\/>/, "");
const face = readFileSync(join(WEB, "node_modules/@fontsource/eb-garamond/files/eb-garamond-latin-500-normal.woff2"), "base64");
const ground = "#0e5c4d";

const square = (size, inner, background) => ({
  width: size,
  height: size,
  body: `<div style="width:100%;height:100%;display:grid;place-items:center;background:${background}">
    <div style="width:${inner}%;height:${inner}%">${background === "transparent" ? icon : mark}</div></div>`,
});
const ripple = (width, opacity) =>
  `<ellipse cx="600" cy="552" rx="${width}" ry="${width * 0.13}" fill="none" stroke="#7fd6bd" stroke-opacity="${opacity}" stroke-width="2.5"/>`;
const share = {
  width: 1200,
  height: 630,
  body: `<div style="position:relative;width:100%;height:100%;background:${ground}">
    <svg viewBox="0 0 1200 630" style="position:absolute;inset:0">${[90, 190, 310, 450].map((width, at) => ripple(width, 0.5 - at * 0.09)).join("")}</svg>
    <div style="position:absolute;left:0;right:0;top:44px;display:flex;flex-direction:column;align-items:center;color:#f3efe6">
      <div style="width:250px;height:250px">${mark}</div>
      <div style="font:500 124px/1 Face;letter-spacing:-1px;margin-top:-14px">Mayfly</div>
      <div style="font:500 40px/1.3 Face;margin-top:22px;color:#dcebe3">Rooms for a few people and a short while. Then gone.</div>
    </div></div>`,
};
const PICTURES = {
  "icon-180.png": square(180, 78, ground),
  "icon-192.png": square(192, 100, "transparent"),
  "icon-512.png": square(512, 100, "transparent"),
  // What a launcher may cut off is a fifth on each side (W3C, maskable icons): the mark stays within the rest.
  "icon-maskable-512.png": square(512, 66, ground),
  "share.png": share,
};

const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox"] });
try {
  for (const [name, { width, height, body }] of Object.entries(PICTURES)) {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.setContent(`<style>@font-face{font-family:Face;font-weight:500;src:url(data:font/woff2;base64,${face})}html,body{margin:0;height:100%}svg{width:100%;height:100%;display:block}</style>${body}`);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: join(WEB, "pictures", name), omitBackground: true });
    await page.close();
  }
} finally {
  await browser.close();
}
