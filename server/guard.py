"""Against guessing: failures with secrets are counted by network address, and passwords are checked slowly.

A token cannot be guessed in any number of tries; a password can. So a token is always looked at, whatever others behind
the same address have tried, and only a wrong one is counted. A guess at a password is paid for before it is looked at.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rooms.errors import Code, Refused
from server.connections import TokenBucket, bucket, too_many

TOKEN_FAILURES = 100
TOKEN_FAILURES_PER_S = 1.0
PASSWORD_FAILURES = 10
PASSWORD_FAILURES_PER_S = 0.1
MAX_TRACKED = 10_000
"""Addresses whose failures are remembered; the least recent go first."""

MAX_PASSWORD_CHECKS = 64
"""Password hashes under way or waiting; each takes some 50 ms of one thread."""

MAX_PASSWORD_CHECKS_PER_ADDRESS = 2
"""Of these, how many may be of one address: nobody can keep the thread from all others."""

PASSWORD_CHECK_RETRY_MS = 2_000

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
"""OWASP's least for scrypt at 16 MiB a check would be N=2^14, r=8, p=5; the throttle makes up for the difference."""

GUESSES = frozenset({Code.RESUME_INVALID, Code.INVITE_INVALID, Code.FORBIDDEN, Code.UNAUTHORIZED})
"""Refusals of wrong tokens. PASSWORD_INVALID is none of them: it was paid for before."""


class Guard:
    """Counts failures and hashes passwords."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrypt")
        self._checks: Counter[str] = Counter()

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
        return f"scrypt${salt.hex()}${(await self._scrypt(password, salt, address)).hex()}"

    async def password_matches(self, password: str, kept: str, address: str) -> bool:
        """Whether this is the password, checked off the event loop; RATE_LIMITED after too many wrong ones.

        Each guess is counted before it is looked at, and no longer once it has proved right: of many made at the same
        time no more are looked at than of as many made in turn.
        """
        _, salt, wanted = kept.split("$")
        self.failed("password", address)
        try:
            made = await self._scrypt(password, bytes.fromhex(salt), address)
        except Refused:
            self._give_back("password", address)
            raise
        right = hmac.compare_digest(made, bytes.fromhex(wanted))
        if right:
            self._give_back("password", address)
        return right

    async def _scrypt(self, password: str, salt: bytes, address: str) -> bytes:
        checks = self._checks
        if checks[address] >= MAX_PASSWORD_CHECKS_PER_ADDRESS or checks.total() >= MAX_PASSWORD_CHECKS:
            raise Refused(
                Code.RATE_LIMITED, "Too many password checks are under way.", retry_after_ms=PASSWORD_CHECK_RETRY_MS
            )
        checks[address] += 1
        # Counted until the thread is done with it, which a caller that gives up does not change.
        work = asyncio.get_running_loop().run_in_executor(self._thread, _scrypt, password, salt)
        work.add_done_callback(lambda _: self._checked(address))
        return await asyncio.shield(work)

    def _checked(self, address: str) -> None:
        self._checks[address] -= 1
        if not self._checks[address]:
            del self._checks[address]

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
