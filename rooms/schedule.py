"""What is due when: a heap, so that a sweep costs what is due and not what is there."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple


class Task(StrEnum):
    """What can become due in a room."""

    GRACE = "grace"
    EXPIRY = "expiry"
    WARNING = "warning"
    EMPTY = "empty"
    MESSAGES = "messages"
    SHOWN = "shown"
    POLL = "poll"


class Due(NamedTuple):
    """`key` names the seat or the expiry it is about; whether it still holds is checked when it comes up."""

    at: float
    order: int
    room_id: str
    task: Task
    key: str


TIDY_FROM = 1_024
"""A heap of so many entries is worth looking through for those that do not hold any more."""


class Schedule:
    """A heap of `Due`. Entries are not withdrawn: whoever takes one looks whether it still holds."""

    __slots__ = ("_heap", "_order", "_tidy_at")

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._order = 0
        self._tidy_at = TIDY_FROM

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: float, room_id: str, task: Task, key: str = "") -> None:
        """Remember that something may be due at `at`."""
        self._order += 1
        heapq.heappush(self._heap, Due(at=at, order=self._order, room_id=room_id, task=task, key=key))

    def next_at(self) -> float | None:
        """When the earliest entry is due."""
        return self._heap[0].at if self._heap else None

    def drop_stale(self, holds: Callable[[Due], bool]) -> None:
        """Let go of entries that do not hold any more, each time that the heap has doubled."""
        if len(self._heap) < self._tidy_at:
            return
        self._heap = [due for due in self._heap if holds(due)]
        heapq.heapify(self._heap)
        self._tidy_at = max(TIDY_FROM, 2 * len(self._heap))

    def take(self, now: float) -> Iterator[Due]:
        """Every entry due by `now`, earliest first."""
        while self._heap and self._heap[0].at <= now:
            yield heapq.heappop(self._heap)
