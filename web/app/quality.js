/** How good the connections are: bars on each tile, a panel with numbers, and advice where one's own network is weak. */

import { announce, h, keyed, setText, svg, toggleAttribute } from "./dom.js";
import { displayName } from "./format.js";
import { openDialog } from "./parts.js";
import { lower, number, t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const BARS = 4;
/** Whoever said t("quality.notNow") is not asked again for so long. */
const ASK_AGAIN_MS = 5 * 60_000;

/** The mark on somebody's tile, until there is something to show hidden. A press opens the panel. */
export const barsButton = (person) =>
  h("button", { class: "tile-bars", type: "button", hidden: true, "data-bars": person.id }, barsMark());

function barsMark() {
  const bar = (at) => svg("rect", { x: 1 + at * 5, y: 12 - at * 3, width: 3.5, height: 4 + at * 3, rx: 1 });
  return svg(
    "svg",
    { class: "bars", viewBox: "0 0 21 17", width: 18, height: 15, "aria-hidden": "true", focusable: "false" },
    Array.from({ length: BARS }, (_, at) => bar(at)),
  );
}

export class QualityView {
  #room;
  #panel = null;
  #askAgainAt = 0;

  /** @param {{room: Room, scope: import("./scope.js").Scope}} props `element` is the advice, hidden until it is needed */
  constructor({ room, scope }) {
    this.#room = room;
    this.element = h(
      "section",
      { class: "weak", "aria-label": t("quality.label"), hidden: true },
      h("p", {}, t("quality.weak")),
      h("button", { class: "button small primary", type: "button", onclick: () => this.#answer(true) }, t("quality.cameraOff")),
      h("button", { class: "button small", type: "button", onclick: () => this.#answer(false) }, t("quality.notNow")),
    );
    scope.add(room.call.quality.subscribe(() => this.#draw()));
    scope.listen(document, "click", ({ target }) => target.closest?.("[data-bars]") && this.open());
  }

  /** The panel: everybody's numbers, anew each second while it is open. */
  open() {
    const list = h("ul", { class: "quality-list" });
    const none = h("p", { class: "hint" }, t("quality.none"));
    const rows = new Map();
    this.#panel = () => {
      const people = this.#people();
      none.hidden = people.length > 0;
      keyed(list, rows, people, ({ person }) => person.id, () => new Row());
    };
    const check = h("a", { class: "quality-check", href: "/check", target: "_blank" }, t("quality.check"));
    openDialog({ title: t("quality.title"), class: "small", body: [list, none, check], onclose: () => (this.#panel = null) });
    this.#panel();
  }

  #people() {
    const { peers } = this.#room.call.quality.getSnapshot();
    const { participants } = this.#room.getSnapshot();
    return participants.filter(({ id }) => peers.has(id)).map((person) => ({ person, quality: peers.get(person.id) }));
  }

  #draw() {
    const { peers, weak } = this.#room.call.quality.getSnapshot();
    const states = new Map(this.#room.call.getSnapshot().peers.map(({ participantId, state }) => [participantId, state]));
    const names = new Map(this.#room.getSnapshot().participants.map(({ id, name }) => [id, displayName(name)]));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-bars]"))) {
      const id = button.dataset.bars;
      const quality = states.get(id) === "connected" ? peers.get(id) : undefined;
      button.hidden = !quality;
      if (!quality) continue;
      toggleAttribute(button, "data-level", quality.bars);
      toggleAttribute(button, "aria-label", t("quality.with", { name: names.get(id), quality: lower(barsWords(quality)) }));
      toggleAttribute(button, "title", t("quality.connection", { quality: lower(barsWords(quality)) }));
    }
    this.#panel?.();
    this.#advise(weak && this.#room.call.getSnapshot().video && Date.now() >= this.#askAgainAt);
  }

  #advise(now) {
    if (now === !this.element.hidden) return;
    this.element.hidden = !now;
    if (now) announce(t("quality.weakSaid"));
  }

  #answer(off) {
    this.#askAgainAt = Date.now() + ASK_AGAIN_MS;
    this.#advise(false);
    // The button that had the focus is gone.
    /** @type {HTMLElement | null} */ (document.querySelector(".controls .for-camera"))?.focus();
    if (off) this.#room.call.setVideo(false);
  }
}

class Row {
  constructor() {
    this.name = h("bdi", { class: "name" });
    this.words = h("span", { class: "quality-words" });
    this.bars = h("span", { class: "quality-bars" }, barsMark());
    this.numbers = h("dl", { class: "quality-numbers" });
    this.values = NUMBERS.map(([label]) => {
      const value = h("dd", {});
      this.numbers.append(h("div", {}, h("dt", {}, t(`quality.${label}`)), value));
      return value;
    });
    this.element = h("li", { class: "quality-row" }, h("p", { class: "quality-head" }, this.bars, this.name, this.words), this.numbers);
  }

  update({ person, quality }) {
    setText(this.name, displayName(person.name));
    setText(this.words, barsWords(quality));
    toggleAttribute(this.bars, "data-level", quality.bars);
    NUMBERS.forEach(([, words], at) => setText(this.values[at], words(quality)));
  }
}

const barsWords = ({ bars }) => t(`quality.${bars}`);
const rate = (kbps) => (kbps >= 1_000 ? `${number(kbps / 1_000, 1)} Mbit/s` : `${kbps} kbit/s`);
const share = (part) => (part === null ? t("notKnown") : t("percent", { number: number(part * 100, part && part < 0.1 ? 1 : 0) }));

/** @type {[label: string, words: (quality: import("../../client/index.js").ConnectionQuality) => string][]} */
const NUMBERS = [
  ["receiving", ({ inKbps }) => rate(inKbps)],
  ["sending", ({ outKbps }) => rate(outKbps)],
  ["lostHere", ({ loss }) => share(loss)],
  ["lostThere", ({ sentLoss }) => share(sentLoss)],
  ["roundTrip", ({ rttMs }) => (rttMs === null ? t("notKnown") : `${rttMs} ms`)],
  ["way", ({ relayed, protocol }) => wayWords(relayed, protocol)],
];

function wayWords(relayed, protocol) {
  if (relayed === null) return t("notKnown");
  return `${t(relayed ? "quality.relay" : "quality.direct")}${protocol ? `, ${protocol.toUpperCase()}` : ""}`;
}
