/** The room: stage, controls, chat and people side by side, and everything that happens while one is inside. */

import { Banner } from "./banner.js";
import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import { deviceWords, lostWords, savedDevices } from "./device-words.js";
import { announce, h, show } from "./dom.js";
import { markedName, markedSender } from "./format.js";
import { Floats } from "./floats.js";
import { forgetHost, hostKeyOf } from "./host-key.js";
import { watchIdle } from "./idle.js";
import { wordsFor } from "./message.js";
import { News } from "./news.js";
import { showNotice } from "./notices.js";
import { openDialog } from "./parts.js";
import { People } from "./people.js";
import { canShare, sharePanel } from "./share.js";
import { openDevices, openEncryption, openLeave } from "./room-dialogs.js";
import { RoomHead } from "./room-head.js";
import { Stage } from "./stage.js";
import { Toasts } from "./toasts.js";

const TICK_MS = 1_000;
/** Longer than any note, or what is said of it, is there. */
const TOLD_MS = 15_000;
const DESKTOP = "(min-width: 900px)";

export class RoomView {
  #page;
  #scope;
  /** Messages that a note has told of: how to take it away. */
  #told = new Map();

  /** @param {{client: any, parsed: any, room: any, tracks: object, again: () => void, scope: import("./scope.js").Scope}} page */
  constructor(page) {
    this.#page = page;
    this.#scope = page.scope.child();
    this.hostKey = hostKeyOf(page.parsed.roomId);
    this.#makeParts();
    this.element = this.#build();
    this.#watch();
    show(this.element, { title: "In the room", focus: false });
    this.#openPanel(matchMedia(DESKTOP).matches ? "chat" : null, { focus: false });
    this.#start();
  }

  toast = (text) => this.toasts.show(text);

  #makeParts() {
    const { client, room } = this.#page;
    const scope = this.#scope;
    this.toasts = new Toasts(scope);
    this.floats = new Floats({ room, emojis: client.EMOJI, scope });
    const float = (emoji) => this.floats.send(emoji).catch((error) => this.toast(error.message));
    this.chat = new Chat({ client, room, scope, toast: this.toast, float });
    this.people = new People({ room, toast: this.toast });
    this.stage = new Stage({ room, invite: () => this.#invitePanel(), scope });
    this.banner = new Banner();
    this.head = new RoomHead({
      onEncryption: () => openEncryption(room.getSnapshot().encrypted),
      onInvite: () => openDialog({ title: "Invite somebody", body: this.#sharePanel({ openQr: true }) }),
      onDevices: () => openDevices({ client, room }),
    });
    this.controls = new Controls({
      client,
      room,
      openPanel: (name) => this.#openPanel(name),
      advise: (text) => this.toasts.advise(text),
      leave: () => openLeave({ room, toast: this.toast }),
    });
  }

  #build() {
    this.panel = h("aside", { class: "panel", "aria-label": "Chat and people" }, this.chat.element, this.people.element);
    return h(
      "div",
      { class: "room" },
      this.head.element,
      this.banner.element,
      h("main", { class: "room-main" }, this.stage.element, this.floats.element, this.toasts.element),
      this.panel,
      this.controls.element,
    );
  }

  #watch() {
    const { room } = this.#page;
    const scope = this.#scope;
    new News({ room, scope, say: (text, { shown }) => (shown ? this.toast(text) : announce(text)) });
    scope.add(room.subscribe(() => this.#draw()));
    scope.add(room.call.subscribe(() => this.#draw()));
    scope.every(TICK_MS, () => this.#tick());
    scope.add(room.on("message", (message) => this.#onMessage(message)));
    for (const event of ["message-deleted", "message-updated"]) scope.add(room.on(event, ({ id }) => this.#untold(id)));
    watchIdle({ room, scope });
    scope.add(room.on("knock", (knock) => this.toast(`${markedName(knock)} is knocking`)));
    scope.add(room.on("expiring", () => this.#tick()));
    scope.add(room.call.on("device-lost", ({ slot, replaced }) => this.toast(lostWords(slot, replaced))));
    scope.add(room.on("left", (snapshot) => this.#left(snapshot)));
    scope.listen(document, "visibilitychange", () => document.visibilityState === "visible" && this.#seen());
    // Back to another page: what is open above the room goes with it.
    scope.add(() => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));
    this.#draw();
  }

  async #start() {
    const { room, tracks } = this.#page;
    try {
      const { audioId, videoId } = savedDevices();
      await room.call.start({ ...tracks, devices: { audio: audioId, video: videoId } });
    } catch (error) {
      if (error.code === "CALL_UNSUPPORTED") this.toasts.advise("This browser cannot make calls. You can chat all the same.");
      return; // Otherwise the room was left meanwhile; its page says so.
    }
    if (this.#scope.ended) return;
    const { errors } = room.call.getSnapshot();
    for (const slot of ["video", "audio"]) if (errors[slot]) this.toasts.advise(deviceWords(errors[slot], slot, { inside: true }));
  }

  #draw() {
    const { room } = this.#page;
    const snapshot = room.getSnapshot();
    const call = room.call.getSnapshot();
    if (!snapshot.self || !snapshot.room) return;
    this.head.draw(snapshot, canShare(snapshot.room, this.hostKey));
    this.chat.draw(snapshot);
    this.people.draw(snapshot);
    this.stage.draw(snapshot, call);
    this.controls.draw(snapshot, call, { panel: this.open, unread: this.chat.unread });
    this.banner.draw(snapshot);
    document.title = `${this.chat.unread ? `(${this.chat.unread}) ` : ""}In the room · Mayfly`;
    this.#tick();
  }

  #tick() {
    const left = Date.parse(this.#page.room.getSnapshot().room?.expiresAt) - Date.now();
    if (!Number.isFinite(left)) return;
    this.chat.tick();
    this.head.tick(left);
    this.banner.tick(left);
  }

  #openPanel(name, { focus = true } = {}) {
    this.open = this.open === name ? null : name;
    this.element.dataset.panel = this.open ?? "none";
    this.chat.setOpen(this.open === "chat", focus);
    this.people.setOpen(this.open === "people", focus);
    this.#draw();
  }

  #invitePanel() {
    return canShare(this.#page.room.getSnapshot().room, this.hostKey) ? this.#sharePanel({}) : null;
  }

  #sharePanel(more) {
    const { client, parsed, room } = this.#page;
    const { inviteOnly } = room.getSnapshot().room;
    return sharePanel({ client, roomId: parsed.roomId, e2e: parsed.e2e, hostKey: this.hostKey, inviteOnly, ...more });
  }

  #onMessage(message) {
    if (this.open === "chat" && document.visibilityState === "visible") return;
    this.#draw();
    if (this.open === "chat") return;
    const sender = markedSender(message, this.#page.room.getSnapshot().encrypted && !message.viewOnce);
    const words = message.unreadable ? "a message" : wordsFor(message) || clip(message.text);
    this.#told.set(message.id, this.toasts.show(`${sender}: ${words}`));
    this.#scope.after(TOLD_MS, () => this.#told.delete(message.id));
  }

  /** What is gone, or not so any more, is not left standing in a note either. */
  #untold(id) {
    this.#told.get(id)?.();
    this.#told.delete(id);
  }

  #seen() {
    if (this.chat.seen()) this.#draw();
  }

  #left({ ending, error }) {
    this.#scope.end();
    const { room, again, parsed } = this.#page;
    if (OVER.has(ending?.reason ?? error?.code)) forgetHost(parsed.roomId);
    const takeBack = () => {
      room.takeBack();
      room.joined = room.joined.catch(() => {});
      const { audio, video } = savedDevices();
      new RoomView({ ...this.#page, tracks: { audio, video } });
    };
    showNotice(ending?.reason ?? WHILE_INSIDE[error?.code] ?? error?.code, { rejoin: again, retry: again, takeBack, detail: error?.message });
  }
}

const OVER = new Set(["room-ended", "room-expired", "ROOM_ENDED", "ROOM_EXPIRED", "ROOM_NOT_FOUND"]);

/** What a refusal means to somebody who had been inside. */
const WHILE_INSIDE = {
  ROOM_NOT_FOUND: "lost",
  INVITE_USED: "shut-out",
  INVITE_EXPIRED: "shut-out",
  INVITE_INVALID: "shut-out",
  INVITE_REQUIRED: "shut-out",
};

const clip = (text) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
