/** `/check`: whether devices, browser and network are up to a call, with a report for whoever helps. */

import { announce, h, setText, show, toggleAttribute } from "../dom.js";
import { icon } from "../icons.js";
import { languageChoice } from "../language-choice.js";
import { actionButton, topBar } from "../parts.js";
import { deviceChecks } from "./devices.js";
import { eachServer, fetchIceServers, tryServer, tryStun, tryTurn } from "./network.js";
import { reportOf, verdictOf } from "./report.js";
import { hasWords, t } from "../words.js";

const ICONS = { good: "check", unsure: "alert", bad: "close", open: "clock" };

/** The rows that are always there; `essential`: without it there is no call. */
const ROWS = [
  { id: "browser", essential: true },
  { id: "websocket" },
  { id: "polling" },
  { id: "ice" },
  { id: "microphone" },
  { id: "camera" },
  { id: "speaker" },
];

export function showCheck({ client, scope }) {
  new CheckView(client, scope);
}

class CheckView {
  #client;
  #scope;
  #rows = new Map();

  constructor(client, scope) {
    this.#client = client;
    this.#scope = scope;
    this.verdict = h("p", { class: "check-verdict", role: "status" });
    this.network = h("ul", { class: "check-list" });
    this.devices = h("ul", { class: "check-list" });
    this.report = h("textarea", { id: "check-report", class: "check-report", readOnly: true, rows: 14, spellcheck: false });
    const parts = deviceChecks({ client, scope, set: (...outcome) => this.#set(...outcome) });
    for (const row of ROWS) this.#add({ ...row, label: t(hasWords(`check.${row.id}`) ? `check.${row.id}` : row.id) }, parts[row.id]);
    show(this.#build(), { title: t("check.title") });
    this.#draw();
  }

  #build() {
    return h(
      "div",
      { class: "check" },
      topBar(languageChoice()),
      h(
        "main",
        { class: "check-main" },
        h("h1", {}, t("check.heading")),
        h("p", { class: "lede" }, t("check.lede")),
        h(
          "section",
          { class: "card", "aria-labelledby": "check-network" },
          h("div", { class: "check-head" }, h("h2", { id: "check-network" }, t("check.network")), actionButton(t("check.run"), () => this.#tryNetwork(), { busy: t("check.running") })),
          this.verdict,
          this.network,
        ),
        h("section", { class: "card", "aria-labelledby": "check-devices" }, h("h2", { id: "check-devices" }, t("devices")), this.devices),
        h(
          "section",
          { class: "card", "aria-labelledby": "check-title" },
          h("h2", { id: "check-title" }, t("check.report")),
          h("p", { class: "hint", id: "check-hint" }, t("check.reportMore")),
          h("label", { class: "visually-hidden", htmlFor: "check-report" }, t("check.report")),
          this.report,
          actionButton(t("check.copy"), () => this.#copy(), { class: "button", before: icon("copy", 18) }),
        ),
      ),
    );
  }

  /** @param {{id: string, label: string, essential?: boolean}} row @param {readonly Node[]} [more] what it is tried with */
  #add({ id, label, essential }, more = []) {
    const mark = h("span", { class: "check-mark", role: "img" });
    const words = h("span", { class: "check-words" });
    const element = h("li", { class: "check-row", "data-check": id }, mark, h("span", { class: "check-label" }, label), words, more.length > 0 && h("div", { class: "check-try" }, more));
    const isDevice = more.length > 0;
    (isDevice ? this.devices : this.network).append(element);
    this.#rows.set(id, { label, essential, element, mark, words: t("check.notTried"), text: words, state: "open" });
  }

  #set(id, state, words) {
    if (this.#scope.ended) return;
    const row = this.#rows.get(id);
    Object.assign(row, { state, words });
    this.#draw();
    if (state !== "open") announce(t("check.said", { what: row.label, words }));
  }

  #draw() {
    for (const { element, mark, state, text, words } of this.#rows.values()) {
      setText(text, words);
      if (element.dataset.state === state) continue;
      element.dataset.state = state;
      mark.replaceChildren(icon(ICONS[state], 18));
      toggleAttribute(mark, "aria-label", t(`check.${state}`));
    }
    this.report.value = reportOf({ when: new Date().toISOString(), browser: navigator.userAgent, rows: [...this.#rows.values()] });
  }

  async #tryNetwork() {
    const { signal } = this.#scope;
    setText(this.verdict, "");
    for (const [id, { element }] of this.#rows) if (id.startsWith("ice-")) this.#rows.delete(id) && element.remove();
    const canCall = this.#client.canCall();
    if (!canCall) this.#set("browser", "bad", t("check.noWebRtc"));
    else if (!isSecureContext) this.#set("browser", "bad", t("check.insecure"));
    else this.#set("browser", "good", t("check.browserGood"));
    for (const transport of /** @type {const} */ (["websocket", "polling"])) {
      const { state, words } = await tryServer(transport, signal);
      this.#set(transport, state, words);
    }
    if (canCall) await this.#tryIce(signal);
    else this.#set("ice", "bad", t("check.noIce"));
    setText(this.verdict, verdictOf([...this.#rows.values()]));
  }

  async #tryIce(signal) {
    const found = await fetchIceServers(this.#client, signal);
    if (found.refusal) return this.#set("ice", "unsure", t("check.iceUnknown", { why: found.refusal }));
    const servers = eachServer(found.iceServers);
    const relays = servers.filter(({ scheme }) => scheme.startsWith("turn")).length;
    this.#set("ice", relays ? "good" : "unsure", t(relays ? "check.iceGood" : "check.iceNoRelay"));
    for (const [at, { label, scheme, server }] of servers.entries()) {
      const id = `ice-${at}`;
      this.#add({ id, label: servers.filter((other) => other.label === label).length > 1 ? t("marked", { name: label, mark: at + 1 }) : label });
      this.#set(id, "open", t("check.trying"));
      const { state, words } = await (scheme.startsWith("turn") ? tryTurn : tryStun)(server, signal);
      this.#set(id, state, words);
    }
  }

  async #copy() {
    this.report.select();
    try {
      await navigator.clipboard.writeText(this.report.value);
      announce(t("check.copied"));
    } catch {
      announce(t("check.copyByHand"));
    }
  }
}
