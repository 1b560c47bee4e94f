/** The room: stage, controls, chat and people side by side, and everything that happens while one is inside. */

import { Banner } from "./banner.js";
import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import { announce, h, setText, show } from "./dom.js";
import { displayName, markedName, remaining } from "./format.js";
import { forgetHost, hostKeyOf } from "./host-key.js";
import { glyph, icon } from "./icons.js";
import { showNotice } from "./notices.js";
import { openDialog } from "./parts.js";
import { People } from "./people.js";
import { deviceWords, savedDevices } from "./preview.js";
import { canShare, sharePanel } from "./share.js";
import { openDevices, openEncryption, openLeave } from "./room-dialogs.js";
import { Stage } from "./stage.js";
import { themeButton } from "./theme.js";

const TICK_MS = 1_000;
const SOON_MS = 5 * 60_000;
const TOAST_MS = 6_000;
const DESKTOP = "(min-width: 900px)";

export class RoomView {
  #page;
  #ends = [];

  constructor(page) {
    this.#page = page;
    const { client, room, parsed } = page;
    const hostKey = hostKeyOf(parsed.roomId);
    this.chat = new Chat({ room });
    this.people = new People({ room, toast: (text) => this.toast(text) });
    this.stage = new Stage({ room, invite: () => this.#invitePanel() });
    this.banner = new Banner({ room });
    this.controls = new Controls({
      client,
      room,
      openPanel: (name) => this.#openPanel(name),
      leave: () => openLeave({ room, toast: (text) => this.toast(text) }),
    });
    this.hostKey = hostKey;
    this.element = this.#build();
    this.#watch();
    show(this.element, { title: "In the room", focus: false });
    this.#openPanel(matchMedia(DESKTOP).matches ? "chat" : null, { focus: false });
    this.#start();
  }

  toast(text) {
    announce(text);
    const toast = h("p", { class: "toast" }, text);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  #build() {
    const { room, client } = this.#page;
    const headButton = (name, label, onclick) =>
      h("button", { class: "icon-button quiet", type: "button", "aria-label": label, title: label, onclick }, icon(name));
    this.timeText = h("span", {});
    this.time = h("p", { class: "time-left", title: "Time until this room is erased" }, icon("clock", 16), this.timeText);
    this.lockMark = h("span", { class: "mark", hidden: true }, icon("lock", 16), "Locked");
    this.shareButton = h("button", { class: "button small", type: "button", onclick: () => this.#openShare() }, icon("share", 18), h("span", {}, "Invite"));
    this.secure = h("button", { class: "mark-button", type: "button", onclick: () => openEncryption(room.getSnapshot().encrypted) });
    this.toasts = h("div", { class: "toasts" });
    this.panel = h("aside", { class: "panel", "aria-label": "Chat and people" }, this.chat.element, this.people.element);
    return h(
      "div",
      { class: "room" },
      h(
        "header",
        { class: "room-head" },
        h("h1", { class: "room-title" }, glyph(26), h("span", {}, "Mayfly"), h("span", { class: "visually-hidden" }, " room")),
        this.time,
        this.lockMark,
        this.secure,
        h("span", { class: "spacer" }),
        this.shareButton,
        headButton("devices", "Devices", () => openDevices({ client, room })),
        themeButton(),
      ),
      this.banner.element,
      h("main", { class: "room-main" }, this.stage.element, this.toasts),
      this.panel,
      this.controls.element,
    );
  }

  #watch() {
    const { room } = this.#page;
    const draw = () => this.#draw();
    const timer = setInterval(() => this.#tick(), TICK_MS);
    this.#ends.push(room.subscribe(draw), room.call.subscribe(draw), () => clearInterval(timer));
    this.#ends.push(
      room.on("message", (message) => this.#onMessage(message)),
      room.on("user-joined", ({ participant, missed }) => missed || this.#said(participant, "came in")),
      room.on("user-left", ({ participantId, reason }) => this.#onLeft(participantId, reason)),
      room.on("user-updated", ({ participant }) => this.#onUpdated(participant)),
      room.on("knock", (knock) => this.toast(`${markedName(knock)} is knocking`)),
      room.on("expiring", () => this.#tick()),
      room.on("left", (snapshot) => this.#left(snapshot)),
    );
    const onVisible = () => document.visibilityState === "visible" && this.#seen();
    document.addEventListener("visibilitychange", onVisible);
    this.#ends.push(() => document.removeEventListener("visibilitychange", onVisible));
    this.known = new Map();
    this.#draw();
  }

  async #start() {
    const { room, tracks } = this.#page;
    try {
      const { audioId, videoId } = savedDevices();
      await room.call.start({ ...tracks, devices: { audio: audioId, video: videoId } });
    } catch {
      return; // The room was left meanwhile; its page says so.
    }
    const { errors } = room.call.getSnapshot();
    for (const [slot, what] of [["video", "Camera"], ["audio", "Microphone"]]) {
      if (errors[slot]) this.toast(deviceWords(errors[slot], what));
    }
  }

  #draw() {
    const { room } = this.#page;
    const snapshot = room.getSnapshot();
    const call = room.call.getSnapshot();
    if (!snapshot.self || !snapshot.room) return;
    this.lockMark.hidden = snapshot.room.status !== "locked";
    this.shareButton.hidden = !canShare(snapshot.room, this.hostKey);
    this.#drawSecure(snapshot.encrypted);
    this.chat.draw(snapshot);
    this.people.draw(snapshot);
    this.stage.draw(snapshot, call);
    this.controls.draw(snapshot, call, { panel: this.open, unread: this.chat.unread });
    this.banner.draw(snapshot);
    document.title = `${this.chat.unread ? `(${this.chat.unread}) ` : ""}In the room · Mayfly`;
    for (const person of snapshot.participants) this.known.set(person.id, person);
    this.#tick();
  }

  #drawSecure(encrypted) {
    if (this.secure.dataset.state === String(encrypted)) return;
    this.secure.dataset.state = String(encrypted);
    this.secure.classList.toggle("caution", !encrypted);
    const words = encrypted ? "End-to-end encrypted" : "Not end-to-end encrypted";
    this.secure.replaceChildren(icon(encrypted ? "shield" : "shieldOff", 16), h("span", {}, words));
    this.secure.setAttribute("aria-label", `${words}: what this means`);
  }

  #tick() {
    const { room } = this.#page;
    const left = Date.parse(room.getSnapshot().room?.expiresAt) - Date.now();
    if (!Number.isFinite(left)) return;
    setText(this.timeText, `${remaining(left)} left`);
    this.time.classList.toggle("soon", left < SOON_MS);
    this.banner.tick(left);
  }

  #openPanel(name, { focus = true } = {}) {
    this.open = this.open === name ? null : name;
    this.element.dataset.panel = this.open ?? "none";
    this.chat.setOpen(this.open === "chat", focus);
    this.people.setOpen(this.open === "people", focus);
    this.#draw();
  }

  #openShare() {
    openDialog({ title: "Invite somebody", body: this.#sharePanel({ openQr: true }) });
  }

  #invitePanel() {
    const { room } = this.#page;
    return canShare(room.getSnapshot().room, this.hostKey) ? this.#sharePanel({}) : null;
  }

  #sharePanel(more) {
    const { client, parsed, room } = this.#page;
    const { inviteOnly } = room.getSnapshot().room;
    return sharePanel({ client, roomId: parsed.roomId, e2e: parsed.e2e, hostKey: this.hostKey, inviteOnly, ...more });
  }

  #onMessage(message) {
    if (this.open === "chat" && document.visibilityState === "visible") return;
    this.chat.unread += 1;
    this.#draw();
    if (this.open !== "chat") this.toast(`${displayName(message.senderName)}: ${message.unreadable ? "a message" : clip(message.text)}`);
  }

  #seen() {
    if (this.open !== "chat" || !this.chat.unread) return;
    this.chat.unread = 0;
    this.#draw();
  }

  #onLeft(participantId, reason) {
    const person = this.known.get(participantId);
    if (person) this.#said(person, reason === "kicked" || reason === "banned" ? "was removed" : "left");
    this.known.delete(participantId);
  }

  #onUpdated(participant) {
    const before = this.known.get(participant.id);
    const now = this.#page.room.getSnapshot().participants.find((person) => person.id === participant.id);
    if (!before || !now) return;
    if (before.connected && !now.connected) announce(`${displayName(now.name)} is reconnecting`);
    if (!before.media?.handRaised && now.media?.handRaised) this.#said(now, "raised a hand");
    if (before.role !== "host" && now.role === "host") this.#said(now, "is host now");
  }

  #said(person, what) {
    const shown = this.#page.room.getSnapshot().participants.find((other) => other.id === person.id) ?? person;
    this.toast(`${markedName(shown)} ${what}`);
  }

  #left({ ending, error }) {
    for (const end of this.#ends.splice(0)) end();
    this.stage.close();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    const { room, again, client, parsed } = this.#page;
    if (OVER.has(ending?.reason ?? error?.code)) forgetHost(parsed.roomId);
    const takeBack = () => {
      room.takeBack();
      room.joined = room.joined.catch(() => {});
      new RoomView({ ...this.#page, tracks: { audio: true, video: true }, room, client, parsed });
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
