/** A poll among the messages: what is asked, what has been chosen, and one's own choice. */

import { h, setText, toggleAttribute } from "./dom.js";
import { displayName, hueOf, remaining } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

export class PollView {
  /** @param {any} poll @param {any} room @param {{poll: (action: string, pollId: string, ...more: any[]) => void}} act */
  constructor(poll, room, act) {
    this.room = room;
    this.act = act;
    this.id = poll.pollId;
    const type = poll.multiple ? "checkbox" : "radio";
    this.options = poll.options.map((text, at) => this.#option(text, at, type, poll));
    this.timer = h("span", {});
    this.sum = h("span", {});
    const button = (label, action) => h("button", { class: "link-button", type: "button", hidden: true, onclick: () => act.poll(action, this.id, ...(action === "vote" ? [[]] : [])) }, label);
    this.withdraw = button(t("poll.takeBack"), "vote");
    this.end = button(t("poll.close"), "closePoll");
    this.erase = button(t("delete"), "deletePoll");
    this.author = h("bdi", { class: "name" });
    const question = poll.unreadable ? t("poll.unreadable") : poll.question;
    this.text = h("legend", { dir: "auto" }, question);
    this.element = h(
      "li",
      { class: `poll hue-${hueOf(poll.author)}`, tabIndex: -1 },
      h("p", { class: "message-head" }, icon("poll", 16), this.author, h("span", { class: "poll-asks" }, t("poll.asks"))),
      h(
        "fieldset",
        { class: "poll-box" },
        this.text,
        poll.multiple && h("p", { class: "hint" }, t("poll.many")),
        !poll.unreadable && this.options.map(({ element }) => element),
        h("p", { class: "poll-foot" }, this.sum, this.timer, this.withdraw, this.end, this.erase),
      ),
    );
  }

  #option(text, at, type, poll) {
    const input = h("input", { type, name: `poll-${poll.pollId}`, onchange: () => this.#vote() });
    const bar = h("span", { class: "poll-bar", "aria-hidden": "true" });
    const count = h("span", { class: "poll-count" });
    return { input, bar, count, element: h("label", { class: "poll-option" }, bar, input, h("span", { class: "poll-text", dir: "auto" }, text), count) };
  }

  #vote() {
    this.act.poll("vote", this.id, this.options.flatMap(({ input }, at) => (input.checked ? [at] : [])));
  }

  update({ poll, snapshot }) {
    const { self, participants } = snapshot;
    const author = [self, ...participants].find(({ id }) => id === poll.author);
    setText(this.author, poll.own ? t("you") : displayName(poll.authorName || author?.name));
    this.poll = poll;
    const voters = poll.votes ? Object.keys(poll.votes).length : null;
    const total = voters ?? poll.counts.reduce((sum, count) => sum + count, 0);
    const names = new Map([[self.id, t("you")], ...participants.map(({ id, name }) => [id, displayName(name)])]);
    this.options.forEach((option, at) => this.#drawOption(option, at, poll, total, names));
    const marks = [poll.anonymous && t("poll.isAnonymous"), poll.closed && t("poll.isClosed")];
    const words = t(voters === null ? "poll.votes" : "poll.voted", { count: total });
    setText(this.sum, [words, ...marks].filter(Boolean).join(" · "));
    const mayEnd = poll.own || self.role === "host";
    this.withdraw.hidden = poll.closed || poll.mine.length === 0;
    this.end.hidden = poll.closed || !mayEnd;
    this.erase.hidden = !mayEnd;
    this.element.classList.toggle("closed", poll.closed);
    this.tick(this.room.now());
  }

  tick(now) {
    const { closesAt, closed } = this.poll;
    setText(this.timer, closesAt && !closed ? t("poll.closesIn", { time: remaining(Date.parse(closesAt) - now) }) : "");
  }

  #drawOption({ input, bar, count, element }, at, poll, total, names) {
    input.checked = poll.mine.includes(at);
    input.disabled = poll.closed;
    bar.style.width = `${total ? (100 * poll.counts[at]) / total : 0}%`;
    setText(count, String(poll.counts[at]));
    const who = Object.entries(poll.votes ?? {}).filter(([, choices]) => choices.includes(at)).map(([id]) => names.get(id)).filter(Boolean);
    toggleAttribute(element, "title", who.join(", "));
  }
}
