/** What a host decides about the chat: how long messages last, and whether it is told who has read them. */

import { h } from "./dom.js";
import { switchField } from "./parts.js";

const LIVES = [["", "Until the room ends"], ["30", "30 seconds"], ["300", "5 minutes"], ["3600", "An hour"], ["86400", "A day"]];
/** Rooms that may have more people have no receipts. */
const RECEIPTS_CAPACITY = 50;

export class ChatRules {
  /** @param {{room: any, attempt: (action: () => Promise<unknown>) => void}} props */
  constructor({ room, attempt }) {
    this.life = h(
      "select",
      { id: "message-life", onchange: () => attempt(() => room.update({ messageTtlS: Number(this.life.value) || null })) },
      LIVES.map(([value, label]) => h("option", { value }, label)),
    );
    this.receipts = switchField({
      name: "receipts",
      label: "“Seen by”",
      hint: "Everybody is told who has read what.",
      onchange: (event) => attempt(() => room.update({ receipts: event.target.checked })),
    });
    this.receiptsInput = this.receipts.querySelector("input");
    this.element = h("div", { class: "chat-rules" }, h("div", { class: "field" }, h("label", { htmlFor: "message-life" }, "New messages last"), this.life), this.receipts);
  }

  draw({ messageTtlS, receipts, capacity }) {
    const value = String(messageTtlS ?? "");
    if (![...this.life.options].some((option) => option.value === value)) this.life.append(h("option", { value }, `${value} seconds`));
    if (document.activeElement !== this.life) this.life.value = value;
    this.receipts.hidden = capacity > RECEIPTS_CAPACITY;
    if (document.activeElement !== this.receiptsInput) this.receiptsInput.checked = receipts;
  }
}
