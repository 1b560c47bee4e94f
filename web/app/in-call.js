/** While one is in a call with somebody: the screen stays on, and the tab is not closed by mistake. */

/** @typedef {import("../../client/index.js").Room} Room */

/** @param {{room: Room, scope: import("./scope.js").Scope}} props */
export function watchCall({ room, scope }) {
  const lock = new WakeLock();
  let guards = false;
  const guard = (event) => event.preventDefault();
  const set = (on) => {
    if (on !== guards) (on ? addEventListener : removeEventListener)("beforeunload", guard);
    guards = on;
    lock.want(on);
  };
  const look = () => {
    const { active, peers } = room.call.getSnapshot();
    set(active && peers.length > 0);
  };
  scope.add(room.call.subscribe(look));
  // A browser lets go of the lock whenever the tab is hidden.
  scope.listen(document, "visibilitychange", () => document.visibilityState === "visible" && lock.want(guards));
  scope.add(() => set(false));
  look();
}

class WakeLock {
  #wanted = false;
  #asking = false;
  #lock = null;

  async want(on) {
    this.#wanted = on;
    if (!on) return this.#release();
    if (this.#asking || (this.#lock && !this.#lock.released) || document.visibilityState !== "visible") return;
    this.#asking = true;
    // Refused where the battery is low; the screen then goes off as it otherwise would.
    this.#lock = await navigator.wakeLock?.request("screen").catch(() => null);
    this.#asking = false;
    if (!this.#wanted) this.#release();
  }

  #release() {
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }
}
