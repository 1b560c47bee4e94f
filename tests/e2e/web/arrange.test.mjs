// Where the tiles go, for every number of people and screens in stages of every size.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, LEAST_TILE_PX } from "../../../web/app/arrange.js";

const STAGES = [
  [1534, 960], [1180, 640], [870, 540], [550, 540], [344, 600], [344, 330], [304, 420], [660, 300], [370, 300], [300, 100],
];
/** Two tiles may share a border, not a picture; divisions leave crumbs. */
const CRUMB_PX = 0.01;

const overlap = (a, b) =>
  Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left) > CRUMB_PX &&
  Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top) > CRUMB_PX;

for (const [width, height] of STAGES) {
  test(`a stage of ${width} by ${height}: every tile inside, large enough, on no other`, () => {
    for (let people = 1; people <= 50; people += 1) {
      for (let screens = 0; screens <= 4; screens += 1) {
        const seen = arrange({ width, height, screens, people });
        const what = `${people} people and ${screens} screens: ${JSON.stringify(seen)}`;
        assert.equal(seen.people.length, people, what);
        assert.equal(seen.screens.length, screens, what);
        const boxes = [...seen.screens, ...seen.people];
        for (const box of boxes) {
          assert.ok(box.left > -CRUMB_PX && box.left + box.width < width + CRUMB_PX, what);
          assert.ok(box.top > -CRUMB_PX && box.top + box.height < seen.height + CRUMB_PX, what);
          if (Math.min(width, height) > 2 * LEAST_TILE_PX) {
            assert.ok(box.width > LEAST_TILE_PX - CRUMB_PX && box.height > LEAST_TILE_PX - CRUMB_PX, what);
          }
        }
        if (seen.selfView) {
          assert.deepEqual([people, screens], [2, 0]);
          continue;
        }
        for (const [at, box] of boxes.entries()) for (const other of boxes.slice(at + 1)) assert.ok(!overlap(box, other), what);
      }
    }
  });
}

test("eight people with a share fit the sizes of the common screens without scrolling", () => {
  for (const [width, height] of STAGES.slice(0, 8)) {
    for (const screens of [1, 2]) assert.equal(arrange({ width, height, screens, people: 8 }).height, height, `${width} by ${height}`);
  }
});

test("a shared screen is larger than any face beside it", () => {
  for (const [width, height] of STAGES.slice(0, 5)) {
    const { screens, people } = arrange({ width, height, screens: 1, people: 4 });
    const shown = Math.min(screens[0].width, (screens[0].height * 16) / 9) ** 2 / (16 / 9);
    for (const box of people) assert.ok(shown > box.width * box.height, `${width} by ${height}`);
  }
});
