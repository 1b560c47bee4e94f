"""A session description read strictly (RFC 8866), as `client/crypto/sdp.js` does: fingerprints and their vouchers.

Nothing is interpreted: whatever resembles a line that carries keys is that line in its one canonical spelling, or the
description is refused. A reader that overlooks a line which another one obeys protects nobody.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(?:[a-z]=[\x20-\x7e]*\r?\n)+")
_FINGERPRINT = re.compile(r"a=fingerprint:(sha-(?:256|384|512) [0-9A-F]{2}(?::[0-9A-F]{2})*)")
_AUTH_ATTRIBUTE = "a=x-mayfly-auth:"
_AUTH = re.compile(r"a=x-mayfly-auth:([A-Za-z0-9_-]{43})")
_MEDIA = re.compile(r"m=[a-z]+ [0-9]+ (?:(?:UDP/|TCP/)?TLS/RTP/SAVPF?|(?:UDP/|TCP/)?DTLS/SCTP) ")
_OTHER_KEYS = re.compile(r"acrypto|aidentity|akeymgmt|azrtphash|k")
_FIRST_MEDIA = re.compile(r"^m=", re.MULTILINE)
_NOT_LETTERS = re.compile(r"[^a-z]")


class Unverified(ValueError):
    """A description that nobody with the room's key has vouched for: it must not be used."""


def _lines_of(sdp: str) -> list[str]:
    if _PLAIN.fullmatch(sdp) is None:
        raise Unverified("the description has characters or lines that may be read in another way")
    return sdp.replace("\r\n", "\n").split("\n")[:-1]


def _letters(line: str) -> str:
    return _NOT_LETTERS.sub("", line.lower())


def fingerprints_in(sdp: str) -> list[str]:
    """The fingerprints that a description states, lower case, sorted, once each. Raises `Unverified`."""
    found: set[str] = set()
    for line in _lines_of(sdp):
        letters = _letters(line)
        if "fingerprint" in letters:
            stated = _FINGERPRINT.fullmatch(line)
            if stated is None:
                raise Unverified("the description has a fingerprint in an unusual spelling")
            found.add(stated[1].lower())
        if _MEDIA.match(line) is None if line.startswith("m=") else _OTHER_KEYS.match(letters) is not None:
            raise Unverified("the description has keys that are not DTLS's")
    if not found:
        raise Unverified("the description has no fingerprint")
    return sorted(found)


def with_auth(sdp: str, code: str) -> str:
    """The description with a line before its first medium that carries the code."""
    media = _FIRST_MEDIA.search(sdp)
    at = len(sdp) if media is None else media.start()
    return f"{sdp[:at]}{_AUTH_ATTRIBUTE}{code}\r\n{sdp[at:]}"


def split_auth(sdp: str) -> tuple[str, str]:
    """That line's code, and the description without it. Raises `Unverified`."""
    lines = _lines_of(sdp)
    auth = [line for line in lines if "xmayflyauth" in _letters(line)]
    stated = _AUTH.fullmatch(auth[0]) if len(auth) == 1 else None
    if stated is None:
        raise Unverified("nobody with the room's key vouches for the description")
    return stated[1], "".join(f"{line}\r\n" for line in lines if line != auth[0])
