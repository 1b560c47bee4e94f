/** Tells the others when nobody is in front of the page. In a call one is there, whatever the hands do. */

/** @typedef {import("../../client/index.js").Room} Room */

const IDLE_MS = 5 * 60_000;
/** A moving pointer is one sign, not hundreds. */
const NOTE_MS = 1_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** @param {{room: Room, scope: import("./scope.js").Scope}} props */
export function watchIdle({ room, scope }) {
  let idle = false;
  let calledOff = () => {};
  const tell = (value) => {
    if (value === idle) return;
    idle = value;
    room.updateSelf({ idle }).catch(() => {}); // A hint; the next sign says it, too.
  };
  const goIdle = () => {
    const { active, audio, video } = room.call.getSnapshot();
    if (active && (audio || video)) wait();
    else tell(true);
  };
  const wait = () => {
    calledOff();
    calledOff = scope.after(IDLE_MS, goIdle);
  };
  let seenAt = -Infinity;
  const awake = () => {
    if (performance.now() - seenAt < NOTE_MS) return;
    seenAt = performance.now();
    tell(false);
    wait();
  };
  for (const sign of SIGNS) scope.listen(document, sign, awake, { passive: true });
  scope.listen(document, "visibilitychange", () => document.visibilityState === "visible" && awake());
  wait();
}
