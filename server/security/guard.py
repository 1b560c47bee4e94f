"""Against guessing: failures with secrets are counted by network address, and passwords are checked slowly.

A token cannot be guessed in any number of tries; a password can. So a token is always looked at, whatever others behind
the same address have tried, and only a wrong one is counted. A guess at a password is paid for before it is looked at.
Making a hash and checking one never wait for each other (`server.security.hashing`), and a password that the process
has seen to be right waits for neither (`server.security.password_doors`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import partial

from rooms.errors import Code, Refused
from server.security.hashing import HashQueue
from server.security.password_doors import Doors
from server.security.throttles import TokenBucket, bucket, too_many

TOKEN_FAILURES = 100
TOKEN_FAILURES_PER_S = 1.0
PASSWORD_FAILURES = 10
PASSWORD_FAILURES_PER_S = 0.1
MAX_TRACKED = 10_000
"""Addresses whose failures are remembered; the least recent go first."""

MAX_PASSWORD_CHECKS_PER_ADDRESS = 2
"""Hashes of one address that may be under way or waiting, of those to make and of those to check."""

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
"""OWASP's least for scrypt at 16 MiB a check would be N=2^14, r=8, p=5; the throttle makes up for the difference."""

GUESSES = frozenset({Code.RESUME_INVALID, Code.INVITE_INVALID, Code.TOKEN_INVALID, Code.FORBIDDEN})
"""Refusals of wrong tokens. PASSWORD_INVALID is none of them: it was paid for before."""


class Guard:
    """Counts failures and hashes passwords."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()
        self._doors = Doors()
        self._checks: Counter[tuple[str, str]] = Counter()
        self._making = HashQueue("making", self._checks, MAX_PASSWORD_CHECKS_PER_ADDRESS)
        self._checking = HashQueue("checking", self._checks, MAX_PASSWORD_CHECKS_PER_ADDRESS)

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

    def _bucket(self, kind: str, address: str) -> TokenBucket:
        key = (kind, address)
        if key not in self._failures:
            passwords = kind.startswith("password")
            burst = PASSWORD_FAILURES if passwords else TOKEN_FAILURES
            rate = PASSWORD_FAILURES_PER_S if passwords else TOKEN_FAILURES_PER_S
            self._failures[key] = bucket(rate, burst, self._clock())
            if len(self._failures) > MAX_TRACKED:
                self._failures.popitem(last=False)
        self._failures.move_to_end(key)
        return self._failures[key]

    def _give_back(self, kind: str, address: str) -> None:
        known = self._failures.get((kind, address))
        if known is not None:
            known.tokens = min(known.burst, known.tokens + 1.0)

    async def hash_password(self, password: str, address: str) -> str:
        """A salted scrypt hash, `scrypt$salt$hash` in hexadecimal, made off the event loop."""
        salt = os.urandom(16)
        made = await self._making.run(partial(_scrypt, password, salt), address=address)
        kept = f"scrypt${salt.hex()}${made.hex()}"
        self._doors.prove(kept, password, self._clock())
        return kept

    async def password_matches(self, password: str, kept: str, address: str) -> bool:
        """Whether this is the password of the hash that is kept; RATE_LIMITED after too many wrong ones.

        Each guess is counted before it is looked at, and no longer once it has proved right: of many made at the same
        time no more are looked at than of as many made in turn.
        """
        self.failed("password", address)
        try:
            wait_s = self._doors.pay(kept, address, self._clock())
            if wait_s:
                raise too_many(wait_s)
            right = await self._look(password, kept, address)
        except Refused:
            self._give_back("password", address)
            raise
        if right:
            self._give_back("password", address)
            self._doors.prove(kept, password, self._clock(), address)
        else:
            self._doors.guessed(kept, address, self._clock())
        return right

    async def _look(self, password: str, kept: str, address: str) -> bool:
        known = self._doors.knows(kept, password)
        if known is not None:
            return known
        return await self._checking.run(
            partial(_matches, password, kept),
            address=address,
            group=kept,
            shortcut=partial(self._doors.knows, kept, password),
        )

    def forget(self, kept: str) -> None:
        """The room of this password is over."""
        self._doors.forget(kept)

    def close(self) -> None:
        """Answer whoever waits, and let the threads go."""
        self._making.close()
        self._checking.close()


def _matches(password: str, kept: str) -> bool:
    _, salt, wanted = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(wanted))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
