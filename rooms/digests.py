"""Secrets are kept as digests and compared in constant time."""

from __future__ import annotations

import hashlib
import hmac


def digest(secret: str) -> bytes:
    """SHA-256 of a secret. Only for secrets of 128 random bits or more; a password needs a slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def matches(secret: str, kept: bytes) -> bool:
    """Whether `kept` is the digest of `secret`, in a time that tells nothing."""
    return hmac.compare_digest(digest(secret), kept)
