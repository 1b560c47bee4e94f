"""Fair turns: what many connections have sent at once is handled a little in each loop turn, one after the other.

Whoever sends one thing at a time is served at once. Where a read brings several, or a turn has lasted long enough, the
rest waits in line; a loop turn is over in milliseconds, whatever arrives, and from however many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

from server.transport.engineio.complaints import Complaints

TURN_S: Final = 0.004
"""After so long, what is not urgent waits for the next loop turn."""

STEPS_PER_TURN: Final = 16
"""So many of those who wait have their turn, also where each has done next to nothing yet: a task that is woken works
only after it."""


class Turns:
    """The line of all connections of one process."""

    __slots__ = ("_complaints", "_ends_at", "_line", "_steps")

    def __init__(self, complaints: Complaints | None = None) -> None:
        self._complaints = complaints or Complaints()
        self._line: deque[Callable[[], object]] = deque()
        self._ends_at: float | None = None  # of the loop turn that is being counted
        self._steps = 0

    def __len__(self) -> int:
        return len(self._line)

    def take(self) -> bool:
        """Whether somebody may go on in this loop turn; who may not stands in line."""
        now = perf_counter()
        if self._ends_at is None:
            self._begin(now)
        elif self._line or self._steps <= 0 or now >= self._ends_at:
            return False
        self._steps -= 1
        return True

    def stand_in_line(self, go_on: Callable[[], object]) -> None:
        """Call this in a later loop turn, after all who came before."""
        if self._ends_at is None:
            self._begin(perf_counter())
        self._line.append(go_on)

    async def mine(self) -> None:
        """Return at once where there is time, or else when it is our turn."""
        if not self.take():
            called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.stand_in_line(partial(_call, called))
            await called

    def _begin(self, now: float) -> None:
        self._ends_at, self._steps = now + TURN_S, STEPS_PER_TURN
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        if not self._line:
            self._ends_at = None
            return
        self._begin(perf_counter())
        ends_at = perf_counter() + TURN_S
        while self._line and self._steps:
            self._steps -= 1
            try:
                self._line.popleft()()
            except Exception as error:
                self._complaints.say("turn", error)
            if perf_counter() >= ends_at:
                break


def _call(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
