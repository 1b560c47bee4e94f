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

/** @param {RTCPeerConnection[]} connections one for each peer @param {MediaStreamTrack} [screen] keeps its size */
export function shareUplink(connections, screen) {
  const count = Math.max(1, connections.length);
  const maxBitrate = within(MIN_VIDEO_BPS, UPLINK_BPS / count, MAX_VIDEO_BPS);
  const screenBitrate = within(MIN_SCREEN_BPS, SCREEN_UPLINK_BPS / count, MAX_SCREEN_BPS);
  const scaleResolutionDownBy = count === 1 ? 1 : count <= MANY_PEERS ? 2 : 3;
  for (const pc of connections) {
    for (const sender of pc?.getSenders() ?? []) {
      if (sender.track?.kind !== "video") continue;
      limit(sender, sender.track === screen ? { maxBitrate: screenBitrate } : { maxBitrate, scaleResolutionDownBy });
    }
  }
}

const within = (low, wanted, high) => Math.round(Math.min(high, Math.max(low, wanted)));

function limit(sender, wanted) {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings?.[0];
  if (!encoding || Object.keys(wanted).every((name) => encoding[name] === wanted[name])) return;
  Object.assign(encoding, wanted);
  // A wish: where it is refused the call uses what the browser finds.
  sender.setParameters(parameters).catch(() => {});
}
