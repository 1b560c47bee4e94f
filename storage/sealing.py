"""How files are sealed before they reach a disk that is not ours: AES-256-GCM, each file under a key of its own.

The key of a file is derived (HKDF-SHA-256, RFC 5869) from `STORAGE_SECRET` and the file's id, which is random and never
used again. So the number of a chunk is nonce enough. It and the id are bound to the chunk as associated data: one chunk
in the place of another, or of another file, does not open. That none is missing is known from the record, which is
sealed under a key of its own.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys import NONCE_BYTES, cipher_for

TAG_BYTES = 16
"""What a sealed chunk is longer than what is in it."""

KEYS_REMEMBERED = 256


class Tampered(Exception):
    """What was opened is not what was sealed, or was sealed under another secret."""


class Sealer:
    """Seals and opens under keys made of one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._cipher = lru_cache(maxsize=KEYS_REMEMBERED)(self._make_cipher)

    def seal_chunk(self, file_id: str, number: int, data: bytes) -> bytes:
        """One chunk of a file; `number` counts from 0."""
        return self._cipher(file_id).encrypt(_nonce(number), data, _bound_to(file_id, number))

    def open_chunk(self, file_id: str, number: int, sealed: bytes) -> bytes:
        """What is in a chunk. Raises `Tampered`."""
        return self._open(file_id, _nonce(number), sealed, _bound_to(file_id, number))

    def seal_record(self, file_id: str, version: bytes, data: bytes) -> bytes:
        """What is kept beside the bytes. `version`: `NONCE_BYTES` random bytes, others each time that it is written."""
        return version + self._record_cipher(file_id).encrypt(version, data, file_id.encode())

    def open_record(self, file_id: str, sealed: bytes) -> bytes:
        """What is in a record. Raises `Tampered`."""
        version, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._record_cipher(file_id).decrypt(version, rest, file_id.encode())
        except (InvalidTag, ValueError):
            raise Tampered from None

    def _open(self, file_id: str, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        try:
            return self._cipher(file_id).decrypt(nonce, sealed, bound_to)
        except (InvalidTag, ValueError):
            raise Tampered from None

    def _make_cipher(self, file_id: str) -> AESGCM:
        return cipher_for(self._secret, b"mayfly file chunks: " + file_id.encode())

    def _record_cipher(self, file_id: str) -> AESGCM:
        return cipher_for(self._secret, b"mayfly file record: " + file_id.encode())


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")


def _bound_to(file_id: str, number: int) -> bytes:
    return f"{file_id}/{number}".encode()
