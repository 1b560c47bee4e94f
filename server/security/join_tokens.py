"""Checking join tokens: JSON Web Tokens by which the operator's own site says who joins a room, as whom, and what they
may.

A signature is checked with one algorithm for each kind of key, whatever a token's header asks for: HS256 with the
shared secret, RS256, ES256 and EdDSA with keys of the key set (RFC 8725, sections 3.1 and 3.2).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from server.security.claims import Claims, as_object, invalid, read_claims
from server.security.key_sets import KeySet

SHORT_SECRET_BYTES = 32
"""An HS256 secret should have as many bytes as the hash (RFC 7518, section 3.2)."""

UNCHECKED = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
"""Claims are for `read_claims`, which goes by the server's clock."""

NOT_OURS = "Its signature is none of ours."


@dataclass(slots=True)
class JoinTokens:
    """Whom tokens are believed from. Without secret and keys, nobody."""

    secret: str = field(default="", repr=False)
    keys: KeySet | None = None
    issuer: str = ""
    audience: str = ""

    async def check(self, token: str, room_id: str, now: float) -> Claims:
        """What a token claims, for this room, at this time of the wall clock.

        Refused with TOKEN_INVALID, TOKEN_EXPIRED, or UNAVAILABLE where the keys to check it with cannot be had.
        """
        header = _header(token)
        payload = await self._payload(token, header)
        return read_claims(as_object(payload), room_id, now, self.issuer, self.audience)

    async def _payload(self, token: str, header: Mapping[str, Any]) -> Any:
        algorithm = header.get("alg")
        if algorithm == "HS256" and self.secret:
            return _verified(token, self.secret, "HS256")
        if self.keys is None or algorithm not in ("RS256", "ES256", "EdDSA"):
            raise invalid(NOT_OURS)
        payload = _by_known_key(self.keys, token, header.get("kid"), algorithm)
        # It may be signed by a key that is newer than those we have.
        if payload is None and await self.keys.look_again():
            payload = _by_known_key(self.keys, token, header.get("kid"), algorithm)
        if payload is None:
            raise invalid(NOT_OURS)
        return payload


def _by_known_key(keys: KeySet, token: str, key_id: str | None, algorithm: str) -> Any:
    for key in keys.find(key_id, algorithm):
        try:
            return _decoded(token, key.key, algorithm)
        except jwt.InvalidSignatureError:
            continue
    return None


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise invalid("It is no JSON Web Token.") from None


def _verified(token: str, key: Any, algorithm: str) -> Any:
    try:
        return _decoded(token, key, algorithm)
    except jwt.InvalidSignatureError:
        raise invalid(NOT_OURS) from None


def _decoded(token: str, key: Any, algorithm: str) -> Any:
    """The payload; raises `InvalidSignatureError`, and refuses with TOKEN_INVALID what is wrong in another way."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)  # the operator was told at start
            return jwt.decode(token, key, algorithms=[algorithm], options=UNCHECKED)  # type: ignore[arg-type]
    except jwt.InvalidSignatureError:
        raise
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise invalid("It is no JSON Web Token that can be read.") from None
