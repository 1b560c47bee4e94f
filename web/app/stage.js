/** The tiles: everybody's picture, or their initials; shared screens take the larger part. */

import { arrange } from "./arrange.js";
import { h, keyed, toggleAttribute } from "./dom.js";
import { icon } from "./icons.js";
import { Tile } from "./tile.js";

const LEVEL_MS = 250;
const SPEAKING = 0.02;

export class Stage {
  #views = new Map();
  #screens = [];
  #people = [];
  #invite;
  #room;

  /** @param {{room: any, invite: () => HTMLElement | null, scope: import("./scope.js").Scope}} props */
  constructor({ room, invite, scope }) {
    this.#room = room;
    this.#invite = invite;
    this.grid = h("div", { class: "tiles", role: "group", "aria-label": "Tiles" });
    this.alone = h("div", { class: "alone", hidden: true });
    this.soundButton = h("button", { class: "button primary sound", type: "button", hidden: true, onclick: () => this.#playAll() }, icon("sound"), "Turn sound on");
    this.element = h("section", { class: "stage", "aria-label": "People in the call" }, this.grid, this.alone, this.soundButton);
    const observer = new ResizeObserver(() => this.#layout());
    observer.observe(this.grid);
    scope.add(() => observer.disconnect());
    scope.every(LEVEL_MS, () => this.#drawLevels());
    scope.add(() => this.#views.forEach((view) => view.remove()));
  }

  draw({ self, participants }, call) {
    const peers = new Map(call.peers.map((peer) => [peer.participantId, peer]));
    const screens = [];
    const screen = (person, stream, own) => stream && screens.push({ key: `${person.id}:screen`, person, stream, own, screen: true });
    for (const person of participants) if (person.media?.screen) screen(person, peers.get(person.id)?.screenStream, false);
    screen(self, call.localScreen, true);
    // Who has hung up, or never came into the call, is in the list of people and has no tile.
    const people = participants.filter((person) => person.inCall !== false).map((person) => {
      const peer = peers.get(person.id);
      return { key: person.id, person, stream: peer?.stream ?? null, state: peer?.state, video: Boolean(person.media?.video) };
    });
    people.push({ key: "self", person: self, stream: call.localStream, own: true, state: "connected", video: call.video });
    this.#screens = screens.map((tile) => tile.key);
    this.#people = people.map((tile) => tile.key);
    keyed(this.grid, this.#views, [...screens, ...people], (tile) => tile.key, (tile) => new Tile(tile, () => (this.soundButton.hidden = false)));
    this.#drawAlone(participants.length === 0);
    this.#layout();
  }

  #drawAlone(alone) {
    if (alone === !this.alone.hidden) return;
    this.alone.hidden = !alone;
    this.element.classList.toggle("is-alone", alone);
    if (!alone) return this.alone.replaceChildren();
    const panel = this.#invite();
    this.alone.replaceChildren(
      h("h2", {}, "Nobody else is here"),
      panel ? h("p", {}, "Send somebody the link. They will appear here.") : h("p", {}, "Others appear here as they come in."),
      ...(panel ? [panel] : []),
    );
  }

  #layout() {
    const { clientWidth: width, clientHeight: height } = this.grid;
    if (!width || !height || !this.#people.length) return;
    const placed = arrange({ width, height, screens: this.#screens.length, people: this.#people.length });
    const scrolls = placed.height > height;
    this.grid.classList.toggle("scrolls", scrolls);
    // What scrolls must be within reach of the keyboard.
    toggleAttribute(this.grid, "tabindex", scrolls && "0");
    this.#screens.forEach((key, at) => this.#views.get(key).place(placed.screens[at]));
    this.#people.forEach((key, at) => this.#views.get(key).place(placed.people[at]));
    this.#views.get("self").element.classList.toggle("self-view", placed.selfView);
  }

  #drawLevels() {
    for (const [id, level] of this.#room.call.levels()) {
      this.#views.get(id)?.element.classList.toggle("speaking", level > SPEAKING);
    }
  }

  #playAll() {
    this.soundButton.hidden = true;
    for (const view of this.#views.values()) view.play();
  }
}
