/** The tiles: everybody's picture, or their initials; a shared screen takes the larger part. */

import { h, keyed, setText, toggleAttribute } from "./dom.js";
import { displayName, NOT_ENCRYPTED } from "./format.js";
import { icon } from "./icons.js";
import { avatar, nameOf } from "./parts.js";

const LEVEL_MS = 250;
const SPEAKING = 0.02;
/** Width by height of the tile that the grid aims at. */
const TILE_RATIO = 4 / 3;
const GAP_PX = 10;

const STATES = {
  connecting: "Connecting …",
  reconnecting: "Reconnecting …",
  failed: "No picture or sound: the call could not connect",
  full: "No picture or sound: this call takes no more people",
  unverified: "No picture or sound: this person's key does not fit",
};

export class Stage {
  #views = new Map();
  #invite;
  #room;

  constructor({ room, invite }) {
    this.#room = room;
    this.#invite = invite;
    this.grid = h("div", { class: "tiles" });
    this.alone = h("div", { class: "alone", hidden: true });
    this.soundButton = h("button", { class: "button primary sound", type: "button", hidden: true, onclick: () => this.#playAll() }, icon("sound"), "Turn sound on");
    this.element = h("section", { class: "stage", "aria-label": "People in the call" }, this.grid, this.alone, this.soundButton);
    this.observer = new ResizeObserver(() => this.#layout());
    this.observer.observe(this.grid);
    this.timer = setInterval(() => this.#drawLevels(), LEVEL_MS);
  }

  close() {
    this.observer.disconnect();
    clearInterval(this.timer);
  }

  draw({ self, participants }, call) {
    const peers = new Map(call.peers.map((peer) => [peer.participantId, peer]));
    const tiles = [];
    const screen = (person, stream, own) => stream && tiles.push({ key: `${person.id}:screen`, person, stream, own, screen: true });
    for (const person of participants) {
      const peer = peers.get(person.id);
      if (person.media?.screen) screen(person, peer?.screenStream, false);
    }
    screen(self, call.localScreen, true);
    const shared = tiles.length > 0;
    for (const person of participants) {
      const peer = peers.get(person.id);
      tiles.push({ key: person.id, person, stream: peer?.stream ?? null, state: peer?.state, video: Boolean(person.media?.video) });
    }
    tiles.push({ key: "self", person: self, stream: call.localStream, own: true, state: "connected", video: call.video });
    keyed(this.grid, this.#views, tiles, (tile) => tile.key, (tile) => new Tile(tile, () => (this.soundButton.hidden = false)));
    this.count = tiles.length;
    toggleAttribute(this.grid, "data-shared", shared && "true");
    toggleAttribute(this.grid, "data-count", String(Math.min(tiles.length, 10)));
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
      h("h2", {}, "Nobody else is here yet"),
      panel ? h("p", {}, "Send them the link. They will appear here.") : h("p", {}, "Others will appear here as they come in."),
      ...(panel ? [panel] : []),
    );
  }

  /** As many columns as make the tiles largest. */
  #layout() {
    const { clientWidth: width, clientHeight: height } = this.grid;
    const count = this.count ?? 0;
    if (!width || !height || !count) return;
    let best = { columns: 1, size: 0 };
    for (let columns = 1; columns <= count; columns += 1) {
      const rows = Math.ceil(count / columns);
      const tileWidth = (width - GAP_PX * (columns - 1)) / columns;
      const tileHeight = (height - GAP_PX * (rows - 1)) / rows;
      const size = Math.min(tileWidth, tileHeight * TILE_RATIO);
      if (size > best.size) best = { columns, rows, size };
    }
    this.grid.style.setProperty("--columns", best.columns);
    this.grid.style.setProperty("--rows", best.rows);
    this.grid.style.setProperty("--rest", count % best.columns);
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

class Tile {
  constructor({ person, own, screen, key }, onBlocked) {
    this.onBlocked = onBlocked;
    this.video = h("video", { autoplay: true, playsInline: true, muted: Boolean(own), class: own && !screen ? "mirrored" : "" });
    this.face = h("div", { class: "face" }, avatar(person, "large"));
    this.name = nameOf(person);
    this.mute = h("span", { class: "tile-mark", role: "img", "aria-label": "Microphone off", hidden: true }, icon("micOff", 16));
    this.hand = h("span", { class: "tile-hand", role: "img", "aria-label": "Hand raised", hidden: true }, icon("hand", 20));
    this.state = h("p", { class: "tile-state", hidden: true });
    this.suffix = h("span", { class: "tile-suffix" });
    this.element = h(
      "figure",
      { class: `tile ${own ? "own" : ""} ${screen ? "screen" : ""}`, "data-tile": key, "data-participant": person.id },
      this.video,
      this.face,
      this.state,
      this.hand,
      h("figcaption", { class: "tile-caption" }, this.mute, this.name, this.suffix),
    );
    // Frames are the truth: somebody whose client says nothing of its camera is seen all the same.
    this.video.addEventListener("resize", () => this.element.classList.toggle("has-frames", this.video.videoWidth > 0));
  }

  update({ person, stream, own, screen, state, video }) {
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      if (stream) this.play();
    }
    const showVideo = Boolean(screen || (video && stream?.getVideoTracks().length));
    this.element.classList.toggle("with-video", showVideo);
    setText(this.name, displayName(person.name));
    setText(this.suffix, screen ? "· screen" : own ? "(you)" : person.unsealed ? `(${NOT_ENCRYPTED})` : "");
    const { media = {}, connected = true } = person;
    this.mute.hidden = screen || media.audio !== false;
    this.hand.hidden = screen || !media.handRaised;
    const words = screen ? "" : !connected ? "Reconnecting …" : (STATES[state ?? "connecting"] ?? "");
    setText(this.state, own ? "" : words);
    this.state.hidden = own || !words;
    toggleAttribute(this.element, "data-state", own ? "self" : connected ? (state ?? "connecting") : "away");
  }

  play() {
    this.video.play().catch((error) => {
      if (error.name === "NotAllowedError") this.onBlocked();
    });
  }

  remove() {
    this.video.srcObject = null;
  }
}
