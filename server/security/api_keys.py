"""`API_KEYS`: the secrets of the operator's own sites and scripts, kept as digests only."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rooms.digests import digest

DEFAULT_NAME = "default"
"""The name of a key that is given as a bare secret."""

SHORT_SECRET_CHARS = 22
"""Below this a secret has hardly 128 random bits, which a plain digest of it asks for."""

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64}):(?P<secret>[^\s,]+)|(?P<bare>[^\s:,]+)")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. Two may share a name while a secret is being replaced. `short`: it looks more like a word."""

    name: str
    digest: bytes = field(repr=False)
    short: bool = False


def read_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys in `name:secret,name:secret`. Raises `ValueError`, which never repeats any of it."""
    keys = tuple(_read(entry.strip()) for entry in text.split(",") if entry.strip())
    if len({key.digest for key in keys}) < len(keys):
        raise ValueError("must not give one secret to two keys")
    return keys


def _read(entry: str) -> ApiKey:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError("must be name:secret, comma-separated; names are letters, digits, hyphens, dots, underscores")
    secret = found["secret"] or found["bare"]
    return ApiKey(found["name"] or DEFAULT_NAME, digest(secret), len(secret) < SHORT_SECRET_CHARS)


def name_of(secret: str, keys: Iterable[ApiKey]) -> str | None:
    """The name of the key that this secret is, in a time that tells nothing; None where it is none."""
    given, name = digest(secret), None
    for key in keys:
        if hmac.compare_digest(given, key.digest):
            name = key.name
    return name
