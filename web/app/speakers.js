/** Where the sound of a room comes out, and a test of it. */

import { prefs, setPrefs } from "./prefs.js";
import { ring } from "./sounds.js";

export const canChoose = () => "setSinkId" in HTMLMediaElement.prototype;

/** @param {HTMLMediaElement} element plays from now on where it was chosen, or where the system says */
export async function useSpeaker(element) {
  const { speaker } = prefs();
  if (!canChoose() || element.sinkId === speaker) return;
  await element.setSinkId(speaker).catch(() => {}); // Unplugged: it stays where it was.
}

/** Throws where the browser cannot play there; the one of before then stays. @param {string} id of a device */
export async function chooseSpeaker(id) {
  await new Audio().setSinkId(id);
  setPrefs({ speaker: id });
}

/** Plays three notes on the chosen speaker. @returns {Promise<void>} when they are over */
export async function testSpeaker() {
  const context = new AudioContext();
  const into = context.createMediaStreamDestination();
  const player = new Audio();
  player.srcObject = into.stream;
  await useSpeaker(player);
  try {
    await context.resume();
    await player.play();
    const seconds = ring(context, into, "test");
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 200));
  } finally {
    player.srcObject = null;
    await context.close();
  }
}
