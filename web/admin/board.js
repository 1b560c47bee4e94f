/** What the operator sees once the key is right: metrics of the process, and its rooms. */

import { announce, h, keyed, setText } from "../app/dom.js";
import { openDialog } from "../app/parts.js";
import { count, duration, mebibytes, traits, until, words } from "./words.js";

const LOOK_MS = 3_000;

/** label → what of the stats it shows; all of them are text */
const TILES = [
  ["Rooms", (stats) => count(stats.rooms)],
  ["Seats", (stats) => count(stats.seats), (stats) => `${count(stats.seatsAway)} away`],
  ["Sockets", (stats) => count(stats.sockets), (stats) => `${count(stats.transports)} transports`],
  ["Calls", (stats) => count(stats.calls), (stats) => `${count(stats.inCall)} people`],
  ["Requests", (stats) => `${count(stats.rates.requestsPerS)}/s`, () => "since the start"],
  ["Loop lag, p99", (stats) => `${stats.loopLagP99Ms < 10 ? stats.loopLagP99Ms.toFixed(1) : Math.round(stats.loopLagP99Ms)} ms`],
  ["Memory", (stats) => mebibytes(stats.memory.residentBytes), (stats) => (stats.memory.budgetBytes ? `of ${mebibytes(stats.memory.budgetBytes)}` : "no bound")],
  ["Storage", (stats) => (stats.storage.ok ? stats.storage.kind : "away"), (stats) => `${count(stats.storage.unwritten)} unwritten`],
];

/** title → which counters of the stats it lists */
const LISTS = [
  ["Joins", (stats) => stats.joins],
  ["Resumes", (stats) => stats.resumes],
  ["Answers", (stats) => stats.requests],
  ["Disconnects", (stats) => stats.disconnects],
];

export class Board {
  #api;
  #lock;
  #timer;
  #ended = false;
  #tiles;
  #lists;
  #state = h("p", { class: "admin-state" });
  #problem = h("p", { class: "problem", role: "alert", hidden: true });
  #body = h("tbody");
  #rows = new Map();
  #empty = h("p", { class: "hint" }, "There are no rooms.");
  #heading = h("h2", { id: "rooms-title", tabIndex: -1 }, "Rooms");
  #more = h("button", { class: "button small", type: "button", hidden: true, onclick: () => this.#next() }, "More rooms");
  /** The last room of each page that is shown before the one that is looked at. */
  #pages = [""];

  /** @param {import("./api.js").Api} api @param {object} stats @param {{lock: (problem: string) => void}} page */
  constructor(api, stats, { lock }) {
    this.#api = api;
    this.#lock = lock;
    this.#tiles = TILES.map(([label, value, more]) => tile(label, value, more));
    this.#lists = LISTS.map(([label, values]) => list(label, values));
    this.element = this.#build();
    this.#show(stats);
  }

  start() {
    this.#look();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #build() {
    const head = ["Room", "People", "Messages", "Ends in", "Kind"].map((label) => h("th", { scope: "col" }, label));
    return h(
      "main",
      { class: "admin-main" },
      h("h1", {}, "This server"),
      this.#state,
      this.#problem,
      h("dl", { class: "tiles" }, this.#tiles.map((one) => one.element)),
      h(
        "section",
        { class: "card", "aria-labelledby": "rooms-title" },
        this.#heading,
        this.#empty,
        h(
          "div",
          { class: "admin-table", role: "region", "aria-label": "Table of rooms", tabIndex: 0 },
          h("table", {}, h("thead", {}, h("tr", {}, head, h("td", {}))), this.#body),
        ),
        this.#more,
      ),
      h("div", { class: "lists" }, this.#lists.map((one) => one.element)),
    );
  }

  async #look() {
    try {
      const [stats, ...pages] = await Promise.all([this.#api.stats(), ...this.#pages.map((after) => this.#api.rooms(after))]);
      if (this.#ended) return;
      this.#show(stats);
      this.#showRooms(pages);
      this.#problem.hidden = true;
    } catch (error) {
      if (this.#ended) return;
      if (error.code === "FORBIDDEN" || error.code === "UNAUTHORIZED" || error.code === "NOT_FOUND") return this.#lock("The key is not right any more.");
      this.#tell(error.code === "RATE_LIMITED" ? "The server asks for patience." : error.message);
    }
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #tell(text) {
    setText(this.#problem, text);
    this.#problem.hidden = false;
  }

  #show(stats) {
    const role = stats.draining ? "It is about to stop." : stats.owner ? "It owns the rooms." : "Another process owns the rooms, or they are not restored yet.";
    setText(this.#state, `Up for ${duration(stats.uptimeS)}. ${role}`);
    for (const one of [...this.#tiles, ...this.#lists]) one.update(stats);
  }

  #showRooms(pages) {
    // A room may be on two pages where others have come or gone between the two.
    const rooms = [...new Map(pages.flatMap((page) => page.rooms).map((room) => [room.id, room])).values()];
    const { total } = pages.at(-1);
    setText(this.#heading, total > rooms.length ? `Rooms, ${count(rooms.length)} of ${count(total)}` : "Rooms");
    const focused = this.#body.contains(document.activeElement);
    keyed(this.#body, this.#rows, rooms, (room) => room.id, (room) => row(room, () => this.#ask(room.id)));
    if (focused && !this.#body.contains(document.activeElement)) this.#heading.focus();
    this.#empty.hidden = rooms.length > 0;
    this.#body.closest(".admin-table").hidden = rooms.length === 0;
    this.#more.hidden = rooms.length >= total;
    this.#pages = pages.map((page, index) => (index === 0 ? "" : (pages[index - 1].rooms.at(-1)?.id ?? "")));
    this.last = rooms.at(-1)?.id ?? "";
  }

  #next() {
    if (this.last) this.#pages.push(this.last);
    clearTimeout(this.#timer);
    this.#look();
  }

  #ask(roomId) {
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const end = async (close) => {
      try {
        const { erased } = await this.#api.end(roomId);
        close();
        announce(`The room was ended: ${count(erased.messages)} messages and ${count(erased.seats)} seats were erased.`);
      } catch (error) {
        if (error.code?.startsWith("ROOM_")) close();
        else {
          problem.textContent = error.message;
          problem.hidden = false;
          return;
        }
      }
      clearTimeout(this.#timer);
      this.#look();
    };
    openDialog({
      title: "End this room?",
      class: "small",
      onclose: () => this.#rows.get(roomId)?.button.focus(),
      body: (close) => [
        h("p", {}, "Everybody in it is put out, and what is kept of it is erased. Nobody can undo that."),
        h("p", { class: "room-id" }, roomId),
        problem,
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { class: "button", type: "button", onclick: close }, "Keep it"),
          h("button", { class: "button danger", type: "button", onclick: () => end(close) }, "End the room"),
        ),
      ],
    });
  }
}

function tile(label, value, more) {
  const number = h("span", { class: "tile-value" });
  const small = h("small", {});
  return {
    element: h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, number, more && small)),
    update: (stats) => {
      setText(number, value(stats));
      if (more) setText(small, more(stats));
    },
  };
}

function list(label, values) {
  const lines = h("dl", { class: "counts" });
  const none = h("p", { class: "hint" }, "None yet.");
  return {
    element: h("section", { class: "card" }, h("h2", {}, label), lines, none),
    update: (stats) => {
      const sorted = Object.entries(values(stats)).sort((one, other) => other[1] - one[1]);
      lines.replaceChildren(...sorted.map(([name, number]) => h("div", {}, h("dt", {}, words(name)), h("dd", {}, count(number)))));
      lines.hidden = sorted.length === 0;
      none.hidden = sorted.length > 0;
    },
  };
}

function row(room, ask) {
  const cells = Array.from({ length: 4 }, () => h("td", {}));
  const [people, messages, ends, kind] = cells;
  const button = h("button", { class: "button small danger-quiet", type: "button", "aria-label": `End room ${room.id}`, onclick: ask }, "End");
  return {
    button,
    element: h("tr", {}, h("th", { scope: "row" }, h("span", { class: "room-id" }, room.id)), cells, h("td", {}, button)),
    update: (now) => {
      const notes = [now.awayCount && `${count(now.awayCount)} away`, now.inCallCount && `${count(now.inCallCount)} in a call`].filter(Boolean);
      setText(people, `${count(now.participantCount)} of ${count(now.capacity)}${notes.length ? ` (${notes.join(", ")})` : ""}`);
      setText(messages, count(now.messageCount));
      setText(ends, until(now.expiresAt));
      setText(kind, traits(now));
    },
  };
}
