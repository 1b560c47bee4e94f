// The camera of the browsers of tests: small pictures, ten a second, since two cores encode, decode and draw every picture
// of every page in software.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [WIDTH, HEIGHT, PER_SECOND] = [320, 180, 10];
/** What Firefox is asked for (`askForLittle`). */
export const LITTLE = [WIDTH, HEIGHT, PER_SECOND];
const FRAMES = 10;
const FILE = join(tmpdir(), `mayfly-test-camera-${WIDTH}x${HEIGHT}x${PER_SECOND}.y4m`);

/** The flags of Chromium for it: a film, in place of the device that draws 1280 × 720. */
export function smallCamera() {
  if (!existsSync(FILE)) {
    const whole = `${FILE}.${process.pid}`;
    writeFileSync(whole, film());
    renameSync(whole, FILE); // Others may make it at the same moment.
  }
  return [`--use-file-for-fake-video-capture=${FILE}`];
}

/** A light box that goes from left to right (YUV4MPEG2). */
function film() {
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${PER_SECOND}:1 Ip A1:1 C420jpeg\n`)];
  for (let number = 0; number < FRAMES; number += 1) {
    const light = Buffer.alloc(WIDTH * HEIGHT, 96);
    const left = Math.floor((number * (WIDTH - 60)) / FRAMES);
    for (let row = HEIGHT / 3; row < (HEIGHT * 2) / 3; row += 1) light.fill(208, row * WIDTH + left, row * WIDTH + left + 60);
    parts.push(Buffer.from("FRAME\n"), light, Buffer.alloc((WIDTH * HEIGHT) / 2, 128));
  }
  return Buffer.concat(parts);
}

/** Runs in a page of Firefox, whose fake device draws what it is asked for: it is asked for the same. */
export function askForLittle([width, height, frameRate]) {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = ({ video, ...rest }) =>
    open({ ...rest, video: video && { ...(typeof video === "object" ? video : {}), width, height, frameRate } });
}
