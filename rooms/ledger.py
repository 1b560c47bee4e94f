"""What all rooms together keep of what was said, and who gives it up first.

Histories and mailboxes note every byte they come to hold. They are asked to let go of what is too old, also where
nothing happens in their room any more; and where all of them hold more than they may, those go first in which nothing
has happened for longest.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import Protocol

KEEP_AFTER = 7 / 8
"""Down to this share of the bound everything is given up at once, so that it happens rarely."""

AGE_STEP_S = 15.0
"""What is too old is let go of at most so much later."""


class Keeper(Protocol):
    """What holds some of the bytes."""

    listed: bool
    """Whether the ledger will look at it; the ledger's own."""

    @property
    def held_bytes(self) -> int:
        """How many."""

    @property
    def quiet_since(self) -> float:
        """When the newest of it was added."""

    def age(self, now: float) -> float:
        """Let go of what is too old; returns when there will be more of that."""

    def give_up(self) -> None:
        """Let go of everything, so that whoever asks for it learns that it is gone."""


class Ledger:
    """Bytes of all keepers. Noting some costs the same however many keepers there are."""

    __slots__ = ("_due", "_order", "given_up", "limit_bytes", "used_bytes")

    def __init__(self, limit_bytes: int = 0) -> None:
        self.limit_bytes = limit_bytes
        """0: without end."""
        self.used_bytes = 0
        self.given_up = 0
        """Keepers that had to give up what they held, since the start."""
        self._order = count()
        self._due: list[tuple[float, int, Keeper]] = []

    def __len__(self) -> int:
        return len(self._due)

    def add(self, keeper: Keeper, size: int) -> None:
        """A keeper has come to hold so many bytes more."""
        self.used_bytes += size
        if not keeper.listed:
            keeper.listed = True
            heapq.heappush(self._due, (keeper.quiet_since, next(self._order), keeper))
        if 0 < self.limit_bytes < self.used_bytes:
            self.give_up_down_to(int(self.limit_bytes * KEEP_AFTER))

    def remove(self, size: int) -> None:
        """So many bytes are held no more."""
        self.used_bytes -= size

    def age(self, now: float) -> None:
        """Have everybody let go of what is too old by now. Who holds nothing is not looked at again."""
        while self._due and self._due[0][0] <= now:
            _, order, keeper = heapq.heappop(self._due)
            again_at = keeper.age(now)
            if keeper.held_bytes:
                heapq.heappush(self._due, (max(again_at, now + AGE_STEP_S), order, keeper))
            else:
                keeper.listed = False

    def give_up_down_to(self, target_bytes: int) -> None:
        """Have the quietest give up all they hold, until no more than this is left."""
        quiet = [(keeper.quiet_since, order, keeper) for _, order, keeper in self._due if keeper.held_bytes]
        heapq.heapify(quiet)
        while quiet and self.used_bytes > target_bytes:
            heapq.heappop(quiet)[2].give_up()
            self.given_up += 1
