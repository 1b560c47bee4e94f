/** What a connection's statistics (W3C webrtc-stats) say of it: counters of one moment, and the quality between two. */

/** From so many milliseconds of round trip on, and from such a share of lost packets, a connection has a bar less. */
const SLOW_MS = [150, 300, 500];
const LOSSY = [0.02, 0.05, 0.1];
export const BEST = 4;
/** Longer than a report ever takes of a connection that is open. */
const READ_LIMIT_MS = 3_000;

/**
 * A connection's report, or `null` where there is none: in Firefox none ever comes of a connection that is closed
 * while it is being asked.
 * @param {RTCPeerConnection} pc @returns {Promise<RTCStatsReport | null>}
 */
export function readStats(pc) {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, READ_LIMIT_MS, null);
    const done = (report) => {
      clearTimeout(limit);
      resolve(report);
    };
    pc.getStats().then(done, () => done(null));
  });
}

/** @param {Map<string, import("./negotiation.js").Peer>} peers @returns {Promise<Map<string, RTCStatsReport>>} of those with a connection */
export async function readAll(peers) {
  const open = [...peers].filter(([, peer]) => peer.pc);
  const reports = await Promise.all(open.map(async ([id, peer]) => /** @type {[string, RTCStatsReport | null]} */ ([id, await readStats(peer.pc)])));
  return new Map(reports.filter(([, report]) => report));
}

/**
 * The counters of a report. Firefox has no transport statistics: there the pair in use says so itself.
 * @param {RTCStatsReport} report
 * @returns {{packets: number, lost: number, bytesIn: number, bytesOut: number, rttMs: number | null, sentLoss: number | null,
 *   limited: boolean, relayed: boolean | null, protocol: string | null}} packets and bytes since the connection began
 */
export function countersOf(report) {
  const all = [...report.values()];
  const of = (type) => all.filter((stat) => stat.type === type);
  const inbound = of("inbound-rtp");
  const outbound = of("outbound-rtp");
  const heard = of("remote-inbound-rtp");
  const pair = pairInUse(all, report);
  const sides = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)].filter(Boolean);
  const trips = [pair?.currentRoundTripTime, ...heard.map((stat) => stat.roundTripTime)].filter(Number.isFinite);
  const losses = heard.map((stat) => stat.fractionLost).filter(Number.isFinite);
  return {
    packets: sum(inbound, "packetsReceived"),
    lost: sum(inbound, "packetsLost"),
    bytesIn: sum(inbound, "bytesReceived"),
    bytesOut: sum(outbound, "bytesSent"),
    rttMs: trips.length ? Math.round(trips[0] * 1_000) : null,
    sentLoss: losses.length ? Math.max(...losses) : null,
    limited: outbound.some((stat) => stat.kind === "video" && stat.qualityLimitationReason === "bandwidth"),
    relayed: sides.length ? sides.some((side) => side.candidateType === "relay") : null,
    protocol: sides[0]?.relayProtocol ?? sides[0]?.protocol ?? null,
  };
}

function pairInUse(all, report) {
  const transport = all.find((stat) => stat.type === "transport" && stat.selectedCandidatePairId);
  return transport ? report.get(transport.selectedCandidatePairId) : all.find((stat) => stat.type === "candidate-pair" && stat.selected);
}

/**
 * How good a connection was between two moments.
 * @param {ReturnType<typeof countersOf>} before @param {ReturnType<typeof countersOf>} now @param {number} ms between them
 */
export function qualityOf(before, now, ms) {
  const since = (name) => Math.max(0, now[name] - before[name]);
  const [packets, lost] = [since("packets"), since("lost")];
  const loss = packets + lost ? lost / (packets + lost) : 0;
  const worst = Math.max(loss, now.sentLoss ?? 0);
  const kbps = (name) => Math.round((since(name) * 8) / Math.max(1, ms));
  return Object.freeze({
    bars: Math.max(1, BEST - Math.max(steps(SLOW_MS, now.rttMs ?? 0), steps(LOSSY, worst))),
    inKbps: kbps("bytesIn"),
    outKbps: kbps("bytesOut"),
    loss,
    sentLoss: now.sentLoss,
    rttMs: now.rttMs,
    relayed: now.relayed,
    protocol: now.protocol,
    limited: now.limited,
  });
}

const steps = (limits, value) => limits.filter((limit) => value >= limit).length;

const sum = (stats, name) => stats.reduce((total, stat) => total + (stat[name] ?? 0), 0);
