"""The resident memory of the process, held within `MEMORY_BUDGET_MB`.

What is left of the budget when the process has started is shared out: to histories and mailboxes, to what waits for
slow readers, to unfinished input. Of each, those who hold most, or are quiet for longest, give up first. The rest is
for connections, rooms and seats, which quotas bound; where memory runs out all the same, nobody new is taken.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from rooms.ledger import Ledger
from server.security.quotas import full

log = logging.getLogger(__name__)

MIB = 1_048_576
ROOMS_SHARE, OUTPUT_SHARE, INPUT_SHARE = 0.40, 0.25, 0.15
FILES_SHARE = 0.25
"""Of the whole budget: what files in memory may take. What they do take is not there for the other shares."""

LEAST_SHARE = 1 / 8
"""Of the whole budget, to share out where the process itself needs nearly all of it."""

CALM_SHARE = 0.9
"""Below this share of the budget new connections and rooms are taken again."""

TRIM_S = 2.0
"""Memory that was freed is given back to the system at most so often."""

TRIM_ABOVE_BYTES = 16 * MIB
"""More than the process had at its start, before it is worth trying."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Share(Protocol):
    """Bytes that many hold together."""

    limit_bytes: int
    used_bytes: int

    def note(self, holder: Any, size: int, /) -> None:
        """The holder has so many bytes now; `shed` is called where it has to give them up."""

    def clear_down_to(self, target_bytes: int, /) -> None:
        """Have some of them give up what they hold."""


class Memory:
    """The budget and its shares. `tick` is called a few times a second."""

    def __init__(self, budget_mb: int, rooms: Ledger) -> None:
        self.budget_bytes = budget_mb * MIB
        """0: without end."""
        self.rooms = rooms
        self.output: Share | None = None
        self.input: Share | None = None
        self.resident_bytes = self._start_bytes = resident_bytes()
        self.over = False
        """Whether nobody new is taken."""
        self.refused = 0
        self.held_elsewhere: Callable[[], int] = lambda: 0
        """Bytes of the budget that are no share's: those of files, where they are in memory."""
        self._divided = 0
        self._trimmed_at = 0.0
        self._trim = _trimmer()

    def share_out(self, output: Share | None, unfinished: Share | None) -> None:
        """Bound the shares, once the process has started."""
        self.output, self.input = output, unfinished
        self.resident_bytes = self._start_bytes = resident_bytes()
        if self.budget_bytes:
            self._divide(self.held_elsewhere())

    def _divide(self, held_bytes: int) -> None:
        self._divided = held_bytes
        left = max(self.budget_bytes - self._start_bytes - held_bytes, int(self.budget_bytes * LEAST_SHARE))
        self.rooms.limit_bytes = int(left * ROOMS_SHARE)
        if self.output is not None:
            self.output.limit_bytes = int(left * OUTPUT_SHARE)
        if self.input is not None:
            self.input.limit_bytes = int(left * INPUT_SHARE)

    def check(self) -> None:
        """Refuse with QUOTA_EXCEEDED, of the process, where memory has run out."""
        if self.over:
            self.refused += 1
            raise full("This server has no memory left for more.")

    def tick(self, now: float) -> None:
        """Look how much there is, and give up what has to be. `now` is in seconds of a clock that only goes forward."""
        self.resident_bytes = resident_bytes()
        if self.budget_bytes and (held := self.held_elsewhere()) != self._divided:
            self._divide(held)
        if self.budget_bytes and self.resident_bytes > self.budget_bytes:
            if not self.over:
                log.warning("Out of memory budget (%d MiB in use): nobody new is taken.", self.resident_bytes // MIB)
            self.over = True
            self._halve()
        elif self.over and self.resident_bytes < self.budget_bytes * CALM_SHARE:
            self.over = False
            log.info("Within the memory budget again.")
        if self.resident_bytes > self._start_bytes + TRIM_ABOVE_BYTES and now - self._trimmed_at >= TRIM_S:
            self._trimmed_at = now
            self._trim()

    def _halve(self) -> None:
        self.rooms.give_up_down_to(self.rooms.used_bytes // 2)
        for share in (self.output, self.input):
            if share is not None:
                share.clear_down_to(share.used_bytes // 2)


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell (it is Linux that does)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    return 0


class _Trimmer(Protocol):
    def __call__(self) -> None: ...


def _trimmer() -> _Trimmer:
    """glibc keeps what was freed: have it give that back. Other C libraries have no such call, and less need of it."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None

    def run() -> None:
        trim(ctypes.c_size_t(0))

    return run
