"""Signing what the server sends to others (Standard Webhooks, https://www.standardwebhooks.com, symmetric `v1`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable

PREFIX = "whsec_"
LEAST_BYTES = 24
"""What the specification asks a secret to have at least."""


def read_secrets(text: str) -> tuple[str, ...]:
    """The secrets in a list separated by spaces or commas. Raises `ValueError`, which repeats none of it."""
    found = tuple(one for one in re.split(r"[\s,]+", text) if one)
    for one in found:
        key_of(one)
    return found


def key_of(secret: str) -> bytes:
    """The key of a secret: base64, with or without `whsec_`. Raises `ValueError` where it is none."""
    # What is no base64 is passed over, and padding may be missing, as in the specification's own libraries.
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX) + "==")
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("must be whsec_ and base64 of 24 to 64 random bytes; several are separated by spaces")
    return key


def is_short(secret: str) -> bool:
    """Whether a secret has fewer bytes than it should."""
    return len(key_of(secret)) < LEAST_BYTES


def signatures(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret, separated by spaces, while secrets rotate."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (hmac.digest(key_of(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)
