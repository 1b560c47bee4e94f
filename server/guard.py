"""Against guessing: failures with secrets are counted by network address, and passwords are checked slowly.

A wrong token cannot be guessed in any number of tries; a password can. So a right secret that came too late is
never counted, and a wrong one costs its sender time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections import OrderedDict
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
"""Password checks under way or waiting; each takes some 50 ms of one thread."""

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
"""OWASP's least for scrypt at 16 MiB a check would be N=2^14, r=8, p=5; the throttle makes up for the difference."""

GUESSES = frozenset(
    {Code.RESUME_INVALID, Code.INVITE_INVALID, Code.PASSWORD_INVALID, Code.FORBIDDEN, Code.UNAUTHORIZED}
)


class Guard:
    """Counts failures and hashes passwords."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrypt")
        self._checks = 0

    def check(self, kind: str, address: str) -> None:
        """Refuse with RATE_LIMITED whoever has failed too often of late."""
        known = self._failures.get((kind, address))
        if known is None:
            return
        now = self._clock()
        known.tokens = min(known.burst, known.tokens + (now - known.at) * known.rate)
        known.at = now
        if known.tokens < 1.0:
            raise too_many((1.0 - known.tokens) / known.rate)

    def failed(self, kind: str, address: str) -> None:
        """Count a failure."""
        key = (kind, address)
        if key not in self._failures:
            passwords = kind.startswith("password")
            burst = PASSWORD_FAILURES if passwords else TOKEN_FAILURES
            rate = PASSWORD_FAILURES_PER_S if passwords else TOKEN_FAILURES_PER_S
            self._failures[key] = bucket(rate, burst, self._clock())
            if len(self._failures) > MAX_TRACKED:
                self._failures.popitem(last=False)
        self._failures.move_to_end(key)
        self._failures[key].take(self._clock())

    async def hash_password(self, password: str) -> str:
        """A salted scrypt hash, `scrypt$salt$hash` in hexadecimal, made off the event loop."""
        salt = os.urandom(16)
        return f"scrypt${salt.hex()}${(await self._scrypt(password, salt)).hex()}"

    async def password_matches(self, password: str, kept: str) -> bool:
        """Whether this is the password, checked off the event loop."""
        _, salt, wanted = kept.split("$")
        return hmac.compare_digest(await self._scrypt(password, bytes.fromhex(salt)), bytes.fromhex(wanted))

    async def _scrypt(self, password: str, salt: bytes) -> bytes:
        if self._checks >= MAX_PASSWORD_CHECKS:
            raise Refused(Code.RATE_LIMITED, "Too many password checks are under way.", retry_after_ms=2_000)
        self._checks += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _scrypt, password, salt)
        finally:
            self._checks -= 1

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
