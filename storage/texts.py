"""What only this server is to read of its database: AES-256-GCM, each room under a key of its own.

The key of a room is derived (HKDF-SHA-256, RFC 5869) from `STORAGE_SECRET` and the room's id. What is sealed is bound
to its place (a message's id, say), so that nothing can be moved to another one. Nonces are random.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys import NONCE_BYTES, cipher_for

KEYS_REMEMBERED = 1_024


class Unreadable(Exception):
    """What was opened was not sealed for this place, or under another secret."""


class Texts:
    """Seals and opens under keys made of one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._cipher = lru_cache(maxsize=KEYS_REMEMBERED)(self._make_cipher)

    def seal(self, room_id: str, place: str, plain: bytes) -> bytes:
        """Seal something of a room; the nonce stands before it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(room_id).encrypt(nonce, plain, place.encode())

    def open(self, room_id: str, place: str, sealed: bytes) -> bytes:
        """What was sealed. Raises `Unreadable`."""
        try:
            return self._cipher(room_id).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise Unreadable from None

    def _make_cipher(self, room_id: str) -> AESGCM:
        return cipher_for(self._secret, b"mayfly room texts: " + room_id.encode())
