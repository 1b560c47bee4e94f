/** On a phone, the camera at the other side: a button on one's own picture. */

import { deviceWords, saveDevices } from "./device-words.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

/**
 * @typedef {typeof import("../../client/browser.js")} Client
 * @typedef {import("../../client/index.js").Room} Room
 */

export class Flip {
  #client;
  #room;
  #advise;
  #scope;
  #track = null;

  /** @param {{client: Client, room: Room, scope: import("./scope.js").Scope, advise: (text: string) => void}} props */
  constructor({ client, room, scope, advise }) {
    this.#client = client;
    this.#room = room;
    this.#scope = scope;
    this.#advise = advise;
    const label = t("stage.flip");
    this.element = h("button", { class: "icon-button tile-flip", type: "button", hidden: true, "aria-label": label, title: label, onclick: () => this.#flip() }, icon("flip", 20));
    scope.add(room.call.subscribe(() => this.#look()));
    this.#look();
  }

  get #camera() {
    return this.#room.call.getSnapshot().localStream?.getVideoTracks()[0] ?? null;
  }

  async #look() {
    const track = this.#camera;
    if (track === this.#track) return;
    this.#track = track;
    if (!track) return void (this.element.hidden = true);
    const { cameras } = await this.#client.listDevices();
    if (!this.#scope.ended && track === this.#track) this.element.hidden = cameras.length < 2 || !matchMedia("(pointer: coarse)").matches;
  }

  async #flip() {
    const { cameras } = await this.#client.listDevices();
    const at = cameras.findIndex(({ deviceId }) => deviceId === this.#camera?.getSettings().deviceId);
    const { deviceId } = cameras[(at + 1) % cameras.length] ?? {};
    if (!deviceId) return;
    saveDevices({ videoId: deviceId });
    try {
      await this.#room.call.switchDevice("video", deviceId);
    } catch (error) {
      this.#advise(deviceWords(error, "video", { inside: true }));
    }
  }
}
