"""Passwords of rooms: hashed slowly, and checked behind throttles that spare whoever knows the right one.

Making a hash and checking one never wait for each other (`server.security.hashing`), and a password that the process
has seen to be right waits for neither (`server.security.password_doors`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Callable
from functools import partial

from rooms.errors import Refused
from server.security.guesses import Guesses
from server.security.hashing import HashQueue
from server.security.password_doors import Doors
from server.security.throttles import too_many

MAX_PASSWORD_CHECKS_PER_ADDRESS = 2
"""Hashes of one address that may be under way or waiting, of those to make and of those to check."""

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
"""OWASP's least for scrypt at 16 MiB a check would be N=2^14, r=8, p=5; the throttle makes up for the difference."""


class Passwords:
    """Hashes passwords and checks them. Wrong ones count as guesses."""

    def __init__(self, clock: Callable[[], float], guesses: Guesses) -> None:
        self._clock = clock
        self._guesses = guesses
        self.doors = Doors()
        self.under_way: Counter[tuple[str, str]] = Counter()
        """Hashes that wait or are being made, by queue and address."""
        self._making = HashQueue("making", self.under_way, MAX_PASSWORD_CHECKS_PER_ADDRESS)
        self._checking = HashQueue("checking", self.under_way, MAX_PASSWORD_CHECKS_PER_ADDRESS)

    @property
    def waiting(self) -> tuple[int, int]:
        """Hashes that wait: to be made, and to be checked."""
        return len(self._making), len(self._checking)

    async def hash(self, password: str, address: str) -> str:
        """A salted scrypt hash, `scrypt$salt$hash` in hexadecimal, made off the event loop."""
        salt = os.urandom(16)
        made = await self._making.run(partial(_scrypt, password, salt), address=address)
        kept = f"scrypt${salt.hex()}${made.hex()}"
        self.doors.prove(kept, password, self._clock())
        return kept

    async def matches(self, password: str, kept: str, address: str) -> bool:
        """Whether this is the password of the hash that is kept; RATE_LIMITED after too many wrong ones.

        Each guess is counted before it is looked at, and no longer once it has proved right: of many made at the same
        time no more are looked at than of as many made in turn.
        """
        self._guesses.failed("password", address)
        try:
            wait_s = self.doors.pay(kept, address, self._clock())
            if wait_s:
                raise too_many(wait_s)
            right = await self._look(password, kept, address)
        except Refused:
            self._guesses.forgive("password", address)
            raise
        if right:
            self._guesses.forgive("password", address)
            self.doors.prove(kept, password, self._clock(), address)
        else:
            self.doors.guessed(kept, address, self._clock())
        return right

    async def _look(self, password: str, kept: str, address: str) -> bool:
        known = self.doors.knows(kept, password)
        if known is not None:
            return known
        return await self._checking.run(
            partial(_matches, password, kept),
            address=address,
            group=kept,
            shortcut=partial(self.doors.knows, kept, password),
        )

    def forget(self, kept: str) -> None:
        """The room of this password is over."""
        self.doors.forget(kept)

    def close(self) -> None:
        """Answer whoever waits, and let the threads go."""
        self._making.close()
        self._checking.close()


def _matches(password: str, kept: str) -> bool:
    _, salt, wanted = kept.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(wanted))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
