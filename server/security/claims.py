"""What a join token claims (JWT, RFC 7519), once its signature is known to be right: who joins which room, how long,
and with which rights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rooms.errors import Code, Refused

CLOCKS_APART_S = 5.0
"""How far ahead of ours the clock of whoever issues tokens may be. A token's end is its end."""

MAX_SUBJECT_CHARS = 256
MAX_USER_ID_CHARS = 128
"""A `sub` that others are told: printable ASCII, as OpenID Connect has it, and short, since each snapshot repeats it.
"""

MAX_ATTRIBUTES = 16
MAX_ATTRIBUTES_BYTES = 2_048
ANY_ROOM = "*"
LAST_DATE_S = 253_402_300_799
"""The end of the year 9999: the last date that anything can be kept until."""

USER_ID = re.compile(r"[\x21-\x7e]+")

Date = Annotated[float, Field(ge=0, le=LAST_DATE_S, allow_inf_nan=False)]


class _Own(BaseModel):
    """The claim `mayfly`."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, alias_generator=to_camel
    )

    share_sub: bool = False
    can_speak: bool = True
    can_call: bool = True
    can_invite: bool = True


class _ClaimSet(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    sub: Annotated[str, Field(min_length=1, max_length=MAX_SUBJECT_CHARS)]
    room: Annotated[str, Field(min_length=1, max_length=64)]
    exp: Date
    nbf: Date | None = None
    iat: Date | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    jti: Annotated[str, Field(min_length=1, max_length=MAX_SUBJECT_CHARS)] | None = None
    name: str | None = None
    role: Literal["host", "member"] = "member"
    attributes: Annotated[dict[str, str], Field(max_length=MAX_ATTRIBUTES)] = {}
    mayfly: _Own = _Own()


@dataclass(frozen=True, slots=True)
class Claims:
    """Who is to be let in. `user_id` is `sub` where others may know it; `use` names a token that is good once.

    `expires_at` is by the wall clock, in seconds since the Unix epoch.
    """

    subject: str = field(repr=False)
    expires_at: float
    name: str | None = field(default=None, repr=False)
    is_host: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    user_id: str | None = field(default=None, repr=False)
    can_speak: bool = True
    can_call: bool = True
    can_invite: bool = True
    use: str | None = field(default=None, repr=False)


def read_claims(payload: object, room_id: str, now: float, issuer: str = "", audience: str = "") -> Claims:
    """The claims of a token for this room, at this time of the wall clock.

    Refused with TOKEN_EXPIRED or TOKEN_INVALID.
    """
    try:
        said = _ClaimSet.model_validate(payload)
    except ValidationError as error:
        raise invalid(f"Its claim {_first(error)} is missing or not of the documented shape.") from None
    _check_time(said, now)
    _check_place(said, room_id, issuer, audience)
    own = said.mayfly
    user_id = said.sub if own.share_sub else None
    if user_id is not None and (len(user_id) > MAX_USER_ID_CHARS or not USER_ID.fullmatch(user_id)):
        raise invalid(f"A sub that is shared has at most {MAX_USER_ID_CHARS} characters of ASCII, without spaces.")
    if (
        sum(len(key.encode(*_ANY)) + len(value.encode(*_ANY)) for key, value in said.attributes.items())
        > MAX_ATTRIBUTES_BYTES
    ):
        raise invalid(f"Its attributes have more than {MAX_ATTRIBUTES_BYTES} bytes.")
    return Claims(
        subject=said.sub,
        expires_at=said.exp,
        name=_text(said.name) if said.name is not None else None,
        is_host=said.role == "host",
        attributes={_text(key): _text(value) for key, value in said.attributes.items()},
        user_id=user_id,
        can_speak=own.can_speak,
        can_call=own.can_call,
        can_invite=own.can_invite,
        use=_use(said) if said.jti is not None else None,
    )


_ANY = ("utf-8", "surrogatepass")


def _check_time(said: _ClaimSet, now: float) -> None:
    if said.exp <= now:
        raise Refused(Code.TOKEN_EXPIRED, "This token has expired.")
    if max(said.nbf or 0.0, said.iat or 0.0) > now + CLOCKS_APART_S:
        raise invalid("It is not valid yet.")


def _check_place(said: _ClaimSet, room_id: str, issuer: str, audience: str) -> None:
    if said.room not in (ANY_ROOM, room_id):
        raise invalid("It is for another room.")
    if issuer and said.iss != issuer:
        raise invalid("It is from another issuer.")
    audiences = [said.aud] if isinstance(said.aud, str) else said.aud
    # RFC 7519, section 4.1.3: a token that says whom it is for is for nobody else.
    if (audience or audiences) and audience not in (audiences or ()):
        raise invalid("It is for another audience.")


def _text(said: str) -> str:
    """What JSON may hold and UTF-8 may not, lone surrogates, becomes question marks."""
    return said.encode("utf-8", "replace").decode()


def _use(said: _ClaimSet) -> str:
    """A digest: an id may be anything, and two issuers may use the same one."""
    return hashlib.sha256(f"{said.iss or ''}\0{said.jti}".encode(*_ANY)).hexdigest()


def _first(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"][:1]) or "set"


def subject_digest(claims: Claims, room_key: bytes) -> bytes:
    """What a room keeps of who somebody is, to recognise one who was banned: a keyed digest, useless outside it."""
    return hashlib.blake2b(claims.subject.encode(*_ANY), key=room_key, digest_size=16, person=b"join-token").digest()


def invalid(why: str) -> Refused:
    """The refusal of a token; `why` is a sentence about it."""
    return Refused(Code.TOKEN_INVALID, f"This token is not valid here. {why}")


def as_object(payload: Any) -> Mapping[str, Any]:
    """A JSON object, else TOKEN_INVALID."""
    if not isinstance(payload, dict):
        raise invalid("It holds no claims.")
    return payload
