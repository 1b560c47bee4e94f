"""Against guessing: wrong secrets are counted by network address.

A token cannot be guessed in any number of tries; a password can. So a token is always looked at, whatever others behind
the same address have tried, and only a wrong one is counted. A guess at a password is paid for before it is looked at
(`server.security.passwords`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from heapq import nlargest
from operator import itemgetter

from rooms.errors import Code
from server.security.throttles import TokenBucket, bucket, too_many

TOKEN_FAILURES = 100
TOKEN_FAILURES_PER_S = 1.0
PASSWORD_FAILURES = 10
PASSWORD_FAILURES_PER_S = 0.1
MAX_TRACKED = 10_000
"""Addresses whose failures are remembered; the least recent go first."""

GUESSES = frozenset({Code.RESUME_INVALID, Code.INVITE_INVALID, Code.TOKEN_INVALID, Code.FORBIDDEN})
"""Refusals of wrong tokens. PASSWORD_INVALID is none of them: it was paid for before."""


class Guesses:
    """Counts failures by kind of secret (`token`, `password`, `admin`) and address."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()
        self._own: dict[tuple[str, str], int] = {}  # failures here since the start, of those that are remembered

    def __len__(self) -> int:
        return len(self._failures)

    def check(self, kind: str, address: str) -> None:
        """Refuse with RATE_LIMITED whoever has failed too often of late. Not for tokens: see `failed`."""
        known = self._failures.get((kind, address))
        if known is None:
            return
        now = self._clock()
        known.tokens = min(known.burst, known.tokens + (now - known.at) * known.rate)
        known.at = now
        if known.tokens < 1.0:
            raise too_many((1.0 - known.tokens) / known.rate)

    def failed(self, kind: str, address: str) -> None:
        """Count a wrong secret; RATE_LIMITED, in place of its own refusal, where there were too many of late."""
        wait_s = self._bucket(kind, address).take(self._clock())
        if wait_s:
            raise too_many(wait_s)
        self._own[kind, address] = self._own.get((kind, address), 0) + 1

    def failed_elsewhere(self, kind: str, address: str, count: int) -> None:
        """So many wrong secrets were counted at another node."""
        if count > 0:
            known, now = self._bucket(kind, address), self._clock()
            known.tokens = max(0.0, min(known.burst, known.tokens + (now - known.at) * known.rate) - count)
            known.at = now

    def most(self, limit: int) -> dict[str, dict[str, int]]:
        """Kind → address → failures here since the start, of the addresses with the most, at most `limit` in all."""
        found: dict[str, dict[str, int]] = {}
        for (kind, address), count in nlargest(limit, self._own.items(), key=itemgetter(1)):
            found.setdefault(kind, {})[address] = count
        return found

    def forgive(self, kind: str, address: str) -> None:
        """What was counted was no failure."""
        known = self._failures.get((kind, address))
        if known is not None:
            known.tokens = min(known.burst, known.tokens + 1.0)
            self._own[kind, address] = max(0, self._own.get((kind, address), 0) - 1)

    def _bucket(self, kind: str, address: str) -> TokenBucket:
        key = (kind, address)
        if key not in self._failures:
            passwords = kind.startswith("password")
            burst = PASSWORD_FAILURES if passwords else TOKEN_FAILURES
            rate = PASSWORD_FAILURES_PER_S if passwords else TOKEN_FAILURES_PER_S
            self._failures[key] = bucket(rate, burst, self._clock())
            if len(self._failures) > MAX_TRACKED:
                gone, _ = self._failures.popitem(last=False)
                self._own.pop(gone, None)
        self._failures.move_to_end(key)
        return self._failures[key]
