/**
 * A session description read strictly (RFC 8866), for what decides with whom a browser talks: its fingerprints (RFC 8122).
 *
 * Browsers are forgiving, each in its own way: Firefox takes `a=FINGERPRINT:`, a blank for the colon, a lone CR for the
 * end of a line. A check that overlooks a line which the browser obeys is none. So nothing is interpreted here: a
 * description has lines of one plain form, and whatever resembles a line that carries keys is that line in its one
 * canonical spelling, or the description is refused.
 */

import { MayflyError } from "../errors.js";

/** Printable ASCII in whole lines: no lone CR, no NUL or TAB, no letter that another alphabet shares with ours. */
const PLAIN = /^(?:[a-z]=[\x20-\x7e]*\r?\n)+$/;
const FINGERPRINT = /^a=fingerprint:(sha-(?:256|384|512) [0-9A-F]{2}(?::[0-9A-F]{2})*)$/;
const AUTH_ATTRIBUTE = "a=x-mayfly-auth:";
const AUTH = /^a=x-mayfly-auth:([\w-]{43})$/;
/** Media is keyed by DTLS alone (RFC 8842): no SDES, no identity provider, no key of the description's own. */
const MEDIA = /^m=[a-z]+ \d+ (?:(?:UDP\/|TCP\/)?TLS\/RTP\/SAVPF?|(?:UDP\/|TCP\/)?DTLS\/SCTP) /;
const OTHER_KEYS = /^(?:acrypto|aidentity|akeymgmt|azrtphash|k)/;

/** @returns {string[]} the lines. Throws `PEER_UNVERIFIED` where one of them could be read in two ways. */
function linesOf(sdp) {
  if (!PLAIN.test(sdp)) throw refusal("it has characters or lines that a browser may read in another way");
  return sdp.split(/\r?\n/).slice(0, -1);
}

/** The letters of a line, whatever stands between them: what a lenient reader might make of it. */
const letters = (line) => line.toLowerCase().replace(/[^a-z]/g, "");

/**
 * The fingerprints that a description states, lower case, sorted, once each.
 * Throws `PEER_UNVERIFIED` where there is none, or a line which a browser might take for one and another reader not.
 * @param {string} sdp @returns {string[]}
 */
export function fingerprintsIn(sdp) {
  const found = new Set();
  for (const line of linesOf(sdp)) {
    const plain = letters(line);
    if (plain.includes("fingerprint")) {
      const [, fingerprint] = FINGERPRINT.exec(line) ?? [];
      if (!fingerprint) throw refusal("it has a fingerprint in an unusual spelling");
      found.add(fingerprint.toLowerCase());
    }
    if (line.startsWith("m=") ? !MEDIA.test(line) : OTHER_KEYS.test(plain)) throw refusal("it has keys that are not DTLS's");
  }
  if (!found.size) throw refusal("it has no fingerprint");
  return [...found].sort();
}

/** The description with a line before its first medium that carries the code (43 characters of base64url). */
export function withAuth(sdp, code) {
  const media = sdp.search(/^m=/m);
  const at = media < 0 ? sdp.length : media;
  return `${sdp.slice(0, at)}${AUTH_ATTRIBUTE}${code}\r\n${sdp.slice(at)}`;
}

/** @returns {{code: string, bare: string}} that line's code, and the description without it. Throws `PEER_UNVERIFIED`. */
export function splitAuth(sdp) {
  const lines = linesOf(sdp);
  const auth = lines.filter((line) => letters(line).includes("xmayflyauth"));
  const [, code] = AUTH.exec(auth[0] ?? "") ?? [];
  if (auth.length !== 1 || !code) throw refusal("nobody with the room's key vouches for it");
  return { code, bare: lines.filter((line) => line !== auth[0]).map((line) => `${line}\r\n`).join("") };
}

/**
 * Who of two that are connected opened DTLS (RFC 8842): `active` where this side did, else `passive`; `null` before the first answer.
 * @param {{type: string, sdp: string} | null} local @param {{type: string, sdp: string} | null} remote the current descriptions
 */
export function dtlsRole(local, remote) {
  const answer = [local, remote].find((description) => description?.type === "answer");
  const [, setup] = /^a=setup:(active|passive)\r?$/m.exec(answer?.sdp ?? "") ?? [];
  if (!setup) return null;
  return answer === local ? setup : otherRole(setup);
}

export const otherRole = (role) => role && (role === "active" ? "passive" : "active");

/**
 * An offer that continues a session, from somebody of this role. To one that leaves the role open, Firefox answers an ICE restart
 * with `active` whatever it was before: Chromium refuses such an answer, and a Firefox that takes it is connected with nobody.
 */
export const withRole = (sdp, role) => (role ? sdp.replace(/^a=setup:actpass(?=\r?$)/gm, `a=setup:${role}`) : sdp);

export const refusal = (why) => new MayflyError("PEER_UNVERIFIED", `A call was refused: ${why}.`);
