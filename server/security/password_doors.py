"""What is remembered of the password doors of rooms: who has guessed wrong of late, and a proof of the right word.

The proof is a keyed digest, made when the process itself has made or checked the slow hash. It makes a look at a
password cost microseconds: nobody can wear out the hashing thread at a door that the process knows, and the right one
waits in no queue. Its key is random, never leaves memory, and dies with the process, as the proof does with the room
(decision 0020).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from dataclasses import dataclass, field

from server.security.throttles import TokenBucket, bucket

MAX_DOORS = 10_000
"""Rooms with a password that are remembered; the least recent go first. One without proof costs a hash again."""

MAX_GUESSERS = 1_000
"""Addresses that have guessed wrong of late, remembered for each door."""

GUESSER_FORGOTTEN_S = 60.0
"""How long an address that has guessed wrong at a door shares the door's brake with all others that have."""

SHARED_GUESSES, SHARED_GUESSES_PER_S = 60, 1.0
"""What those addresses have together: at once, and for each second."""


@dataclass(slots=True)
class _Door:
    shared: TokenBucket
    proof: bytes | None = None
    guessed_at: OrderedDict[str, float] = field(default_factory=OrderedDict)


class Doors:
    """The doors by the hash that is kept of their password. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._doors: OrderedDict[str, _Door] = OrderedDict()

    def __len__(self) -> int:
        return len(self._doors)

    def prove(self, kept: str, password: str, now: float, address: str | None = None) -> None:
        """Remember that this is the right one, and forgive whoever has shown it."""
        door = self._door(kept, now)
        door.proof = self._digest(kept, password)
        if address is not None:
            door.guessed_at.pop(address, None)

    def knows(self, kept: str, password: str) -> bool | None:
        """Whether it is the right one; None where that takes a hash."""
        door = self._doors.get(kept)
        if door is None or door.proof is None:
            return None
        return hmac.compare_digest(door.proof, self._digest(kept, password))

    def pay(self, kept: str, address: str, now: float) -> float:
        """Pay for a look: 0, or the seconds to wait. Whoever has not guessed wrong here of late pays nothing."""
        door = self._doors.get(kept)
        if door is None:
            return 0.0
        guessed_at = door.guessed_at.get(address)
        if guessed_at is None or now - guessed_at >= GUESSER_FORGOTTEN_S:
            return 0.0
        return min(door.shared.take(now), guessed_at + GUESSER_FORGOTTEN_S - now)

    def guessed(self, kept: str, address: str, now: float) -> None:
        """A guess was wrong."""
        guessed_at = self._door(kept, now).guessed_at
        guessed_at[address] = now
        guessed_at.move_to_end(address)
        while len(guessed_at) > MAX_GUESSERS or next(iter(guessed_at.values())) <= now - GUESSER_FORGOTTEN_S:
            guessed_at.popitem(last=False)

    def forget(self, kept: str) -> None:
        """The room is over."""
        self._doors.pop(kept, None)

    def _door(self, kept: str, now: float) -> _Door:
        door = self._doors.get(kept)
        if door is None:
            door = self._doors[kept] = _Door(bucket(SHARED_GUESSES_PER_S, SHARED_GUESSES, now))
            if len(self._doors) > MAX_DOORS:
                self._doors.popitem(last=False)
        self._doors.move_to_end(kept)
        return door

    def _digest(self, kept: str, password: str) -> bytes:
        # The kept hash has a salt of its own: equal passwords of two rooms have different proofs.
        return hmac.digest(self._key, f"{kept}:{password}".encode("utf-8", "surrogatepass"), hashlib.sha256)
