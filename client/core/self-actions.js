/** What one says of oneself: devices, name, whether one is there; and what is sent to the others without being kept. */

import { telling } from "./presence.js";

export class SelfActions {
  #port;
  /** What is to be known, also after the next join. */
  media;
  #idle = false;
  #toldMedia = telling({}, () => this.#port.request("update-media", this.media));
  #toldIdle = telling(false, () => this.#port.request("update-self", { idle: this.#idle }));

  /**
   * @param {{store: any, request: Function, deeds: import("../messages/deeds.js").Deeds, keyring: () => any, named: (name: string) =>
   *   void}} port `named` keeps a new name for the next join
   */
  constructor(port, media) {
    this.#port = port;
    this.media = media;
  }

  get api() {
    return { updateMedia: this.updateMedia, updateSelf: this.updateSelf, broadcast: this.broadcast };
  }

  /** Inside (again): what changed while nobody could be told. */
  inside(self) {
    const stale = Object.keys(this.media).some((key) => this.media[key] !== self.media?.[key]);
    if (stale) this.#toldMedia.set(this.media);
    if (Boolean(self.idle) !== this.#idle) this.#toldIdle.set(this.#idle);
  }

  updateMedia = async (patch) => {
    this.media = { ...this.media, ...patch };
    const { self, status } = this.#port.store.getSnapshot();
    if (self) this.#show({ media: { ...self.media, ...patch } });
    // While away the next join carries it.
    if (status === "joined") await this.#port.request("update-media", patch).catch(ignoreLoss);
  };

  updateSelf = async ({ name, idle, attributes }) => {
    const before = this.#port.store.getSnapshot().self;
    const patch = Object.fromEntries(Object.entries({ name, idle, attributes }).filter(([, value]) => value !== undefined));
    if (idle !== undefined) this.#idle = idle;
    this.#show(patch);
    await this.#port.deeds.do({
      event: "update-self",
      fields: async () => ({ ...patch, ...(name !== undefined && { name: await this.#wireName(name) }) }),
      done: () => name !== undefined && this.#port.named(name),
      undo: () => {
        if (idle !== undefined) this.#idle = Boolean(before?.idle);
        const back = Object.fromEntries(Object.keys(patch).map((field) => [field, before?.[field]]));
        this.#show(back);
      },
    });
  };

  /** @param {string} type @param {unknown} data @param {{to?: string}} [options] */
  broadcast = async (type, data, { to } = {}) => {
    const { keyring, store, request } = this.#port;
    const sealed = keyring() ? await keyring().sealJson(`broadcast ${type}`, store.getSnapshot().self?.id ?? "", data) : data;
    return request("broadcast", { type, data: sealed, to });
  };

  async #wireName(name) {
    const keyring = this.#port.keyring();
    return keyring ? keyring.sealName(name) : name;
  }

  #show(patch) {
    const { self } = this.#port.store.getSnapshot();
    if (self) this.#port.store.update({ self: Object.freeze({ ...self, ...patch }) });
  }
}

/** Away again: the next join carries it. */
function ignoreLoss(error) {
  if (!["CONNECTION_LOST", "NOT_IN_ROOM"].includes(error.code)) throw error;
}
