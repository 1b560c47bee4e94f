// What a page's boxes must fulfil. Runs in the page, so it stands alone.

/**
 * @param {{width: number, height: number, leastTile: number}} window
 * @returns {string[]} what is wrong, in words
 */
export function boxProblems({ width, height, leastTile }) {
  const problems = [];
  const CRUMB = 0.6;
  const visible = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  const box = (element) => element.getBoundingClientRect();
  const named = (element) => element.getAttribute("aria-label") ?? element.dataset.tile ?? element.className;
  const round = (b) => `${Math.round(b.left)},${Math.round(b.top)} ${Math.round(b.width)}×${Math.round(b.height)}`;
  const within = (element, frame, what) => {
    const [b, f] = [box(element), frame];
    if (b.left < f.left - CRUMB || b.top < f.top - CRUMB || b.right > f.right + CRUMB || b.bottom > f.bottom + CRUMB) {
      problems.push(`${named(element)} (${round(b)}) leaves ${what}`);
    }
  };
  const overlap = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > CRUMB && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > CRUMB;

  if (innerWidth !== width || innerHeight !== height) problems.push(`the window is ${innerWidth}×${innerHeight}`);
  const root = document.documentElement;
  if (root.scrollWidth > width) problems.push(`the document is ${root.scrollWidth} px wide`);
  const frame = { left: 0, top: 0, right: width, bottom: height };
  for (const dialog of visible("dialog[open]")) {
    within(dialog, frame, "the window");
    within(dialog.querySelector(".dialog-head button"), frame, "the window");
    if (dialog.scrollWidth > dialog.clientWidth) problems.push("a dialog scrolls sideways");
  }
  if (!document.querySelector(".room")) return problems;

  if (root.scrollHeight !== height) problems.push(`the document is ${root.scrollHeight} px high`);
  const controls = visible(".controls button");
  if (controls.length < 7) problems.push(`${controls.length} controls`);
  for (const button of [...controls, ...visible(".room-head button, .composer textarea, .composer button")]) {
    within(button, frame, "the window");
    if (Math.min(box(button).width, box(button).height) < 24) problems.push(`${named(button)} is ${round(box(button))}`);
  }
  for (const [at, one] of controls.entries()) {
    for (const other of controls.slice(at + 1)) if (overlap(box(one), box(other))) problems.push(`${named(one)} lies on ${named(other)}`);
  }
  const panel = visible(".panel").at(0);
  for (const button of controls) if (panel && overlap(box(button), box(panel))) problems.push(`the panel covers ${named(button)}`);

  const stage = box(document.querySelector(".tiles"));
  const tiles = visible(".tile");
  if (leastTile && !tiles.length) problems.push("no tiles");
  for (const [at, tile] of tiles.entries()) {
    const b = box(tile);
    within(tile, stage, "the stage");
    if (b.width < leastTile || b.height < leastTile) problems.push(`tile ${named(tile)} is ${round(b)}`);
    for (const other of tiles.slice(at + 1)) {
      if (!tile.matches(".self-view") && !other.matches(".self-view") && overlap(b, box(other))) problems.push(`tile ${named(tile)} lies on ${named(other)}`);
    }
    for (const part of tile.querySelectorAll(".tile-caption")) within(part, b, `tile ${named(tile)}`);
  }

  const list = visible(".messages").at(0);
  if (list && list.querySelectorAll(".message").length >= 15) {
    if (list.scrollHeight <= list.clientHeight) problems.push("the message list does not scroll");
    if (list.scrollHeight - list.scrollTop - list.clientHeight > 4) problems.push("the message list is not at its end");
    if (list.scrollWidth > list.clientWidth) problems.push("the message list scrolls sideways");
    if (list.clientHeight < 40) problems.push(`the message list is ${list.clientHeight} px high`);
  }
  return problems;
}
