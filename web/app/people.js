/** Who is here, who is away for a moment, who waits at the door; and what a host may do about it. */

import { ChatRules } from "./chat-rules.js";
import { h, keyed, setText } from "./dom.js";
import { errorWords } from "./error-words.js";
import { displayName, markedName } from "./format.js";
import { icon } from "./icons.js";
import { hasLeft } from "./leaving.js";
import { openRename } from "./rename.js";
import { verifiedMark } from "./verified.js";
import { actionButton, avatar, nameOf, openDialog, switchField } from "./parts.js";
import { t } from "./words.js";

export class People {
  #room;
  #toast;
  #rows = new Map();
  #knocks = new Map();

  constructor({ room, toast }) {
    this.#room = room;
    this.#toast = toast;
    this.title = h("h2", { class: "panel-title", tabIndex: -1 }, t("people"));
    this.knockList = h("ul", { class: "knocks" });
    this.knockBox = h("section", { class: "knock-box", hidden: true, "aria-labelledby": "knock-title" }, h("h3", { id: "knock-title" }, t("people.door")), this.knockList);
    this.list = h("ul", { class: "people-list", "aria-label": t("people.list") });
    this.lock = switchField({
      name: "lock",
      label: t("people.lock"),
      hint: t("people.lockMore"),
      onchange: (event) => this.#do(() => room.lock(event.target.checked)),
    });
    this.lockInput = this.lock.querySelector("input");
    this.rules = new ChatRules({ room, attempt: (action) => this.#do(action) });
    this.hostBox = h("section", { class: "host-box", hidden: true, "aria-label": t("people.forHost") }, this.lock, this.rules.element);
    this.element = h("section", { class: "people", "aria-label": t("people"), hidden: true }, this.title, h("div", { class: "people-scroll" }, this.knockBox, this.list), this.hostBox);
  }

  setOpen(open, focus) {
    this.element.hidden = !open;
    if (open && focus) this.title.focus();
  }

  draw({ self, participants, knocks, room }) {
    const isHost = self.role === "host";
    setText(this.title, t("people.count", { here: participants.length + 1, capacity: room.capacity }));
    this.hostBox.hidden = !isHost;
    if (document.activeElement !== this.lockInput) this.lockInput.checked = room.status === "locked";
    this.rules.draw(room);
    this.knockBox.hidden = knocks.length === 0;
    keyed(this.knockList, this.#knocks, knocks, (knock) => knock.knockId, (knock) => ({ element: this.#knockRow(knock) }));
    const rows = [{ person: self, isSelf: true, isHost }, ...participants.map((person) => ({ person, isSelf: false, isHost }))];
    keyed(this.list, this.#rows, rows, ({ person }) => person.id, ({ person, isSelf }) => new PersonRow(person, () => (isSelf ? openRename({ room: this.#room, toast: this.#toast }) : this.#openMenu(person.id))));
  }

  #knockRow({ knockId, name, unsealed }) {
    const shown = markedName({ name, unsealed });
    const answer = (admit) => this.#do(() => this.#room.answerKnock(knockId, admit));
    return h(
      "li",
      { class: "knock" },
      h("bdi", { class: "name" }, shown),
      actionButton(t("people.letIn"), () => answer(true), { class: "button primary small", "aria-label": t("people.letInName", { name: shown }) }),
      actionButton(t("people.decline"), () => answer(false), { class: "button small", "aria-label": t("people.declineName", { name: shown }) }),
    );
  }

  #openMenu(id) {
    const person = this.#room.getSnapshot().participants.find((candidate) => candidate.id === id);
    if (!person) return;
    // What comes of it, everybody is told (news.js).
    const act = (close, action) => () => {
      close();
      this.#do(action);
    };
    openDialog({
      title: markedName(person),
      class: "small",
      body: (close) =>
        h(
          "div",
          { class: "choices" },
          h("button", { class: "choice", type: "button", onclick: act(close, () => this.#room.transferHost(id)) }, icon("crown"), h("span", {}, t("people.makeHost"), h("small", {}, t("people.makeHostMore")))),
          h("button", { class: "choice danger", type: "button", onclick: act(close, () => this.#room.kick(id)) }, icon("leave"), h("span", {}, t("people.remove"), h("small", {}, t("people.removeMore")))),
          h("button", { class: "choice danger", type: "button", onclick: act(close, () => this.#room.ban(id)) }, icon("lock"), h("span", {}, t("people.ban"), h("small", {}, t("people.banMore")))),
        ),
    });
  }

  async #do(action) {
    try {
      await action();
    } catch (error) {
      this.#toast(errorWords(error));
    }
  }
}

/** Why there is no tile. */
function callWords({ inCall, media }) {
  if (media?.canCall === false) return t("people.chatOnly");
  return inCall === false && t("people.notInCall");
}

class PersonRow {
  constructor(person, openMenu) {
    this.name = nameOf(person);
    this.detail = h("span", { class: "person-detail" });
    this.verified = verifiedMark(18);
    this.marks = h("span", { class: "person-marks" });
    this.menu = h("button", { class: "icon-button quiet", type: "button", hidden: true, onclick: openMenu }, icon("more"));
    this.element = h("li", { class: "person" }, avatar(person), h("span", { class: "person-text" }, this.name, this.detail), this.verified, this.marks, this.menu);
  }

  update({ person, isSelf, isHost }) {
    setText(this.name, displayName(person.name));
    const away = !isSelf && person.connected === false && (hasLeft(person) ? t("people.leftNow") : t("tile.reconnecting"));
    const unsealed = person.unsealed && t("plainName");
    const idle = !isSelf && !away && person.idle && t("people.idle");
    const details = [isSelf && t("you"), person.role === "host" && t("host"), away, idle, !hasLeft(person) && callWords(person), unsealed].filter(Boolean);
    setText(this.detail, details.join(" · "));
    this.verified.hidden = !person.verified;
    this.element.classList.toggle("away", !isSelf && person.connected === false);
    const { audio, video, screen, handRaised } = person.media ?? {};
    const key = [audio, video, screen, handRaised].join();
    if (this.key !== key) {
      this.key = key;
      const mark = (name, label) => h("span", { role: "img", "aria-label": label, title: label }, icon(name, 18));
      this.marks.replaceChildren(
        ...[handRaised && mark("hand", t("tile.handRaised")), screen && mark("screen", t("people.sharing")), !audio && mark("micOff", t("tile.micOff")), !video && mark("cameraOff", t("tile.cameraOff"))].filter(Boolean),
      );
    }
    this.menu.hidden = !isHost && !isSelf;
    this.menu.setAttribute("aria-label", isSelf ? t("people.rename") : t("people.actions", { name: markedName(person) }));
  }
}
