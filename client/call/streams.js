/** Streams for video elements: the same object as long as the tracks are the same, since an element given a new one flickers. */

export class Streams {
  #kept = new Map();

  /** @param {string} key @param {(MediaStreamTrack | null | undefined)[]} tracks @returns {MediaStream | null} */
  of(key, tracks) {
    const live = tracks.filter(Boolean);
    const kept = this.#kept.get(key);
    if (kept && sameTracks(kept, live)) return kept;
    const stream = live.length ? new MediaStream(live) : null;
    this.#kept.set(key, stream);
    return stream;
  }

  /** Lets go of every stream whose key begins so. */
  forget(prefix) {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}

const sameTracks = (stream, tracks) =>
  stream.getTracks().length === tracks.length && tracks.every((track) => stream.getTracks().includes(track));
