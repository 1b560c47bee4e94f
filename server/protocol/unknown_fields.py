"""Refusing a field that nobody knows, which is a known one misspelt as a rule (`capcity`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from rooms.errors import Code, Refused

MAX_UNKNOWN = 8
"""How many unknown fields of one request are looked at."""

MAX_COMPARED_CHARS = 64
"""How much of an unknown name is compared: comparing takes the square of its length."""

MEANT = "is this what you meant? an unknown field was sent"


def known_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields on the wire."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def refuse_unknown(value: object, known: Iterable[str]) -> None:
    """Raise `Refused` INVALID_PAYLOAD where an object has a field that is not among `known`.

    `details` names the known field that comes nearest, never the unknown one, which may be anything.
    """
    if not isinstance(value, Mapping):
        return
    names = tuple(known)
    unknown = [name for name in value if name not in names][:MAX_UNKNOWN]
    if unknown:
        # What was sent under its right name is not what another one was meant to be.
        candidates = [name for name in names if name not in value] or list(names)
        raise Refused(Code.INVALID_PAYLOAD, details={_nearest(name, candidates): MEANT for name in unknown})


def _nearest(name: str, candidates: list[str]) -> str:
    plain = _plain(name[:MAX_COMPARED_CHARS])
    return max(candidates, key=lambda one: difflib.SequenceMatcher(None, plain, _plain(one)).ratio())


def _plain(name: str) -> str:
    # `expires_in_s` and `ExpiresInS` are spellings of `expiresInS`.
    return name.replace("_", "").replace("-", "").lower()
