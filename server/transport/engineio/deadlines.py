"""Many deadlines, one timer.

All items of a `Deadlines` wait equally long, so the order of adding is the order of falling due: a dictionary keeps
it, and one timer waits for its first item. Thousands of idle connections cost one entry each, no task and no timer.
"""

from __future__ import annotations

from asyncio import Future, TimerHandle, get_running_loop, timeout
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T", bound=Hashable)

TICK_S: Final = 0.02
"""What falls due within so short a time is handled together. Finding the first item again after each is not free:
a dictionary passes over the places of those that were deleted."""

TICK_SHARE: Final = 0.001
"""Of a short wait no more than this share: nothing is handled later than that for the sake of others."""


class Deadlines(Generic[T]):
    """Calls `on_due(item)` once, `delay_s` seconds after the item was last added, unless it was discarded."""

    __slots__ = ("_due_at", "_empty", "_on_due", "_tick_s", "_timer", "delay_s")

    def __init__(self, delay_s: float, on_due: Callable[[T], None]) -> None:
        self.delay_s = delay_s
        self._tick_s = min(TICK_S, delay_s * TICK_SHARE)
        self._on_due = on_due
        self._due_at: dict[T, float] = {}
        self._timer: TimerHandle | None = None
        self._empty: Future[None] | None = None

    def __len__(self) -> int:
        return len(self._due_at)

    def __contains__(self, item: T) -> bool:
        return item in self._due_at

    def add(self, item: T) -> None:
        """Start the wait for an item, or start it over."""
        loop = get_running_loop()
        waits, due_at = self._due_at, loop.time() + self.delay_s
        if item in waits:
            del waits[item]  # to go to the end
        waits[item] = due_at
        if self._timer is None:
            self._timer = loop.call_at(due_at, self._run)

    def discard(self, item: T) -> bool:
        """Give up the wait for an item; false where there was none."""
        if self._due_at.pop(item, None) is None:
            return False
        if self._empty is not None and not self._due_at:
            self._rest()
        # Else the timer stays: where waits come and go one by one, another one is about to begin.
        return True

    def clear(self) -> None:
        """Give up all waits."""
        self._due_at.clear()
        self._rest()

    async def until_empty(self, timeout_s: float) -> None:
        """Return once nothing waits, or after `timeout_s`."""
        if not self._due_at:
            return
        if self._empty is None:
            self._empty = get_running_loop().create_future()
        try:
            async with timeout(timeout_s):
                await self._empty
        except TimeoutError:
            self._empty = None

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._empty is not None:
            if not self._empty.done():
                self._empty.set_result(None)
            self._empty = None

    def _run(self) -> None:
        loop = get_running_loop()
        now = loop.time()
        due: list[T] = []
        for item, due_at in self._due_at.items():
            if due_at > now:
                break
            due.append(item)
        try:
            for item in due:
                # An item that fell due may have been discarded, or added anew, by what one before it did.
                if self._due_at.get(item, now + 1) <= now:
                    del self._due_at[item]
                    self._on_due(item)
        finally:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        head = next(iter(self._due_at.values()), None)
        if head is None:
            self._rest()
        else:
            loop = get_running_loop()
            self._timer = loop.call_at(max(head, loop.time() + self._tick_s), self._run)
