/** What a mesh may cost: the more people, the smaller the picture that each is sent, so neither uplink nor processor grows. */

/** What one sender may use of an uplink, in bits per second: shared among the peers, within bounds for one picture. */
const UPLINK_BPS = 3_000_000;
const MIN_VIDEO_BPS = 150_000;
const MAX_VIDEO_BPS = 1_500_000;
/** A shared screen is sharp and still: more for each picture, and as much for all together. */
const SCREEN_UPLINK_BPS = 5_000_000;
const MIN_SCREEN_BPS = 400_000;
const MAX_SCREEN_BPS = 2_500_000;
/** Up to so many peers are sent half of the camera's width, more a third. */
const MANY_PEERS = 3;

/** So much of what we send is lost: the uplink is short, and pictures give way to voices. Below the other it is not. */
export const SHORT_LOSS = 0.08;
const WELL_LOSS = 0.02;
/** What pictures may use is cut at once, and given back slowly, once a second, down to a part of it. */
const CUT = 0.6;
const GROWTH = 1.08;
const MIN_SHARE = 0.15;
/** However short it is, a picture that moves now and then. */
const FLOOR_BPS = 60_000;
/** With less than this share a picture is sent at half its width: small and moving rather than large and broken. */
const SMALL_SHARE = 0.5;

export class Uplink {
  /** What pictures may use, of what they could, from 0 to 1. */
  #share = 1;

  /**
   * After each look at the connections. @param {Iterable<{sentLoss: number | null}>} qualities
   * @returns {boolean} whether pictures are to be limited anew (`limit`)
   */
  adapt(qualities) {
    const losses = [...qualities].map(({ sentLoss }) => sentLoss).filter((loss) => loss !== null);
    if (!losses.length) return false;
    const worst = Math.max(...losses);
    const before = this.#share;
    if (worst >= SHORT_LOSS) this.#share = Math.max(MIN_SHARE, before * CUT);
    else if (worst < WELL_LOSS) this.#share = Math.min(1, before * GROWTH);
    return before !== this.#share;
  }

  /** @param {(RTCPeerConnection | null)[]} connections one for each peer @param {MediaStreamTrack} [screen] keeps its size */
  limit(connections, screen) {
    const count = Math.max(1, connections.length);
    const part = (low, uplink, high) => Math.max(FLOOR_BPS, Math.round(within(low, uplink / count, high) * this.#share));
    const maxBitrate = part(MIN_VIDEO_BPS, UPLINK_BPS, MAX_VIDEO_BPS);
    const screenBitrate = part(MIN_SCREEN_BPS, SCREEN_UPLINK_BPS, MAX_SCREEN_BPS);
    const byCount = count === 1 ? 1 : count <= MANY_PEERS ? 2 : 3;
    const scaleResolutionDownBy = this.#share < SMALL_SHARE ? byCount * 2 : byCount;
    for (const sender of connections.flatMap((pc) => pc?.getSenders() ?? [])) {
      if (sender.track?.kind === "audio") wish(sender, { priority: "high" });
      else if (sender.track) wish(sender, sender.track === screen ? { maxBitrate: screenBitrate } : { maxBitrate, scaleResolutionDownBy });
    }
  }
}

const within = (low, wanted, high) => Math.round(Math.min(high, Math.max(low, wanted)));

function wish(sender, wanted) {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings?.[0];
  if (!encoding || Object.keys(wanted).every((name) => encoding[name] === wanted[name])) return;
  Object.assign(encoding, wanted);
  // A wish: where it is refused the call uses what the browser finds.
  sender.setParameters(parameters).catch(() => {});
}
