"""Vouches for DTLS fingerprints in rooms with an end-to-end key, as the JavaScript client does (docs/encryption.md).

The key of a link's `#e2e=` never leaves this process. HKDF-SHA-256 (RFC 5869) makes of it the key of an HMAC over
route, type and fingerprints (RFC 8122) of a description; the HMAC rides in a session-level attribute of its SDP.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re

SECRET_BYTES = 32
ATTRIBUTE = "a=x-mayfly-auth:"
_INFO = b"mayfly/1 calls"
_FINGERPRINT = re.compile(r"^a=fingerprint:\s*(.+?)\s*$", re.MULTILINE)
_FIRST_MEDIA = re.compile(r"^m=", re.MULTILINE)


class Unverified(ValueError):
    """A description that nobody with the room's key has vouched for: it must not be used."""


class Voucher:
    """Signs and checks descriptions with the key of one room. Raises `ValueError` for a key of a wrong shape."""

    def __init__(self, secret: str, room_id: str) -> None:
        try:
            material = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        except (binascii.Error, ValueError) as error:
            raise ValueError("the end-to-end key is not base64url") from error
        if len(material) != SECRET_BYTES:
            raise ValueError(f"the end-to-end key has not {SECRET_BYTES} bytes")
        self._room_id = room_id
        self._key = _hkdf(material, room_id.encode(), _INFO)

    def sign(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> str:
        """The SDP with the line that vouches for it."""
        mac = hmac.digest(self._key, self._vouched(sdp, kind, sender, target, negotiation_id), hashlib.sha256)
        line = f"{ATTRIBUTE}{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}\r\n"
        media = _FIRST_MEDIA.search(sdp)
        at = len(sdp) if media is None else media.start()
        return sdp[:at] + line + sdp[at:]

    def verify(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> str:
        """The SDP without that line. Raises `Unverified` where the line is missing or does not fit."""
        lines = sdp.splitlines()
        stated = [line.removeprefix(ATTRIBUTE) for line in lines if line.startswith(ATTRIBUTE)]
        bare = "".join(f"{line}\r\n" for line in lines if not line.startswith(ATTRIBUTE))
        expected = self.sign(bare, kind, sender, target, negotiation_id)
        if len(stated) != 1 or not hmac.compare_digest(
            f"{ATTRIBUTE}{stated[0]}".encode(), _auth_line(expected).encode()
        ):
            raise Unverified("the fingerprints are not vouched for")
        return bare

    def _vouched(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> bytes:
        fingerprints = sorted({found.lower() for found in _FINGERPRINT.findall(sdp)})
        context = ["mayfly/1", "call", self._room_id, sender, target, negotiation_id or "", kind, fingerprints]
        return json.dumps(context, separators=(",", ":"), ensure_ascii=False).encode()


def _auth_line(sdp: str) -> str:
    return next(line for line in sdp.splitlines() if line.startswith(ATTRIBUTE))


def _hkdf(material: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 of one block (RFC 5869, sections 2.2 and 2.3)."""
    extracted = hmac.digest(salt, material, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)
