/** The room: stage, controls, chat and people side by side, and everything that happens while one is inside. */

import { Banner } from "./banner.js";
import { asChosen, stopBlur, watchBlur } from "./camera.js";
import { Captions } from "./captions.js";
import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import { deviceWords, lostWords, savedDevices } from "./device-words.js";
import { announce, h, show } from "./dom.js";
import { Dictation } from "./dictation.js";
import { namedEmoji } from "./emoji-names.js";
import { errorWords } from "./error-words.js";
import { filesWords } from "./file-words.js";
import { markedName, markedSender } from "./format.js";
import { Flip } from "./flip.js";
import { Floats } from "./floats.js";
import { hostKeyOf } from "./host-key.js";
import { watchIdle } from "./idle.js";
import { watchCall } from "./in-call.js";
import { openKeys, watchKeys } from "./keys.js";
import { isBack, leaveForNow } from "./leaving.js";
import { wordsFor } from "./message.js";
import { openMore } from "./more.js";
import { Knocks } from "./knocks.js";
import { News } from "./news.js";
import { openDialog } from "./parts.js";
import { People } from "./people.js";
import { QualityView } from "./quality.js";
import { CallRecording, recordersOf } from "./recording.js";
import { canShare, sharePanel } from "./share.js";
import { openDevices, openEncryption, openLeave } from "./room-dialogs.js";
import { RoomHead } from "./room-head.js";
import { showOver } from "./room-over.js";
import { Sounds } from "./sounds.js";
import { Stage } from "./stage.js";
import { Toasts } from "./toasts.js";
import { Voice } from "./voice.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

const TICK_MS = 1_000;
/** Longer than any note, or what is said of it, is there. */
const TOLD_MS = 15_000;
const DESKTOP = "(min-width: 900px)";

export class RoomView {
  #page;
  #scope;
  /** Messages that a note has told of: how to take it away. */
  #told = new Map();

  /** @param {{client: Client, parsed: any, room: Room, tracks: object, again: () => void, scope: import("./scope.js").Scope}} page */
  constructor(page) {
    this.#page = page;
    this.#scope = page.scope.child();
    this.hostKey = hostKeyOf(page.parsed.roomId);
    this.#makeParts();
    this.element = this.#build();
    this.#watch();
    show(this.element, { title: t("room.title") });
    this.#openPanel(matchMedia(DESKTOP).matches ? "chat" : null, { focus: false });
    this.#start();
  }

  toast = (text) => this.toasts.show(text);

  #makeParts() {
    const { client, room } = this.#page;
    const scope = this.#scope;
    this.toasts = new Toasts(scope);
    this.sounds = new Sounds(scope);
    this.knocks = new Knocks({ room, scope, toast: this.toast, sound: () => this.sounds.play("knock") });
    this.floats = new Floats({ room, emojis: namedEmoji(client.EMOJI), scope });
    const float = (emoji) => this.floats.send(emoji).catch((error) => this.toast(errorWords(error)));
    this.chat = new Chat({ client, room, scope, toast: this.toast, float });
    this.people = new People({ room, toast: this.toast });
    this.stage = new Stage({
      room,
      invite: () => this.#invitePanel(),
      scope,
      acts: { mic: () => this.controls.press("mic"), camera: () => this.controls.press("camera"), leave: () => this.#leave(), more: () => openMore(this) },
      ownTool: new Flip({ client, room, scope, advise: (text) => this.toasts.advise(text) }).element,
    });
    this.quality = new QualityView({ room, scope });
    this.captions = new Captions({ room, scope, toast: this.toast });
    this.recording = new CallRecording({ room, stage: this.stage.element, scope, saved: (full) => this.#recorded(full) });
    this.banner = new Banner({ stop: () => this.recording.stop().catch((error) => this.toast(errorWords(error))) });
    this.head = new RoomHead({
      onEncryption: () => openEncryption(room.getSnapshot().encrypted),
      onInvite: () => openDialog({ title: t("door.invite"), body: this.#sharePanel({ openQr: true }) }),
      onDevices: () => openDevices({ client, room, speakerChosen: () => this.stage.useSpeaker() }),
    });
    this.controls = new Controls({
      client,
      room,
      openPanel: (name) => this.#openPanel(name),
      advise: (text) => this.toasts.advise(text),
      leave: () => this.#leave(),
    });
  }

  #build() {
    this.panel = h("aside", { class: "panel", "aria-label": t("room.panel") }, this.chat.element, this.people.element);
    return h(
      "div",
      { class: "room" },
      this.head.element,
      h("div", { class: "banners" }, this.banner.element, this.quality.element),
      h(
        "main",
        { class: "room-main" },
        this.stage.element,
        this.captions.element,
        this.floats.element,
        this.toasts.element,
        this.knocks.element,
      ),
      this.panel,
      this.controls.element,
    );
  }

  #watch() {
    const { room } = this.#page;
    const scope = this.#scope;
    const say = (text, { shown, sound }) => {
      if (sound) this.sounds.play(sound);
      if (shown) this.toast(text);
      else announce(text);
    };
    new News({ room, scope, say });
    scope.add(room.subscribe(() => this.#draw()));
    scope.add(room.call.subscribe(() => this.#draw()));
    scope.every(TICK_MS, () => this.#tick());
    scope.add(room.on("message", (message) => this.#onMessage(message)));
    for (const event of ["message-deleted", "message-updated"]) scope.add(room.on(event, ({ id }) => this.#untold(id)));
    watchIdle({ room, scope });
    watchCall({ room, scope });
    new Voice({
      client: this.#page.client,
      room,
      scope,
      level: (loud) => this.controls.showLevel(loud),
      muted: () => this.toasts.advise(t("room.muted")),
    });
    new Dictation({
      room,
      scope,
      ask: (reader, local) => this.toasts.ask(t(local ? "captions.askHere" : "captions.ask", { name: markedName(reader) }), t("captions.allow"), t("captions.decline")),
      failed: () => this.toasts.advise(t("captions.failed")),
    });
    watchBlur(scope, async (number) => {
      if (await this.toasts.ask(t("blur.slow", { number }), t("blur.off"), t("blur.keep"))) await stopBlur(room);
    });
    watchKeys({ scope, acts: this.#keyActs(), talk: (on) => this.controls.talk(on) });
    scope.add(room.on("expiring", () => this.#tick()));
    scope.add(room.call.on("device-lost", ({ slot, replaced }) => this.toast(lostWords(slot, replaced))));
    scope.add(room.on("left", (snapshot) => this.#left(snapshot)));
    scope.listen(document, "visibilitychange", () => document.visibilityState === "visible" && this.#seen());
    // Back to another page: what is open above the room goes with it.
    scope.add(() => document.querySelectorAll("dialog[open]").forEach((/** @type {HTMLDialogElement} */ dialog) => dialog.close()));
    this.#draw();
  }

  #keyActs() {
    const { controls } = this;
    return {
      m: () => controls.press("mic"),
      v: () => controls.press("camera"),
      s: () => controls.press("screen"),
      h: () => controls.press("hand"),
      c: () => controls.press("chat"),
      "?": openKeys,
    };
  }

  /** A host decides whether the room goes on; for others one press is enough, since all but an upload can be taken back. */
  #leave() {
    const { room } = this.#page;
    const { self, messages } = room.getSnapshot();
    const isHost = self?.role === "host";
    const isSending = messages.some(({ upload }) => upload);
    const leave = () => (isHost ? room.leave() : leaveForNow(room));
    if (isHost || isSending) return openLeave({ room, toast: this.toast, isSending, leave });
    return leave();
  }

  async #start() {
    const { room, tracks } = this.#page;
    try {
      const { audioId, videoId } = savedDevices();
      await room.call.start({ ...tracks, video: asChosen(tracks.video), devices: { audio: audioId, video: videoId } });
    } catch (error) {
      if (error.code === "CALL_UNSUPPORTED") this.toasts.advise(t("room.cannotCall"));
      return; // Otherwise the room was left meanwhile; its page says so.
    }
    if (this.#scope.ended) return;
    const { errors } = room.call.getSnapshot();
    for (const slot of /** @type {const} */ (["video", "audio"])) if (errors[slot]) this.toasts.advise(deviceWords(errors[slot], slot, { inside: true }));
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
    this.banner.draw(snapshot, { own: this.recording.on, others: recordersOf(snapshot.participants).map(markedName) });
    this.knocks.draw(snapshot.knocks, { hidden: this.open === "people" });
    document.title = `${Knocks.title(snapshot.knocks)}${this.chat.unread ? `(${this.chat.unread}) ` : ""}${t("room.title")} · Mayfly`;
    this.#tick();
  }

  #recorded(full) {
    this.toast(t(full ? "recording.full" : "recording.saved"));
    if (!this.#scope.ended) this.#draw();
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
    if (this.open !== "chat" || document.visibilityState !== "visible") this.sounds.play("message");
    if (this.open === "chat" && document.visibilityState === "visible") return;
    this.#draw();
    if (this.open === "chat") return;
    const sender = markedSender(message, this.#page.room.getSnapshot().encrypted && !message.viewOnce);
    const words = message.unreadable ? t("room.aMessage") : wordsFor(message) || clip(message.text) || filesWords(message);
    this.#told.set(message.id, this.toasts.show(t("room.said", { name: sender, words })));
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

  #left(snapshot) {
    this.#scope.end();
    showOver(this.#page, snapshot, takingBack(this.#page));
  }
}

/** Into the same seat again. Of the view that is over nothing is kept. */
function takingBack(page) {
  return () => {
    const { room } = page;
    room.takeBack();
    isBack(room);
    room.joined = room.joined.catch(() => {});
    const { audio, video } = savedDevices();
    new RoomView({ ...page, tracks: { audio, video } });
  };
}

const clip = (text) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
