"""The keys of an encrypted room, made of the secret in its link as docs/encryption.md says ("For other clients")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_BYTES = 32
MAX_NAME_BYTES = 80
"""Every name is padded to this, so that its length says nothing."""
NAME_MARK = "🔒"
_CHECK_BYTES = 12
_IV_BYTES = 12
_FIRST_DIGIT, _DIGIT_BITS = 0x4E00, 14


def secret_bytes(secret: str) -> bytes:
    """The secret of a link (base64url). Raises `ValueError` where it has another shape."""
    try:
        material = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    except (binascii.Error, ValueError) as error:
        raise ValueError("the end-to-end key is not base64url") from error
    if len(material) != SECRET_BYTES:
        raise ValueError(f"the end-to-end key has not {SECRET_BYTES} bytes")
    return material


def derive(secret: str, salt: str, info: str) -> bytes:
    """32 bytes by HKDF-SHA-256, one block (RFC 5869, sections 2.2 and 2.3)."""
    extracted = hmac.digest(salt.encode(), secret_bytes(secret), hashlib.sha256)
    return hmac.digest(extracted, info.encode() + b"\x01", hashlib.sha256)


def key_check(secret: str) -> str:
    """What a room's `keyCheck` is, where this is its secret: 16 characters."""
    return base64.urlsafe_b64encode(derive(secret, "", "mayfly/1 check")[:_CHECK_BYTES]).decode()


def sealed_name(secret: str, room_id: str, name: str) -> str:
    """A name as the server may see it: 64 characters, whatever it is. What is longer than 80 bytes is cut."""
    clipped = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
    iv = secrets.token_bytes(_IV_BYTES)
    context = f'["mayfly/1","name","{room_id}",""]'.encode()
    cipher = AESGCM(derive(secret, room_id, "mayfly/1 names"))
    return NAME_MARK + base16384(iv + cipher.encrypt(iv, clipped.ljust(MAX_NAME_BYTES, b"\0"), context))


def from_base16384(text: str) -> bytes:
    """What `base16384` has written. Raises `ValueError` for anything else."""
    values = [ord(char) - _FIRST_DIGIT for char in text]
    if not values or not all(0 <= value < 1 << _DIGIT_BITS for value in values):
        raise ValueError("not base16384")
    remainder, *digits = values
    size = len(digits) * _DIGIT_BITS // 8
    while size % 7 != remainder and size > 0:
        size -= 1
    bits = 0
    for digit in digits:
        bits = bits << _DIGIT_BITS | digit
    content = (bits >> (len(digits) * _DIGIT_BITS - size * 8)).to_bytes(size)
    if base16384(content) != text:
        raise ValueError("not base16384")
    return content


def base16384(content: bytes) -> str:
    """One digit with the byte count modulo 7, then 14 bits to a digit, most significant first, filled with zeros."""
    count = -(-len(content) * 8 // _DIGIT_BITS)
    bits = int.from_bytes(content) << (count * _DIGIT_BITS - len(content) * 8)
    digits = [bits >> (_DIGIT_BITS * at) & ((1 << _DIGIT_BITS) - 1) for at in reversed(range(count))]
    return "".join(chr(_FIRST_DIGIT + digit) for digit in (len(content) % 7, *digits))
