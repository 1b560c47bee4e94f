"""Keys under which a store keeps what people say of themselves: `rooms.model.Seal`, by AES-256-GCM and HKDF-SHA-256.

Each seat has a random key of its own. It is kept twice: sealed under a key derived (RFC 5869) from the seat's resume
token, and under one from the join's `clientJoinId`. Of both a store has a digest only, so nobody who reads it can
derive them; whoever guesses a `clientJoinId` could take the seat as well.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rooms.model import Sealed

KEY_BYTES = 32
NONCE_BYTES = 12


class SeatSeal:
    """`rooms.model.Seal`: the key of the seat of this id."""

    def __init__(self, seat_id: str, key: bytes, by_token: bytes, by_join: bytes | None) -> None:
        self._seat_id = seat_id
        self._key = key
        self.by_token = by_token
        self.by_join = by_join

    def close(self, text: bytes) -> bytes:
        """Seal, under a nonce that stands before it."""
        return _close(self._key, text, self._seat_id)

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed; None where this is not the key, or the seat."""
        return _open(self._key, sealed, self._seat_id)

    def renewed(self, token: str) -> SeatSeal:
        """The same key, for another resume token."""
        return SeatSeal(self._seat_id, self._key, _wrapped(self._key, token, self._seat_id), self.by_join)


def new_seal(seat_id: str, token: str, join_id: str | None) -> SeatSeal:
    """A key for a new seat, which its holder's secrets open."""
    key = os.urandom(KEY_BYTES)
    by_join = _wrapped(key, join_id, seat_id) if join_id is not None else None
    return SeatSeal(seat_id, key, _wrapped(key, token, seat_id), by_join)


def opened_by_token(seat_id: str, kept: Sealed, token: str) -> SeatSeal | None:
    """The key that a store has, for whoever shows the seat's resume token; None where it does not open."""
    return _unwrapped(seat_id, kept, kept.by_token, token)


def opened_by_join(seat_id: str, kept: Sealed, join_id: str) -> SeatSeal | None:
    """The same for whoever repeats the join."""
    return _unwrapped(seat_id, kept, kept.by_join, join_id) if kept.by_join is not None else None


def _unwrapped(seat_id: str, kept: Sealed, wrapped: bytes, secret: str) -> SeatSeal | None:
    key = _open(_derived(secret, seat_id), wrapped, seat_id)
    return SeatSeal(seat_id, key, kept.by_token, kept.by_join) if key is not None else None


def _wrapped(key: bytes, secret: str, seat_id: str) -> bytes:
    return _close(_derived(secret, seat_id), key, seat_id)


def _derived(secret: str, seat_id: str) -> bytes:
    purpose = b"mayfly seat: " + seat_id.encode()
    material = secret.encode("utf-8", "surrogatepass")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(material)


def _close(key: bytes, text: bytes, seat_id: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, seat_id.encode())


def _open(key: bytes, sealed: bytes, seat_id: str) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], seat_id.encode())
    except (InvalidTag, ValueError):
        return None
