/** Everybody's picture, or their initials: who or what has the stage, and who is beside it. */

import { arrange } from "./arrange.js";
import { Corner } from "./corner.js";
import { h, keyed, setText, toggleAttribute } from "./dom.js";
import { markedName } from "./format.js";
import { icon } from "./icons.js";
import { hasLeft } from "./leaving.js";
import { ShareCard } from "./share-card.js";
import { Speaker } from "./speaker.js";
import { StageTools } from "./stage-tools.js";
import { Tile } from "./tile.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const LEVEL_MS = 250;
const SPEAKING = 0.02;
/** From so many people on, whoever speaks has the stage. */
const FOLLOWED_FROM = 4;
/** How often what lies blurred behind a picture is drawn anew. */
const BACKDROP_MS = 1_000;
/** What the tools of the stage take of its upper edge. */
const TOOLS_PX = 180;

export class Stage {
  #views = new Map();
  #tabs = new Map();
  /** Keys of tiles as they were drawn last: what others share, people with oneself last, and the card of an own share. */
  #shares = [];
  #people = [];
  #card = [];
  #pinned = null;
  #share = null;
  #follows = true;
  #maySpeak = false;
  #speaker = new Speaker();
  #invite;
  #ownTool;
  #room;

  /** @param {{room: Room, invite: () => HTMLElement | null, scope: import("./scope.js").Scope, acts: import("./stage-tools.js").Acts, ownTool: HTMLElement}} props
   *   `acts`: see `StageTools`; `ownTool` stands on one's own picture */
  constructor({ room, invite, scope, acts, ownTool }) {
    this.#room = room;
    this.#ownTool = ownTool;
    this.#invite = invite;
    this.inner = h("div", { class: "tiles-inner" });
    this.grid = h("div", { class: "tiles", role: "group", "aria-label": t("stage.tiles") }, this.inner);
    this.tabs = h("div", { class: "share-tabs", role: "group", "aria-label": t("stage.shares"), hidden: true });
    this.alone = h("div", { class: "alone", hidden: true });
    this.soundButton = h("button", { class: "button primary sound", type: "button", hidden: true, onclick: () => this.#playAll() }, icon("sound"), t("stage.sound"));
    this.tools = new StageTools({ room, scope, acts, picture: () => this.#picture(), follow: (on) => this.#follow(on) });
    this.corner = new Corner({ moved: () => this.#layout() });
    this.element = h("section", { class: "stage", "aria-label": t("stage.label") }, this.tabs, this.grid, this.alone, this.soundButton, this.tools.element);
    const observer = new ResizeObserver(() => this.#layout());
    observer.observe(this.grid);
    scope.add(() => observer.disconnect());
    scope.every(LEVEL_MS, () => this.#listen());
    scope.every(BACKDROP_MS, () => this.#views.forEach((view) => view.drawBackdrop?.()));
    scope.add(() => this.#views.forEach((view) => view.remove?.()));
  }

  draw({ self, participants }, call) {
    const peers = new Map(call.peers.map((peer) => [peer.participantId, peer]));
    const shares = participants
      .filter(({ id, media }) => media?.screen && peers.get(id)?.screenStream)
      .map((person) => ({ key: `${person.id}:screen`, person, stream: peers.get(person.id).screenStream, screen: true }));
    // Who has hung up, or never came into the call, is in the list of people and has no tile.
    const people = participants.filter((person) => person.inCall !== false).map((person) => {
      const peer = peers.get(person.id);
      const state = self.media?.canCall === false ? "unable" : peer?.state;
      return { key: person.id, person, stream: peer?.stream ?? null, state, video: Boolean(person.media?.video) };
    });
    people.push({ key: "self", person: self, stream: call.localStream, own: true, state: "connected", video: call.video });
    const card = call.localScreen ? [{ key: `${self.id}:screen`, person: self, card: true }] : [];
    this.#note(shares, people, card);
    const create = (tile) => (tile.card ? new ShareCard(tile, () => this.#room.call.setScreen(false)) : this.#newTile(tile));
    keyed(this.inner, this.#views, [...shares, ...people, ...card], ({ key }) => key, create);
    // Browsers let a page choose a speaker once it was given a microphone or camera.
    if (call.localStream && !this.#maySpeak) this.useSpeaker();
    this.#maySpeak = Boolean(call.localStream);
    this.#drawTabs(shares);
    this.#drawAlone(participants.every(hasLeft));
    this.tools.draw({ many: people.length >= FOLLOWED_FROM, follows: this.#follows });
    this.#layout();
  }

  #newTile(tile) {
    const view = new Tile(tile, { blocked: () => (this.soundButton.hidden = false), pin: () => this.#pin(tile.key), resized: () => this.#layout() });
    if (tile.own) view.addTool(this.#ownTool);
    if (!tile.screen) this.corner.watch(view, () => this.#pin(tile.key));
    return view;
  }

  /** What was pinned or shown and is gone is so no longer; a share that begins is shown. */
  #note(shares, people, card) {
    const keys = shares.map(({ key }) => key);
    const begun = keys.filter((key) => !this.#shares.includes(key));
    if (begun.length) this.#share = begun.at(-1);
    if (!keys.includes(this.#share)) this.#share = keys.at(-1) ?? null;
    // Whoever had pinned a face sees that there is something new, and looks at it in the tabs.
    this.#shares = keys;
    this.#people = people.map(({ key }) => key);
    this.#card = card.map(({ key }) => key);
    if (people.length < 2 || !this.#people.includes(this.#pinned)) this.#pinned = null;
  }

  /** A face has the stage until it is pressed again; a share is shown by its tab. */
  #pin(key) {
    if (this.#shares.includes(key) || this.#people.length < 2) return;
    this.#pinned = this.#pinned === key ? null : key;
    this.#redraw();
  }

  #follow(on) {
    this.#follows = on;
    this.#redraw();
  }

  #redraw() {
    this.draw(this.#room.getSnapshot(), this.#room.call.getSnapshot());
  }

  /** The key of what has the stage; null where all have the same size. */
  get #main() {
    if (this.#pinned) return this.#pinned;
    if (this.#share) return this.#share;
    const { current } = this.#speaker;
    return this.#follows && this.#people.length >= FOLLOWED_FROM && this.#people.includes(current) ? current : null;
  }

  #drawTabs(shares) {
    this.tabs.hidden = shares.length < (this.#pinned ? 1 : 2);
    const choose = (key) => {
      this.#share = key;
      this.#pinned = null;
      this.#redraw();
    };
    keyed(this.tabs, this.#tabs, shares, ({ key }) => key, ({ key }) => {
      const words = h("bdi", { class: "name" });
      const element = h("button", { class: "share-tab", type: "button", onclick: () => choose(key) }, icon("screen", 16), words);
      return { element, update: ({ person }) => (setText(words, t("stage.screenOf", { name: markedName(person) })), toggleAttribute(element, "aria-pressed", String(this.#main === key))) };
    });
  }

  #drawAlone(alone) {
    if (alone === !this.alone.hidden) return;
    this.alone.hidden = !alone;
    this.element.classList.toggle("is-alone", alone);
    if (!alone) return this.alone.replaceChildren();
    const panel = this.#invite();
    this.alone.replaceChildren(
      h("h2", {}, t("stage.alone")),
      panel ? h("p", {}, t("stage.aloneInvite")) : h("p", {}, t("stage.aloneWait")),
      ...(panel ? [panel] : []),
    );
  }

  #layout() {
    const { clientWidth: width, clientHeight: height } = this.grid;
    if (!width || !height || !this.#people.length) return;
    const two = this.#people.length === 2 && !this.#shares.length && !this.#card.length;
    const main = two ? null : this.#main;
    const beside = [...this.#people, ...this.#card].filter((key) => key !== main);
    // Of two, the last one is in the corner: oneself, or who gave way to the pinned one.
    if (two && this.#pinned === "self") beside.reverse();
    const cornerRatio = this.#views.get(beside.at(-1)).ratio;
    const placed = arrange({ width, height, main: Boolean(main), people: beside.length, corner: this.corner.at, cornerRatio });
    this.#scrolling(placed, { width, height });
    for (const key of this.#shares) this.#views.get(key).element.hidden = key !== main;
    if (main) this.#put(main, placed.main, { sticks: true });
    beside.forEach((key, at) => this.#put(key, placed.people[at], { corner: placed.inCorner && at === 1 }));
  }

  #scrolling(placed, { width, height }) {
    const scrolls = placed.height > height || placed.width > width;
    this.grid.classList.toggle("scrolls", scrolls);
    this.inner.style.width = `${placed.width}px`;
    this.inner.style.height = `${placed.height}px`;
    // What scrolls must be within reach of the keyboard.
    toggleAttribute(this.grid, "tabindex", scrolls && "0");
  }

  #put(key, box, { sticks = false, corner = false }) {
    const view = this.#views.get(key);
    view.place(box);
    view.element.classList.toggle("main", sticks);
    view.element.classList.toggle("self-view", corner);
    view.element.classList.toggle("under-tools", box.top === 0 && box.left + box.width > this.grid.clientWidth - TOOLS_PX);
    view.showPin?.(this.#people.length > 1, key === this.#pinned);
  }

  #listen() {
    const levels = this.#room.call.levels();
    for (const [id, level] of levels) this.#views.get(id)?.element.classList.toggle("speaking", level > SPEAKING);
    if (this.#speaker.heard(levels, performance.now())) this.#layout();
  }

  /** The picture that a window of its own shows: what has the stage, or else the first of the others. */
  #picture() {
    const key = this.#main ?? this.#people.find((candidate) => this.#views.get(candidate)?.shows) ?? this.#people[0];
    return this.#views.get(key) ?? null;
  }

  /** Another speaker was chosen. */
  useSpeaker() {
    for (const view of this.#views.values()) view.useSpeaker?.();
  }

  #playAll() {
    this.soundButton.hidden = true;
    for (const view of this.#views.values()) view.play?.();
  }
}
