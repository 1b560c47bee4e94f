"""Keys that are made of a secret: HKDF-SHA-256 (RFC 5869), a key for each purpose, for AES-256-GCM."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12


def cipher_for(secret: bytes, purpose: bytes) -> AESGCM:
    """The cipher of one purpose. None can be told from another's, nor the secret from any of them."""
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret))
