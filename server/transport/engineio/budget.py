"""Bytes that many hold together, with a bound: beyond it those who hold the most give theirs up."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol


class Holder(Hashable, Protocol):
    """Who holds some of a budget."""

    def shed(self) -> None:
        """Give up all of it: what is closed for that comes back by itself."""


KEEP_AFTER = 7 / 8
"""Down to this share of its bound a budget is cleared at once, so that clearing it is rare, and cheap on the whole."""


class Budget:
    """Who holds how many bytes. Noting a change costs the same however many hold some.

    The largest give way, not the newest: whoever would fill a budget has to hold much, and others hold little.
    """

    __slots__ = ("_held", "limit_bytes", "shed_count", "used_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        """0: without end."""
        self.used_bytes = 0
        self.shed_count = 0
        """Holders that had to give up, since the start."""
        self._held: dict[Holder, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def note(self, holder: Holder, size: int) -> None:
        """The holder has so many bytes now; that may make it, or others, give up."""
        self.used_bytes += size - self._held.pop(holder, 0)
        if size:
            self._held[holder] = size
            if 0 < self.limit_bytes < self.used_bytes:
                self.clear_down_to(int(self.limit_bytes * KEEP_AFTER))

    def clear_down_to(self, target_bytes: int) -> None:
        """Have the largest give up until no more than this is held."""
        for holder in sorted(self._held, key=self._held.__getitem__, reverse=True):
            if self.used_bytes <= target_bytes:
                return
            size = self._held.pop(holder, 0)
            if size:
                self.used_bytes -= size
                self.shed_count += 1
                holder.shed()
