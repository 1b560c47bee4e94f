/** One tile: a picture or initials, with a caption and what is to be known about the connection. */

import { h, setText, toggleAttribute } from "./dom.js";
import { displayName, NOT_ENCRYPTED } from "./format.js";
import { icon } from "./icons.js";
import { avatar, nameOf } from "./parts.js";

const STATES = {
  connecting: "Connecting …",
  reconnecting: "Reconnecting …",
  failed: "No picture or sound: the call could not connect",
  full: "No picture or sound: this call takes no more people",
  unverified: "No picture or sound: this person's key does not fit",
};

export class Tile {
  constructor({ person, own, screen, key }, onBlocked) {
    this.onBlocked = onBlocked;
    this.video = h("video", { autoplay: true, playsInline: true, muted: Boolean(own), class: own && !screen ? "mirrored" : "" });
    this.face = h("div", { class: "face" }, avatar(person, "large"));
    this.name = nameOf(person);
    this.mute = h("span", { class: "tile-mark", role: "img", "aria-label": "Microphone off", hidden: true }, icon("micOff", 16));
    this.plain = h("span", { class: "tile-mark for-plain", role: "img", "aria-label": NOT_ENCRYPTED, hidden: true }, icon("unlock", 14));
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
      h("figcaption", { class: "tile-caption" }, this.mute, this.plain, this.name, this.suffix),
    );
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
    this.plain.hidden = screen || own || !person.unsealed;
    const { media = {}, connected = true } = person;
    this.mute.hidden = screen || media.audio !== false;
    this.hand.hidden = screen || !media.handRaised;
    const words = screen ? "" : !connected ? "Reconnecting …" : (STATES[state ?? "connecting"] ?? "");
    setText(this.state, own ? "" : words);
    this.state.hidden = own || !words;
    toggleAttribute(this.element, "data-state", own ? "self" : connected ? (state ?? "connecting") : "away");
  }

  /** @param {import("./arrange.js").Box} box */
  place({ left, top, width, height }) {
    const { style } = this.element;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
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
