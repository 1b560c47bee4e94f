import assert from "node:assert/strict";
import { test } from "node:test";
import { withNoiseSuppression } from "../call/noise.js";
import { installTestMedia, startTestClock, startTestServer } from "../testing.js";

async function stage(t, { fixed, options, start = { audio: true, video: false } } = {}) {
  const clock = startTestClock();
  const server = startTestServer();
  const media = installTestMedia();
  media.devices.fixed = Boolean(fixed);
  t.after(async () => {
    server.stop();
    await clock.settle();
    media.restore();
    clock.restore();
  });
  const { link } = server.makeRoom();
  const ada = await server.join(link, { name: "Ada", call: options });
  await Promise.all([ada.call.start(start), clock.pass(10)]);
  const set = async (on) => (await Promise.all([ada.call.setNoiseSuppression(on), clock.pass(10)]))[0];
  const sent = () => ada.call.getSnapshot().localStream?.getAudioTracks()[0];
  return { clock, media, ada, set, sent };
}

test("noise suppression is on unless it is told otherwise, also for the first microphone", async (t) => {
  assert.equal((await stage(t)).sent().noiseSuppression, true);
});

test("noise suppression that was off before the call is off in it", async (t) => {
  assert.equal((await stage(t, { options: { noiseSuppression: false } })).sent().noiseSuppression, false);
});

test("a running microphone that can be changed is changed, and none is opened beside it", async (t) => {
  const { media, set, sent } = await stage(t);
  const before = sent();
  assert.equal(await set(false), false);
  assert.equal(sent(), before);
  assert.equal(media.devices.opened.length, 1);
  assert.equal(await set(true), true);
  assert.equal(sent().noiseSuppression, true);
});

test("one that keeps what it was opened with gives way to another, as loud as it was", async (t) => {
  const { clock, media, ada, set, sent } = await stage(t, { fixed: true });
  const before = sent();
  await Promise.all([ada.call.setAudio(false), clock.pass(10)]);
  assert.equal(await set(false), false);
  assert.notEqual(sent(), before);
  assert.equal(sent().enabled, false, "muted is muted");
  assert.deepEqual(media.devices.live, [sent()]);
  assert.equal(ada.call.getSnapshot().audio, false);
});

test("the last wish counts, also for a microphone that is opened later", async (t) => {
  const { clock, media, ada, set, sent } = await stage(t, { fixed: true });
  const wishes = [ada.call.setNoiseSuppression(false), ada.call.setNoiseSuppression(true)];
  await Promise.all([...wishes, clock.pass(10)]);
  assert.equal(sent().noiseSuppression, true);
  assert.equal(media.devices.live.length, 1);
  media.devices.plugIn("audioinput", "headset");
  await set(false);
  await Promise.all([ada.call.switchDevice("audio", "headset"), clock.pass(10)]);
  assert.deepEqual([sent().deviceId, sent().noiseSuppression], ["headset", false]);
});

test("without a microphone there is nothing to say, and it is kept for the next one", async (t) => {
  const { clock, ada, set, sent } = await stage(t, { start: { audio: false, video: false } });
  assert.equal(await set(false), null);
  await Promise.all([ada.call.setAudio(true), clock.pass(10)]);
  assert.equal(sent().noiseSuppression, false);
});

test("a browser that can do neither leaves the microphone as it is, and says so", async (t) => {
  const { media, set, sent } = await stage(t, { fixed: true });
  const before = sent();
  media.devices.failing.audio = "NotReadableError";
  assert.equal(await set(false), true);
  assert.equal(sent(), before);
  assert.equal(before.readyState, "live");
});

test("a page's own preview gets the same track, or another one to put in its place", async (t) => {
  const { media, sent } = await stage(t, { fixed: true });
  assert.equal(await withNoiseSuppression(sent(), true), sent());
  const other = await withNoiseSuppression(sent(), false);
  assert.equal(other.noiseSuppression, false);
  assert.equal(media.devices.live.length, 2, "the page stops the one before");
});

test("a device may be opened in the site's own way, whatever asks for it", async (t) => {
  const wishes = [];
  const own = (wish) => (wishes.push(wish), navigator.mediaDevices.getUserMedia({ video: true }).then((stream) => stream.getTracks()[0]));
  const { clock, media, ada } = await stage(t, { options: { open: { video: own } }, start: { audio: false, video: true } });
  media.devices.plugIn("videoinput", "other");
  await Promise.all([ada.call.switchDevice("video", "other"), clock.pass(10)]);
  assert.deepEqual(wishes.map(({ deviceId }) => deviceId), [undefined, "other"]);
  assert.equal(media.devices.live.length, 1);
});
