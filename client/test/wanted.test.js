import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "../core/scope.js";
import { Slot } from "../call/slot.js";
import { TestTrack } from "../testkit/media.js";
import { Wanted } from "../core/wanted.js";

/** A promise that the test settles. */
function gate() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { open: resolve, fail: reject }));
  return made;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("of wishes made meanwhile the last one is met, and those between are passed over", async () => {
  const first = gate();
  const met = [];
  const thing = new Wanted(0, async (wish) => {
    met.push(wish);
    if (wish === 1) await first.promise;
  });
  const wishes = [1, 2, 3].map((wish) => thing.set(wish));
  first.open();
  await Promise.all(wishes);
  assert.deepEqual(met, [1, 3]);
});

test("what fails is no matter once something else is wished for, and is told where it was the last", async () => {
  const thing = new Wanted(0, async (wish) => assert.notEqual(wish, 1));
  await assert.doesNotReject(Promise.all([thing.set(1), thing.set(2)]));
  await assert.rejects(thing.set(1));
  await thing.set(2);
});

test("a wish that comes as the worker ends is not lost", async () => {
  const met = [];
  const thing = new Wanted(0, async (wish) => void met.push(wish));
  const chained = thing.set(1).then(() => thing.set(2));
  await chained;
  assert.deepEqual(met, [1, 2]);
});

/** A slot whose devices open when the test says so; `made` are all tracks that ever were. */
function slotOf({ replaceable = true } = {}) {
  const asked = [];
  const made = [];
  const told = { failed: [], lost: [], wished: [] };
  const open = ({ deviceId }) => {
    const one = gate();
    asked.push({
      deviceId,
      openIt: async () => {
        const track = new TestTrack("audio", deviceId ?? "default");
        made.push(track);
        one.open(track);
        await settled();
        return track;
      },
      fail: async (code = "DEVICE_BUSY") => {
        one.fail(Object.assign(new Error(code), { code }));
        await settled();
      },
    });
    return one.promise;
  };
  const slot = new Slot({
    open,
    replaceable,
    changed: () => {},
    wished: () => told.wished.push(slot.isWanted),
    failed: (error) => told.failed.push(error?.code),
    lost: (replaced) => told.lost.push(replaced),
  });
  return { slot, asked, made, told };
}

const live = (made) => made.filter((track) => track.readyState === "live");

test("off while a device opens leaves nothing live", async () => {
  const { slot, asked, made } = slotOf();
  const wishes = [slot.want({ on: true }), slot.want({ on: false })];
  await asked[0].openIt();
  await Promise.all(wishes);
  assert.deepEqual([live(made).length, slot.track, slot.isWanted], [0, null, false]);
});

test("on, off, on leaves one live, also where the first was still opening", async () => {
  const { slot, asked, made } = slotOf();
  const wishes = [slot.want({ on: true }), slot.want({ on: false }), slot.want({ on: true })];
  await asked[0].openIt();
  await Promise.all(wishes);
  assert.equal(asked.length, 1);
  assert.deepEqual(live(made), [slot.track]);
});

test("muted while it opens, a microphone is not opened; muted later, it stays open and silent", async () => {
  const { slot, asked, made } = slotOf();
  const wishes = [slot.want({ on: true }), slot.mute(true)];
  await asked[0].openIt();
  await Promise.all(wishes);
  assert.equal(live(made).length, 0);
  const again = slot.mute(false);
  await asked[1].openIt();
  await again;
  await slot.mute(true);
  assert.deepEqual([live(made).length, slot.track.enabled, slot.isWanted], [1, false, false]);
  await slot.mute(false);
  assert.equal(slot.track.enabled, true);
});

test("a track that is on stops at the press, before anything is waited for", async () => {
  const { slot, asked } = slotOf();
  const on = slot.want({ on: true });
  const track = await asked[0].openIt();
  await on;
  slot.want({ on: false });
  assert.equal(track.readyState, "ended");
});

test("a wish that cannot be met is told as one that is no more", async () => {
  const { slot, asked, told } = slotOf();
  const on = slot.want({ on: true });
  await asked[0].fail("DEVICE_BLOCKED");
  await on;
  assert.deepEqual([slot.isWanted, told.wished, told.failed], [false, [true, false], ["DEVICE_BLOCKED"]]);
});

test("exchanging a device closes the old one before the new one is opened", async () => {
  const { slot, asked } = slotOf();
  const on = slot.want({ on: true, deviceId: "a" });
  const first = await asked[0].openIt();
  await on;
  const changed = slot.want({ deviceId: "b" });
  await settled();
  assert.equal(first.readyState, "ended");
  const second = await asked[1].openIt();
  await changed;
  assert.deepEqual([slot.track, asked[1].deviceId], [second, "b"]);
});

test("an exchange that fails goes back to the device of before, and says why", async () => {
  const { slot, asked, made } = slotOf();
  const on = slot.want({ on: true, deviceId: "a" });
  await asked[0].openIt();
  await on;
  const changed = slot.want({ deviceId: "b" });
  await settled();
  await asked[1].fail();
  await asked[2].openIt();
  await changed;
  assert.deepEqual([asked[2].deviceId, live(made).length, slot.failure.code], ["a", 1, "DEVICE_BUSY"]);
});

test("of two exchanges the last one wins, and one that is called off leaves nothing", async () => {
  const { slot, asked, made } = slotOf();
  const on = slot.want({ on: true, deviceId: "a" });
  await asked[0].openIt();
  await on;
  const wishes = [slot.want({ deviceId: "b" })];
  await settled();
  wishes.push(slot.want({ deviceId: "c" }));
  await asked[1].openIt();
  await asked[2].openIt();
  await Promise.all(wishes);
  assert.deepEqual(live(made).map(({ deviceId }) => deviceId), ["c"]);
  const last = [slot.want({ deviceId: "d" })];
  await settled();
  last.push(slot.want({ on: false }));
  await asked[3].openIt();
  await Promise.all(last);
  assert.equal(live(made).length, 0);
});

test("a device that goes away is replaced by another, as loud as it was, and this is told", async () => {
  const { slot, asked, told } = slotOf();
  const on = slot.want({ on: true, deviceId: "a" });
  const first = await asked[0].openIt();
  await on;
  await slot.mute(true);
  first.vanish();
  await settled();
  const second = await asked[1].openIt();
  await settled();
  assert.deepEqual([asked[1].deviceId, slot.track, second.enabled, told.lost], [undefined, second, false, [true]]);
  second.vanish();
  await settled();
  await asked[2].fail("DEVICE_MISSING");
  await settled();
  assert.deepEqual([slot.track, slot.isWanted, told.lost, told.failed.at(-1)], [null, false, [true, false], "DEVICE_MISSING"]);
});

test("a shared screen that is stopped in the browser's own bar is off, and nobody is asked for another", async () => {
  const { slot, asked, told } = slotOf({ replaceable: false });
  const on = slot.want({ on: true });
  const track = await asked[0].openIt();
  await on;
  track.vanish();
  await settled();
  assert.deepEqual([slot.track, slot.isWanted, asked.length, told.lost], [null, false, 1, []]);
});

test("a device that is not there is replaced by any other", async () => {
  const { slot, asked, made, told } = slotOf();
  const on = slot.want({ on: true, deviceId: "gone" });
  await asked[0].fail("DEVICE_MISSING");
  await asked[1].openIt();
  await on;
  assert.deepEqual([live(made).length, slot.failure, told.failed], [1, undefined, [undefined]]);
});

test("a track that was handed over is not stopped, and one still opening is", async () => {
  const { slot, asked, made } = slotOf();
  const on = slot.want({ on: true });
  const track = await asked[0].openIt();
  await on;
  assert.equal(slot.release(), track);
  await settled();
  assert.equal(track.readyState, "live");
  const again = slot.want({ on: true });
  assert.equal(slot.release(), null);
  await asked[1].openIt();
  await again;
  assert.deepEqual(live(made), [track]);
});

test("what belongs to a scope ends with it, once", async () => {
  const scope = new Scope();
  const ended = [];
  scope.add(() => ended.push("a"));
  const sooner = scope.add(() => ended.push("b"));
  scope.later(() => ended.push("late"), 5);
  const target = new EventTarget();
  scope.listen(target, "tick", () => ended.push("tick"));
  target.dispatchEvent(new Event("tick"));
  sooner();
  scope.close();
  scope.close();
  target.dispatchEvent(new Event("tick"));
  await new Promise((resolve) => setTimeout(resolve, 10));
  scope.add(() => ended.push("too late"));
  assert.deepEqual(ended, ["tick", "b", "a", "too late"]);
});
