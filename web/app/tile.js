/** One tile: a picture or initials, with a caption and what is to be known about the connection. */

import { h, setText, toggleAttribute } from "./dom.js";
import { displayName } from "./format.js";
import { icon } from "./icons.js";
import { avatar, nameOf } from "./parts.js";
import { barsButton } from "./quality.js";
import { verifiedMark } from "./verified.js";
import { useSpeaker } from "./speakers.js";
import { t } from "./words.js";

const STATES = new Set(["connecting", "reconnecting", "failed", "unable", "full", "unverified"]);

/** A few pixels are enough for what is blurred. */
const BACKDROP_PX = 24;
const USUAL_RATIO = 4 / 3;
/** Shapes that differ by less leave bars that nobody sees. */
const SAME_RATIO = 0.01;

export class Tile {
  /** @param {{person: any, own?: boolean, screen?: boolean, key: string}} tile @param {{blocked: () => void, pin: () => void, resized: () => void}} acts */
  constructor({ person, own, screen, key }, { blocked, pin, resized }) {
    this.onBlocked = blocked;
    this.person = person;
    this.backdrop = !screen && h("canvas", { class: `tile-backdrop ${own ? "mirrored" : ""}`, width: BACKDROP_PX, height: BACKDROP_PX, "aria-hidden": "true" });
    const label = t("tile.pin");
    this.pin = !screen && h("button", { class: "icon-button tile-tool tile-pin", type: "button", hidden: true, "aria-label": label, title: label, onclick: pin }, icon("pin", 18));
    this.mover = !screen && h("button", { class: "icon-button tile-tool tile-move", type: "button", "aria-label": t("tile.move") }, icon("corner", 18));
    this.video = h("video", { autoplay: true, playsInline: true, muted: Boolean(own), class: own && !screen ? "mirrored" : "" });
    this.face = h("div", { class: "face" }, avatar(person, "large"));
    this.name = nameOf(person);
    this.verified = verifiedMark(15);
    this.mute = h("span", { class: "tile-mark", role: "img", "aria-label": t("tile.micOff"), hidden: true }, icon("micOff", 16));
    this.plain = h("span", { class: "tile-mark for-plain", role: "img", "aria-label": t("plainName"), hidden: true }, icon("unlock", 14));
    this.hand = h("span", { class: "tile-hand", role: "img", "aria-label": t("tile.handRaised"), hidden: true }, icon("hand", 20));
    this.state = h("p", { class: "tile-state", hidden: true });
    this.suffix = h("span", { class: "tile-suffix" });
    this.element = h(
      "figure",
      { class: `tile ${own ? "own" : ""} ${screen ? "screen" : ""}`, "data-tile": key, "data-participant": person.id },
      this.backdrop || "",
      this.video,
      this.face,
      this.state,
      this.hand,
      !own && !screen && barsButton(person),
      h("figcaption", { class: "tile-caption" }, this.mute, this.plain, this.name, this.verified, this.suffix),
      this.pin || "",
      this.mover || "",
    );
    if (!own && !screen) useSpeaker(this.video);
    this.video.addEventListener("resize", resized);
    this.video.addEventListener("loadeddata", () => this.drawBackdrop());
  }

  /** Whether there is a picture. */
  get shows() {
    return this.element.classList.contains("with-video");
  }

  /** Width by height of the picture; of initials as well, so that they have a shape. */
  get ratio() {
    const { videoWidth, videoHeight } = this.video;
    return this.shows && videoWidth && videoHeight ? videoWidth / videoHeight : USUAL_RATIO;
  }

  update({ person, stream, own, screen, state, video }) {
    this.person = person;
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      if (stream) this.play();
    }
    const showVideo = Boolean(screen || (video && stream?.getVideoTracks().length));
    this.element.classList.toggle("with-video", showVideo);
    setText(this.name, displayName(person.name));
    setText(this.suffix, screen ? t("tile.screen") : own ? t("tile.you") : person.unsealed ? t("tile.mark", { mark: t("plainName") }) : "");
    this.verified.hidden = screen || !person.verified;
    this.plain.hidden = screen || own || !person.unsealed;
    const { media = {}, connected = true } = person;
    this.mute.hidden = screen || media.audio !== false;
    this.hand.hidden = screen || !media.handRaised;
    const now = connected ? (state ?? "connecting") : "reconnecting";
    const words = screen || !STATES.has(now) ? "" : t(`tile.${now}`);
    setText(this.state, own ? "" : words);
    this.state.hidden = own || !words;
    toggleAttribute(this.element, "data-state", own ? "self" : connected ? (state ?? "connecting") : "away");
  }

  /** @param {boolean} may whether there is anybody to choose from @param {boolean} pinned */
  showPin(may, pinned) {
    if (!this.pin) return;
    this.pin.hidden = !may;
    toggleAttribute(this.pin, "aria-pressed", String(pinned));
  }

  /** The whole picture is shown; what its shape leaves of the tile is a blurred copy of it. */
  drawBackdrop() {
    if (!this.backdrop || !this.shows || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const { clientWidth, clientHeight } = this.element;
    this.backdrop.hidden = Math.abs(clientWidth / clientHeight / this.ratio - 1) < SAME_RATIO;
    if (!this.backdrop.hidden) this.backdrop.getContext("2d").drawImage(this.video, 0, 0, BACKDROP_PX, BACKDROP_PX);
  }

  /** @param {import("./arrange.js").Box} box */
  place({ left, top, width, height }) {
    const { style } = this.element;
    style.insetInlineStart = `${left}px`;
    style.top = `${top}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
  }

  /** Where one's own tile has a button of its own. */
  addTool(element) {
    this.element.append(element);
  }

  useSpeaker() {
    useSpeaker(this.video);
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
