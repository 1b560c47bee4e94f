"""What one field of a request may be: its kinds, their sizes, and how they are read."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BeforeValidator, Field

from rooms.limits import (
    MAX_ATTRIBUTES,
    MAX_ATTRIBUTES_BYTES,
    MAX_DATA_BYTES,
    MAX_MESSAGE_TTL_S,
    MAX_NAME_CHARS,
    MAX_SEALED_CHARS,
    MIN_MESSAGE_TTL_S,
)

MAX_ID_CHARS = 64
MAX_SECRET_CHARS = 256
MAX_TOKEN_CHARS = 8_192
MAX_SDP_BYTES = 65_536
MAX_CANDIDATE_CHARS = 2_048
MAX_LIMIT = 999_999_999
"""The largest `limit` of a page that is read; what a page holds at most is the call's own."""


def clean_name(name: str) -> str:
    """Without control characters, and with single spaces."""
    if not name.isprintable():
        name = "".join(c for c in name if unicodedata.category(c) != "Cc")
    return " ".join(name.split())


def _looks_like_sdp(sdp: str) -> str:
    # RFC 8866, section 5: a session description begins with its version line.
    if not sdp.startswith("v=0"):
        raise ValueError("is not a session description")
    if len(sdp.encode()) > MAX_SDP_BYTES:
        raise ValueError(f"is longer than {MAX_SDP_BYTES} bytes")
    return sdp


def json_of(max_bytes: int) -> AfterValidator:
    """Makes JSON text of a value: what passes it on neither looks into it nor keeps it in parts."""

    def encode(value: object) -> str:
        try:
            encoded = orjson.dumps(value)
        except TypeError:
            # Half an emoji, a number of too many digits, or nested too deep.
            raise ValueError("cannot be written as JSON") from None
        if len(encoded) > max_bytes:
            raise ValueError(f"is longer than {max_bytes} bytes as JSON")
        return encoded.decode()

    return AfterValidator(encode)


def _fit_attributes(attributes: dict[str, str]) -> dict[str, str]:
    if len(orjson.dumps(attributes)) > MAX_ATTRIBUTES_BYTES:
        raise ValueError(f"is longer than {MAX_ATTRIBUTES_BYTES} bytes as JSON")
    return attributes


Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
Secret = Annotated[str, Field(min_length=1, max_length=MAX_SECRET_CHARS)]
Token = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_CHARS)]
"""A JSON Web Token (RFC 7519) in its compact form."""

Name = Annotated[str, Field(max_length=MAX_NAME_CHARS), AfterValidator(clean_name)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_SEALED_CHARS)]
"""A text as it is sent. What was not sealed is held to `MAX_MESSAGE_CHARS`, by `check_length`."""

TextOrNone = Annotated[str, Field(max_length=MAX_SEALED_CHARS)]
"""The same, where it may be empty beside something else; held to that by `check_said`."""

Data = Annotated[Any, json_of(MAX_DATA_BYTES)]
"""Any JSON. As a payload it is JSON text."""


def _whole(value: object) -> object:
    # To JSON 8.0 is the same number as 8; a strict model would refuse it.
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Of a whole number, however its sender writes it."""

Capacity = Annotated[int, Field(ge=1), WHOLE]
Seq = Annotated[int, Field(ge=0), WHOLE]

Kind = Literal["text", "image", "voice", "video", "file", "sticker", "location", "custom"]
Ttl = Annotated[float, Field(ge=MIN_MESSAGE_TTL_S, le=MAX_MESSAGE_TTL_S, allow_inf_nan=False)]
Attributes = Annotated[dict[str, str], Field(max_length=MAX_ATTRIBUTES), AfterValidator(_fit_attributes)]
Sdp = Annotated[
    str, Field(max_length=MAX_SDP_BYTES, json_schema_extra={"pattern": "^v=0"}), AfterValidator(_looks_like_sdp)
]
