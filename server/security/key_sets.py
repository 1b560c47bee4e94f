"""The public keys of whoever issues join tokens (JWKS, RFC 7517): cached, fetched again as they rotate, and bounded.

Keys are fetched ahead of time, in the background, so that no join waits for them as a rule. A token by an unknown key
has them fetched once more, which anybody can cause, and therefore only so often.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt
import orjson

from rooms.errors import Code, Refused
from server.security.throttles import bucket

log = logging.getLogger(__name__)

REFRESH_S = 600.0
"""How long keys are used before they are fetched again."""

RETRY_S = 15.0
"""The same where that has failed."""

KEPT_S = 86_400.0
"""How long keys go on being used that cannot be fetched again: a key that was withdrawn may be meant to be dead."""

FETCHES, FETCHES_PER_S = 5.0, 0.1
"""Fetches that unknown keys may cause: at once, and for each second."""

MAX_KEYS = 64
"""Keys of a set that are looked at."""

MIN_RSA_BITS = 2_048
ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""Type of a key → the one algorithm that it is used with here."""

Fetch = Callable[[], Awaitable[bytes]]
"""Gets the document; raises `OSError` or `TimeoutError` where it cannot be had."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key. `key` is what PyJWT checks a signature with."""

    id: str | None
    algorithm: str
    key: Any


class KeySet:
    """The keys behind one URL. `clock` is in seconds and never steps."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched_at = float("-inf")
        self._failing = False
        self._under_way: asyncio.Task[None] | None = None
        self._allowance = bucket(FETCHES_PER_S, FETCHES, clock())
        self.fetches = 0

    def find(self, key_id: str | None, algorithm: str) -> Iterator[PublicKey]:
        """The keys that a token with this header may be signed by."""
        if self._clock() - self._fetched_at < KEPT_S:
            for key in self._keys:
                if key.algorithm == algorithm and (key_id is None or key.id in (None, key_id)):
                    yield key

    async def look_again(self) -> bool:
        """Fetch the keys once more, for a token that none of them fits; false where that was done a moment ago.

        Refused with UNAVAILABLE where they cannot be had.
        """
        if self._under_way is None and self._allowance.take(self._clock()):
            if self._failing:
                raise _unreachable()
            return False
        await self._refresh()
        if self._failing:
            raise _unreachable()
        return True

    async def keep_fresh(self) -> None:
        """Fetch the keys for ever."""
        while True:
            await self._refresh()
            await asyncio.sleep(RETRY_S if self._failing else REFRESH_S)

    async def close(self) -> None:
        """Give up a fetch that is under way."""
        task, self._under_way = self._under_way, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _refresh(self) -> None:
        """One fetch, whoever asks for it and however many."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.get_running_loop().create_task(self._fetch_once())
        await asyncio.shield(self._under_way)

    async def _fetch_once(self) -> None:
        self.fetches += 1
        try:
            self._keys = read_keys(await self._fetch())
            self._fetched_at = self._clock()
            self._note(failing=False)
        except (OSError, TimeoutError, ValueError) as error:
            self._note(failing=True, why=type(error).__name__)
        finally:
            self._under_way = None

    def _note(self, *, failing: bool, why: str = "") -> None:
        if failing and not self._failing:
            log.warning("JOIN_JWKS_URL cannot be read (%s): join tokens are checked with the keys known so far.", why)
        elif self._failing and not failing:
            log.warning("JOIN_JWKS_URL can be read again.")
        self._failing = failing


def read_keys(document: bytes) -> tuple[PublicKey, ...]:
    """The keys of a set that are of use here. Raises `ValueError` where it is none, or has none."""
    try:
        keys = orjson.loads(document)["keys"]
        found = tuple(key for entry in keys[:MAX_KEYS] if (key := _read(entry)) is not None)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise ValueError("not a JWKS") from None
    if not found:
        raise ValueError("a JWKS without a key of use")
    return found


def _read(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    algorithm = ALGORITHMS.get(str(entry.get("kty")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    if algorithm == "ES256" and entry.get("crv") != "P-256":
        return None
    public = {name: value for name, value in entry.items() if name != "d"}
    try:
        key = jwt.PyJWK(public, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if algorithm == "RS256" and getattr(key, "key_size", 0) < MIN_RSA_BITS:
        return None
    key_id = entry.get("kid")
    return PublicKey(key_id if isinstance(key_id, str) else None, algorithm, key)


def _unreachable() -> Refused:
    return Refused(Code.UNAVAILABLE, "The keys of join tokens cannot be fetched now.", retry_after_ms=5_000)
