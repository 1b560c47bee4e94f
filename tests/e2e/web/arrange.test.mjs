// Where the tiles go, for every number of people, with and without a picture that has the stage, in stages of every size.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, LEAST_TILE_PX } from "../../../web/app/arrange.js";

const STAGES = [
  [1534, 960], [1180, 640], [870, 540], [550, 540], [344, 600], [344, 330], [304, 420], [660, 300], [370, 300], [300, 100],
];
const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"];
/** Two tiles may share a border, not a picture; divisions leave crumbs. */
const CRUMB_PX = 0.01;

const overlap = (a, b) =>
  Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left) > CRUMB_PX &&
  Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top) > CRUMB_PX;

function assertInside(box, { width, height }, what) {
  assert.ok(box.left > -CRUMB_PX && box.left + box.width < width + CRUMB_PX, what);
  assert.ok(box.top > -CRUMB_PX && box.top + box.height < height + CRUMB_PX, what);
}

for (const [width, height] of STAGES) {
  test(`a stage of ${width} by ${height}: every tile inside, large enough, on no other`, () => {
    for (let people = 1; people <= 50; people += 1) {
      for (const main of [false, true]) {
        const seen = arrange({ width, height, main, people });
        const what = `${people} people${main ? " beside one picture" : ""}: ${JSON.stringify(seen)}`;
        assert.equal(seen.people.length, people, what);
        assert.equal(Boolean(seen.main), main, what);
        // What has the stage is in sight without scrolling.
        if (main) assertInside(seen.main, { width, height }, what);
        const boxes = main ? [seen.main, ...seen.people] : seen.people;
        for (const box of boxes) {
          assertInside(box, seen, what);
          if (Math.min(width, height) > 2 * LEAST_TILE_PX) {
            assert.ok(box.width > LEAST_TILE_PX - CRUMB_PX && box.height > LEAST_TILE_PX - CRUMB_PX, what);
          }
        }
        // It scrolls in one direction, and beside a picture the people alone do.
        assert.ok(seen.width === width || seen.height === height, what);
        if (seen.inCorner) {
          assert.deepEqual([people, main], [2, false]);
          continue;
        }
        for (const [at, box] of boxes.entries()) for (const other of boxes.slice(at + 1)) assert.ok(!overlap(box, other), what);
        if (main && seen.width > width) for (const box of seen.people) assert.ok(box.top >= seen.main.height, what);
        if (main && seen.height > height) for (const box of seen.people) assert.ok(box.left >= seen.main.width, what);
      }
    }
  });
}

test("of two people one has the stage and the other a corner, whichever it is, in a shape near that of the picture", () => {
  for (const [width, height] of STAGES.slice(0, 9)) {
    for (const corner of CORNERS) {
      for (const cornerRatio of [16 / 9, 4 / 3, 3 / 4]) {
        const { people: [large, small], inCorner } = arrange({ width, height, main: false, people: 2, corner, cornerRatio });
        const what = `${width} by ${height}, ${corner}, ${cornerRatio}: ${JSON.stringify(small)}`;
        assert.ok(inCorner);
        assert.deepEqual(large, { left: 0, top: 0, width, height });
        assertInside(small, { width, height }, what);
        const [aside, down] = [small.left - (width - small.width) / 2, small.top - (height - small.height) / 2];
        assert.ok(corner.endsWith("left") ? aside < CRUMB_PX : aside > -CRUMB_PX, what);
        assert.ok(corner.startsWith("top") ? down < CRUMB_PX : down > -CRUMB_PX, what);
        assert.ok(small.width * small.height < (width * height) / 4, what);
      }
    }
  }
});

test("a last row that is not full stands in the middle", () => {
  const { people } = arrange({ width: 1180, height: 640, main: false, people: 5 });
  const [last] = people.slice(-1);
  const row = people.filter(({ top }) => top === last.top);
  const middle = (row[0].left + last.left + last.width) / 2;
  assert.ok(row.length < 3 && Math.abs(middle - 590) < 1);
});

test("eight people beside a share fit the sizes of the common screens without scrolling", () => {
  for (const [width, height] of STAGES.slice(0, 8)) {
    const seen = arrange({ width, height, main: true, people: 8 });
    assert.deepEqual([seen.width, seen.height], [width, height], `${width} by ${height}`);
  }
});

test("fifty people beside a share scroll as a filmstrip, and the share keeps most of the stage", () => {
  for (const [width, height] of STAGES.slice(2, 7)) {
    const { main, ...seen } = arrange({ width, height, main: true, people: 50 });
    if (seen.width === width && seen.height === height) continue;
    assert.ok(main.width * main.height > 0.55 * width * height, `${width} by ${height}: ${JSON.stringify(main)}`);
  }
});

test("a shared screen is larger than any face beside it", () => {
  for (const [width, height] of STAGES.slice(0, 5)) {
    const { main, people } = arrange({ width, height, main: true, people: 4 });
    const shown = Math.min(main.width, (main.height * 16) / 9) ** 2 / (16 / 9);
    for (const box of people) assert.ok(shown > box.width * box.height, `${width} by ${height}`);
  }
});
