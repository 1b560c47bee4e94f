/** What a mesh may cost: the more people, the smaller the picture that each is sent, so neither uplink nor processor grows. */

/** What one sender may use of an uplink, in bits per second: shared among the peers, within bounds for one picture. */
const UPLINK_BPS = 3_000_000;
const MIN_VIDEO_BPS = 150_000;
const MAX_VIDEO_BPS = 1_500_000;
/** Up to so many peers are sent half of the camera's width, more a third. */
const MANY_PEERS = 3;

/** @param {RTCPeerConnection[]} connections one for each peer @param {MediaStreamTrack} [screen] stays sharp */
export function shareUplink(connections, screen) {
  const count = Math.max(1, connections.length);
  const maxBitrate = Math.round(Math.min(MAX_VIDEO_BPS, Math.max(MIN_VIDEO_BPS, UPLINK_BPS / count)));
  const scaleResolutionDownBy = count === 1 ? 1 : count <= MANY_PEERS ? 2 : 3;
  for (const pc of connections) {
    for (const sender of pc?.getSenders() ?? []) {
      const isCamera = sender.track?.kind === "video" && sender.track !== screen;
      if (isCamera) limit(sender, { maxBitrate, scaleResolutionDownBy });
    }
  }
}

function limit(sender, wanted) {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings?.[0];
  if (!encoding || Object.keys(wanted).every((name) => encoding[name] === wanted[name])) return;
  Object.assign(encoding, wanted);
  // A wish: where it is refused the call uses what the browser finds.
  sender.setParameters(parameters).catch(() => {});
}
