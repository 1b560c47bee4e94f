/** The call in a small window above all others: with buttons where the browser has such windows, a picture alone elsewhere. */

import { h, setText, toggleAttribute } from "./dom.js";
import { markedName } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/** @typedef {import("../../client/index.js").Room} Room */

const SIZE = { width: 360, height: 270 };

const hasWindows = () => "documentPictureInPicture" in globalThis;
export const canFloat = () => hasWindows() || Boolean(document.pictureInPictureEnabled);

export class Pip {
  #room;
  #acts;
  #picture;
  #window = null;

  /** @param {{room: Room, scope: import("./scope.js").Scope, acts: any, picture: () => any}} props */
  constructor({ room, scope, acts, picture }) {
    this.#room = room;
    this.#acts = acts;
    this.#picture = picture;
    scope.add(() => this.#close());
  }

  async toggle() {
    if (this.#window || document.pictureInPictureElement) return this.#close();
    try {
      if (hasWindows()) await this.#open();
      else await this.#picture()?.video.requestPictureInPicture();
    } catch {
      // The browser decides: without a press, or without a picture yet, there is none.
    }
  }

  draw() {
    if (!this.#window) return;
    const shown = this.#picture();
    const { video, name, mic, camera } = this.parts;
    const stream = shown?.shows ? shown.video.srcObject : null;
    if (video.srcObject !== stream) video.srcObject = stream;
    video.hidden = !stream;
    setText(name, shown ? markedName(shown.person) : "");
    const { wanted } = this.#room.call.getSnapshot();
    for (const [button, on, names] of [[mic, wanted.audio, ["mic", "micOff"]], [camera, wanted.video, ["camera", "cameraOff"]]]) {
      if (button.getAttribute("aria-pressed") !== String(on)) button.replaceChildren(icon(names[on ? 0 : 1], 20));
      toggleAttribute(button, "aria-pressed", String(on));
    }
  }

  async #open() {
    const opened = await globalThis.documentPictureInPicture.requestWindow(SIZE);
    this.#window = opened;
    const { document: inside } = opened;
    // Its own document begins without any style.
    for (const sheet of document.querySelectorAll("link[rel=stylesheet]")) inside.head.append(sheet.cloneNode());
    const { theme } = document.documentElement.dataset;
    if (theme) inside.documentElement.dataset.theme = theme;
    Object.assign(inside.documentElement, { lang: document.documentElement.lang, dir: document.documentElement.dir });
    inside.body.append(this.#build());
    opened.addEventListener("pagehide", () => this.#window === opened && this.#forget());
    this.draw();
  }

  #build() {
    const button = (name, label, onclick) => h("button", { class: `icon-button for-${name}`, type: "button", "aria-label": label, onclick }, icon(name, 20));
    const { mic, camera, leave } = this.#acts;
    this.parts = {
      // Sound comes from the page.
      video: h("video", { autoplay: true, playsInline: true, muted: true }),
      name: h("bdi", { class: "name" }),
      mic: button("mic", t("mic"), mic),
      camera: button("camera", t("camera"), camera),
    };
    const { video, name } = this.parts;
    const bar = h("div", { class: "pip-bar" }, name, this.parts.mic, this.parts.camera, button("leave", t("leave"), () => (this.#close(), leave())));
    return h("div", { class: "pip" }, video, bar);
  }

  #close() {
    const { pictureInPictureElement } = document;
    if (pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    const opened = this.#window;
    this.#forget();
    opened?.close();
  }

  #forget() {
    this.#window = null;
    if (this.parts) this.parts.video.srcObject = null;
  }
}
