/** Holds what the browser has parsed, and with whom it really talks, against the fingerprints that were vouched for. */

import { fingerprintsIn, refusal } from "./sdp.js";

/**
 * Throws `PEER_UNVERIFIED` where the browser would use another fingerprint than those vouched for. It may use fewer: of
 * one certificate's digests by several algorithms, as aiortc states them, Chromium keeps one.
 */
export function assertParsed(description, vouched) {
  if (!fingerprintsIn(description?.sdp ?? "").every((one) => vouched.includes(one))) {
    throw refusal("the browser understood other fingerprints than those vouched for");
  }
}

/** Throws `PEER_UNVERIFIED` where a certificate of the other side, as far as the browser shows them, is another one. */
export async function assertCertificates(pc, vouched) {
  for (const shown of await shownFingerprints(pc, vouched)) {
    if (!vouched.includes(shown)) throw refusal("the connection has another certificate than the one vouched for");
  }
}

async function shownFingerprints(pc, vouched) {
  const hashes = [...new Set(vouched.map((fingerprint) => fingerprint.split(" ")[0]))];
  const transports = new Set([...pc.getReceivers(), ...pc.getSenders()].map(({ transport }) => transport).filter(Boolean));
  const shown = [];
  for (const transport of transports) {
    // The first one is the other side's own; Firefox shows none, and refuses by itself what does not fit.
    const [certificate] = transport.getRemoteCertificates?.() ?? [];
    if (certificate && hashes.length) shown.push(await fingerprint(hashes[0], certificate));
  }
  return shown.length ? shown : fingerprintsInStats(await pc.getStats(), hashes);
}

async function fingerprint(hash, certificate) {
  const digest = new Uint8Array(await crypto.subtle.digest(hash.toUpperCase(), certificate));
  return `${hash} ${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}

function fingerprintsInStats(stats, hashes) {
  return [...stats.values()]
    .filter(({ type, remoteCertificateId }) => type === "transport" && remoteCertificateId)
    .map(({ remoteCertificateId }) => stats.get(remoteCertificateId))
    .filter((certificate) => certificate && hashes.includes(certificate.fingerprintAlgorithm.toLowerCase()))
    .map(({ fingerprintAlgorithm, fingerprint: shown }) => `${fingerprintAlgorithm} ${shown}`.toLowerCase());
}
