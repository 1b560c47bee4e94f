"""The two clocks of the process: one that never steps, for the rules, and how far the wall clock is ahead of it.

The wall clock is what people and other machines go by, and it may be set at any moment: by an NTP client, an operator,
a virtual machine that was moved. Every age, grace and order goes by the other one (decision 0019).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from rooms.runtime import Runtime

log = logging.getLogger(__name__)

Clock = Callable[[], float]

STEP_S = 0.01
"""Two clocks that are read one after the other may differ by this much without a step of either."""

WORTH_A_LINE_S = 1.0
"""A step of the wall clock that the operator is told of."""


def wall_clock() -> float:
    """Seconds since the Unix epoch, as the system has them at the moment."""
    return time.time()


class Clocks:
    """`now`, which starts with the wall clock and goes on by itself, never back; `ahead` tells what became of the wall
    clock since. While the machine sleeps `now` stands: nobody could come back meanwhile.
    """

    def __init__(self, wall: Clock = wall_clock, monotonic: Clock = time.monotonic) -> None:
        base = wall() - monotonic()

        # A closure: this runs for each message.
        def now() -> float:
            return monotonic() + base

        def skip(seconds: float) -> None:
            nonlocal base
            base += seconds

        self.now, self._skip, self._wall = now, skip, wall

    def ahead(self) -> float:
        """How far the wall clock is ahead of `now`, in seconds."""
        return self._wall() - self.now()

    def start_after(self, moment: float) -> None:
        """Let `now` be later than a moment of an earlier process. Only before there are rooms: it is a step."""
        behind_s = moment - self.now()
        if behind_s >= 0:
            self._skip(behind_s + 0.001)


def tell_rooms(runtime: Runtime, ahead_s: float) -> None:
    """Let the rooms know how far the wall clock is ahead, where it was set."""
    step_s = ahead_s - runtime.ahead_s
    if abs(step_s) < STEP_S:
        return
    if abs(step_s) >= WORTH_A_LINE_S:
        log.warning("The wall clock was set %s by %.0f s.", "forward" if step_s > 0 else "back", abs(step_s))
    runtime.ahead_s = ahead_s
