"""The ownership of a process that shares its store with nobody: always its own, without a lease."""

from __future__ import annotations

import math
import time
from collections import Counter

from server.cluster.ownership import Role


class LocalOwnership:
    """`server.cluster.ownership.Ownership` where nothing outlives the process, or nobody else can reach it."""

    answers = True
    refused = False
    lost = False
    beats = False

    def __init__(self) -> None:
        self.role = Role.OWNER
        self.valid_until = math.inf
        self.moves: Counter[str] = Counter()

    def valid(self) -> bool:
        return time.monotonic() <= self.valid_until

    def want(self) -> None:
        """The rooms are here."""

    async def step(self) -> None:
        """There is no lease."""

    async def pause(self) -> None:
        """Nor a pace."""

    def leave(self) -> None:
        self.role = Role.LEAVING

    def close(self) -> None:
        self.valid_until = -math.inf

    async def release(self) -> None:
        self.role = Role.OVER
