/**
 * Where the tiles go: boxes in CSS pixels for so many shared screens and people in a stage of a given size. Pure, so that
 * every size and number can be tried without a browser.
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
/** One's own picture in the corner of the other's: by the stage's width, within these. */
const SELF_SHARE = 0.3;
const SELF_MOST_PX = 150;
const SELF_INSET_PX = 10;
/** Above the caption of the picture it lies on. */
const SELF_BOTTOM_PX = 54;
const SELF_STAGE_MOST_PX = 640;

/**
 * @param {{width: number, height: number, screens: number, people: number}} stage the last of the people is oneself
 * @returns {{screens: Box[], people: Box[], height: number, selfView: boolean}} `height`: above the stage's, it scrolls;
 *   `selfView`: one's own box lies on the other's on purpose
 */
export function arrange({ width, height, screens, people }) {
  const whole = { left: 0, top: 0, width, height };
  if (screens) return withScreens(whole, screens, people);
  if (people === 2 && height > width && width <= SELF_STAGE_MOST_PX) return inTheCorner(whole);
  const grid = bestGrid(whole, people, PERSON_RATIO);
  if (fits(grid, people)) return { screens: [], people: cells(whole, grid, people), height, selfView: false };
  return { screens: [], ...scrolled(whole, people), selfView: false };
}

function withScreens(whole, screens, people) {
  let best = null;
  for (const share of STRIPS) {
    for (const [main, strip] of splits(whole, share)) {
      const seats = bestGrid(strip, people, PERSON_RATIO);
      if (!fits(seats, people)) continue;
      const walls = bestGrid(main, screens, SCREEN_RATIO);
      if (!fits(walls, screens)) continue;
      const worth = area(walls, screens, SCREEN_RATIO) + PEOPLE_WORTH * area(seats, people, PERSON_RATIO);
      if (!best || worth > best.worth) best = { worth, main, strip, seats, walls };
    }
  }
  if (!best) return scrolledWithScreens(whole, screens, people);
  return {
    screens: cells(best.main, best.walls, screens),
    people: cells(best.strip, best.seats, people, calm(best.seats)),
    height: whole.height,
    selfView: false,
  };
}

/** Screens above or beside the strip of people. */
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

function inTheCorner(whole) {
  const width = Math.max(LEAST_TILE_PX, Math.min(SELF_MOST_PX, whole.width * SELF_SHARE));
  const height = Math.max(LEAST_TILE_PX, Math.min(width / LEAST_RATIO, whole.height - SELF_BOTTOM_PX - SELF_INSET_PX));
  const own = {
    left: whole.width - width - SELF_INSET_PX,
    top: whole.height - height - SELF_BOTTOM_PX,
    width,
    height,
  };
  return { screens: [], people: [{ ...whole }, own], height: whole.height, selfView: true };
}

/** More people than fit: as many columns as fit at the least size, and rows below what is seen. */
function scrolled({ width, height, top = 0 }, people) {
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (LEAST_TILE_PX + GAP_PX)));
  const rows = Math.ceil(people / columns);
  const cell = { width: Math.max(LEAST_TILE_PX, (width - GAP_PX * (columns - 1)) / columns), height: LEAST_TILE_PX };
  const needed = rows * cell.height + GAP_PX * (rows - 1);
  const area = { left: 0, top, width, height: needed };
  return { people: cells(area, { columns, rows, ...cell }, people), height: Math.max(height, top + needed) };
}

function scrolledWithScreens(whole, screens, people) {
  const least = screens * LEAST_TILE_PX + GAP_PX * (screens - 1);
  const main = { ...whole, height: Math.max(whole.height * 0.6, Math.min(least, whole.height)) };
  const walls = bestGrid(main, screens, SCREEN_RATIO);
  const below = scrolled({ ...whole, top: main.height + GAP_PX }, people);
  return { screens: cells(main, walls, screens), ...below, selfView: false };
}
