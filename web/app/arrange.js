/**
 * Where the tiles go: boxes in CSS pixels for a picture that has the stage and the people beside it, or for people alone. Pure,
 * so that every size and number can be tried without a browser.
 *
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

export const GAP_PX = 10;
/** No tile is narrower or lower; where they do not all fit so, the stage scrolls. */
export const LEAST_TILE_PX = 72;

const SCREEN_RATIO = 16 / 9;
const PERSON_RATIO = 4 / 3;
/** People beside a screen are neither a tower nor a ribbon. */
const LEAST_RATIO = 3 / 4;
const MOST_RATIO = 16 / 9;
/** Shares of the stage that the strip of people beside a screen may take. */
const STRIPS = [0.14, 0.18, 0.22, 0.26, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7];
/** What a pixel of people is worth, where a pixel of a screen is worth 1. */
const PEOPLE_WORTH = 0.2;
/** The smaller of two people's pictures, in a corner of the larger one: by the stage's size, within these. */
const CORNER_SHARE = 0.3;
const CORNER_MOST_PX = 240;
const CORNER_INSET_PX = 10;
/** Clear of the caption below, and of the buttons above. */
const CORNER_CLEAR_PX = 54;
/** A row or column of people that scrolls beside a picture: by the stage's size, within these. */
const FILM_SHARE = 0.22;
const FILM_MOST_PX = 132;

/** @typedef {"top-left" | "top-right" | "bottom-left" | "bottom-right"} Corner */

/**
 * @param {{width: number, height: number, main: boolean, people: number, corner?: Corner, cornerRatio?: number}} stage `main`:
 *   something has most of it, and so many people are beside; `cornerRatio`: of the picture in the corner,
 *   or of the only one
 * @returns {{main: Box | null, people: Box[], width: number, height: number, inCorner: boolean}} `width`, `height`: of what there
 *   is; above the stage's own, it scrolls, and `main` stays in sight. `inCorner`: the last box lies on the one before on purpose
 */
export function arrange({ width, height, main, people, corner = "bottom-right", cornerRatio = PERSON_RATIO }) {
  const whole = { left: 0, top: 0, width, height };
  if (main) return people ? besideMain(whole, people) : { main: whole, people: [], width, height, inCorner: false };
  if (people === 1) return { main: null, people: [inItsShape(whole, cornerRatio)], width, height, inCorner: false };
  if (people === 2) return inTheCorner(whole, corner, cornerRatio);
  const grid = bestGrid(whole, people, PERSON_RATIO);
  if (fits(grid, people)) return { main: null, people: cells(whole, grid, people), width, height, inCorner: false };
  return scrolled(whole, people);
}

function besideMain(whole, people) {
  let best = null;
  for (const share of STRIPS) {
    for (const [main, strip] of splits(whole, share)) {
      const seats = bestGrid(strip, people, PERSON_RATIO);
      if (!fits(seats, people) || !isLarge(main)) continue;
      const worth = area(bestGrid(main, 1, SCREEN_RATIO), 1, SCREEN_RATIO) + PEOPLE_WORTH * area(seats, people, PERSON_RATIO);
      if (!best || worth > best.worth) best = { worth, main, strip, seats };
    }
  }
  if (!best) return withFilmstrip(whole, people);
  const { main, strip, seats } = best;
  return { main, people: cells(strip, seats, people, calm(seats)), width: whole.width, height: whole.height, inCorner: false };
}

/** What has the stage above or beside the strip of people. */
function splits({ width, height }, share) {
  const low = height * share;
  const thin = width * share;
  return [
    [{ left: 0, top: 0, width, height: height - low - GAP_PX }, { left: 0, top: height - low, width, height: low }],
    [{ left: 0, top: 0, width: width - thin - GAP_PX, height }, { left: width - thin, top: 0, width: thin, height }],
  ];
}

/** As many columns as make the pictures largest. */
function bestGrid({ width, height }, count, ratio) {
  let best = { columns: 1, rows: count, width: 0, height: 0, size: -1 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = { width: (width - GAP_PX * (columns - 1)) / columns, height: (height - GAP_PX * (rows - 1)) / rows };
    const size = Math.min(cell.width, cell.height * ratio);
    const better = size > best.size && (!isLarge(best) || isLarge(cell));
    if (better || (isLarge(cell) && !isLarge(best))) best = { columns, rows, ...cell, size };
  }
  return best;
}

const isLarge = ({ width, height }) => width >= LEAST_TILE_PX && height >= LEAST_TILE_PX;
const fits = (grid, count) => count === 0 || isLarge(grid);
const area = ({ size }, count, ratio) => (count * size * size) / ratio;

/** A cell's size with its shape kept within bounds. */
function calm({ width, height }) {
  const ratio = Math.min(MOST_RATIO, Math.max(LEAST_RATIO, width / height));
  return { width: Math.min(width, height * ratio), height: Math.min(height, width / ratio) };
}

/** The boxes of a grid, row by row; the block and a last row that is not full stand in the middle. */
function cells(area, { columns, rows, ...grid }, count, { width, height } = grid) {
  const top = area.top + (area.height - rows * height - GAP_PX * (rows - 1)) / 2;
  return Array.from({ length: count }, (_, at) => {
    const row = Math.floor(at / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = area.left + (area.width - inRow * width - GAP_PX * (inRow - 1)) / 2;
    return { left: left + (at % columns) * (width + GAP_PX), top: top + row * (height + GAP_PX), width, height };
  });
}

/** Alone, a picture has its own shape. */
function inItsShape({ width: mostWide, height: mostHigh }, ratio) {
  const width = Math.max(Math.min(LEAST_TILE_PX, mostWide), Math.min(mostWide, mostHigh * ratio));
  const height = Math.max(Math.min(LEAST_TILE_PX, mostHigh), Math.min(mostHigh, mostWide / ratio));
  return { left: (mostWide - width) / 2, top: (mostHigh - height) / 2, width, height };
}

function inTheCorner(whole, corner, ratio) {
  const most = Math.min(CORNER_MOST_PX, whole.width * CORNER_SHARE);
  const free = Math.max(LEAST_TILE_PX, whole.height - 2 * CORNER_CLEAR_PX);
  const width = Math.max(LEAST_TILE_PX, Math.min(most, (ratio < 1 ? most * ratio : most), free * ratio));
  const height = Math.max(LEAST_TILE_PX, Math.min(width / ratio, free));
  const small = {
    left: corner.endsWith("left") ? CORNER_INSET_PX : whole.width - width - CORNER_INSET_PX,
    top: corner.startsWith("top") ? Math.min(CORNER_CLEAR_PX, whole.height - height) : Math.max(0, whole.height - height - CORNER_CLEAR_PX),
    width,
    height,
  };
  return { main: null, people: [{ ...whole }, small], width: whole.width, height: whole.height, inCorner: true };
}

/** More people than fit: as many columns as fit at the least size, and rows below what is seen. */
function scrolled({ width, height }, people) {
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (LEAST_TILE_PX + GAP_PX)));
  const rows = Math.ceil(people / columns);
  const cell = { width: Math.max(LEAST_TILE_PX, (width - GAP_PX * (columns - 1)) / columns), height: LEAST_TILE_PX };
  const needed = rows * cell.height + GAP_PX * (rows - 1);
  const area = { left: 0, top: 0, width, height: needed };
  return { main: null, people: cells(area, { columns, rows, ...cell }, people), width, height: Math.max(height, needed), inCorner: false };
}

/** More people than fit beside what has the stage: one row of them below it, or one column at its side, that goes on out of sight. */
function withFilmstrip(whole, people) {
  const film = (size) => Math.max(LEAST_TILE_PX, Math.min(FILM_MOST_PX, size * FILM_SHARE));
  const row = { height: film(whole.height), width: film(whole.height) * PERSON_RATIO };
  const column = { width: film(whole.width), height: Math.max(LEAST_TILE_PX, film(whole.width) / PERSON_RATIO) };
  const above = { left: 0, top: 0, width: whole.width, height: whole.height - row.height - GAP_PX };
  const aside = { left: 0, top: 0, width: whole.width - column.width - GAP_PX, height: whole.height };
  const worth = (box) => bestGrid(box, 1, SCREEN_RATIO).size;
  const needed = (size) => people * (size + GAP_PX) - GAP_PX;
  if (worth(above) > worth(aside)) {
    const boxes = Array.from({ length: people }, (_, at) => ({ left: at * (row.width + GAP_PX), top: above.height + GAP_PX, ...row }));
    return { main: above, people: boxes, width: Math.max(whole.width, needed(row.width)), height: whole.height, inCorner: false };
  }
  const boxes = Array.from({ length: people }, (_, at) => ({ left: aside.width + GAP_PX, top: at * (column.height + GAP_PX), ...column }));
  return { main: aside, people: boxes, width: whole.width, height: Math.max(whole.height, needed(column.height)), inCorner: false };
}
