"""Vouches for DTLS fingerprints in rooms with an end-to-end key, as the JavaScript client does (docs/encryption.md).

The key of a link's `#e2e=` never leaves this process. HKDF-SHA-256 (RFC 5869) makes of it the key of an HMAC over
route, type and fingerprints (RFC 8122) of a description; the HMAC rides in a session-level attribute of its SDP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from mayfly_client.keys import derive
from peer.sdp import Unverified, fingerprints_in, split_auth, with_auth


class Voucher:
    """Signs and checks descriptions with the key of one room. Raises `ValueError` for a key of a wrong shape."""

    def __init__(self, secret: str, room_id: str) -> None:
        self._room_id = room_id
        self._key = derive(secret, room_id, "mayfly/1 calls")

    def sign(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> str:
        """The SDP with the line that vouches for it."""
        mac = hmac.digest(self._key, self._vouched(sdp, kind, sender, target, negotiation_id), hashlib.sha256)
        return with_auth(sdp, base64.urlsafe_b64encode(mac).rstrip(b"=").decode())

    def verify(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> str:
        """The SDP without that line. Raises `Unverified` where the line is missing or does not fit."""
        code, bare = split_auth(sdp)
        mac = hmac.digest(self._key, self._vouched(bare, kind, sender, target, negotiation_id), hashlib.sha256)
        if not hmac.compare_digest(base64.urlsafe_b64encode(mac).rstrip(b"="), code.encode()):
            raise Unverified("the fingerprints are not vouched for")
        return bare

    def _vouched(self, sdp: str, kind: str, sender: str, target: str, negotiation_id: str | None) -> bytes:
        fingerprints = fingerprints_in(sdp)
        context = ["mayfly/1", "call", self._room_id, sender, target, negotiation_id or "", kind, fingerprints]
        return json.dumps(context, separators=(",", ":"), ensure_ascii=False).encode()
