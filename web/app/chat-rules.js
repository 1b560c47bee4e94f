/** What a host decides about the chat: how long messages last, and whether it is told who has read them. */

import { h } from "./dom.js";
import { switchField } from "./parts.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const LIVES = ["", "30", "300", "3600", "86400"];
/** Rooms that may have more people have no receipts. */
const RECEIPTS_CAPACITY = 50;

export class ChatRules {
  /** @param {{room: Room, attempt: (action: () => Promise<unknown>) => void}} props */
  constructor({ room, attempt }) {
    this.life = h(
      "select",
      { id: "message-life", onchange: () => attempt(() => room.update({ messageTtlS: Number(this.life.value) || null })) },
      LIVES.map((value) => h("option", { value }, t(`rules.${value || "ends"}`))),
    );
    this.receipts = switchField({
      name: "receipts",
      label: t("rules.seenBy"),
      hint: t("rules.seenByMore"),
      onchange: (event) => attempt(() => room.update({ receipts: event.target.checked })),
    });
    this.receiptsInput = this.receipts.querySelector("input");
    this.element = h("div", { class: "chat-rules" }, h("div", { class: "field" }, h("label", { htmlFor: "message-life" }, t("rules.last")), this.life), this.receipts);
  }

  draw({ messageTtlS, receipts, capacity }) {
    const value = String(messageTtlS ?? "");
    if (![...this.life.options].some((option) => option.value === value)) this.life.append(h("option", { value }, t("rules.seconds", { count: messageTtlS })));
    if (document.activeElement !== this.life) this.life.value = value;
    this.receipts.hidden = capacity > RECEIPTS_CAPACITY;
    if (document.activeElement !== this.receiptsInput) this.receiptsInput.checked = receipts;
  }
}
