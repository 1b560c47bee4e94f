"""How slow this machine is: what limits in seconds, which are written for a usual one, are multiplied by.

A machine of a cloud may run at a third of the speed of its neighbour, above all in what browsers do most: new
processes, fresh memory. What a test waits for at most, and what it allows something to take, is written for a usual
machine; on a slower one all of it is longer by one factor, and on a faster one nothing is shorter. The first process
of a run measures, and tells the others, also those in Node.js (`pace.mjs`), through `TEST_PACE`; who sets that chooses.
"""

from __future__ import annotations

import mmap
import os
import statistics
import time
from collections.abc import Callable

COUNTED = 1_000_000
COUNTED_S = 0.055
"""How long a loop of so many turns takes on a usual machine."""
PAGES = 8_192
PAGES_S = 0.0125
"""The same, for so many pages of fresh memory."""
SLOWEST = 4.0
TRIES = 5


def measured() -> float:
    """From 1, as fast as a usual machine or faster, to `SLOWEST`: what is slower counts, in the middle of some tries.

    By the clock on the wall, which also counts when a machine is given to others.
    """
    factor = max(_usual_s(_count) / COUNTED_S, _usual_s(_touch) / PAGES_S)
    return min(SLOWEST, max(1.0, round(factor, 1)))


def _usual_s(work: Callable[[], object]) -> float:
    def once() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return statistics.median(once() for _ in range(TRIES))


def _count() -> int:
    total = 0
    for number in range(COUNTED):
        total += number
    return total


def _touch() -> None:
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as memory:
        for start in range(0, len(memory), mmap.PAGESIZE):
            memory[start] = 1


if "TEST_PACE" not in os.environ:
    os.environ["TEST_PACE"] = str(measured())
PACE = float(os.environ["TEST_PACE"])
