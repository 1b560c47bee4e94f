"""What is due when: a heap, so that a sweep costs what is due and not what is there."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Task(StrEnum):
    """What can become due in a room."""

    GRACE = "grace"
    EXPIRY = "expiry"
    WARNING = "warning"
    EMPTY = "empty"
    KNOCK = "knock"


class Due(NamedTuple):
    """`key` names the seat or knock it is about; whether it still holds is checked when it comes up."""

    at: float
    order: int
    room_id: str
    task: Task
    key: str


class Schedule:
    """A heap of `Due`. Entries are never withdrawn: whoever takes one looks whether it still holds."""

    __slots__ = ("_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: float, room_id: str, task: Task, key: str = "") -> None:
        """Remember that something may be due at `at`."""
        self._order += 1
        heapq.heappush(self._heap, Due(at, self._order, room_id, task, key))

    def next_at(self) -> float | None:
        """When the earliest entry is due."""
        return self._heap[0].at if self._heap else None

    def take(self, now: float) -> Iterator[Due]:
        """Every entry due by `now`, earliest first."""
        while self._heap and self._heap[0].at <= now:
            yield heapq.heappop(self._heap)
