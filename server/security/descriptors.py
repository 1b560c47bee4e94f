"""File descriptors: each connection takes one, and a process that has none left is mute."""

from __future__ import annotations

import contextlib
import logging
import os
import time

from server.security.quotas import full

log = logging.getLogger(__name__)

RESERVE = 64
RESERVE_SHARE = 1 / 8
"""Descriptors that no socket gets: health checks, pages, the API and the store need some. The larger of both, and at
most half of all."""

RECOUNT_S = 0.1

KEEP_ALIVE_SHARE = 1 / 2
"""Beyond this share of them, connections are not kept open between two requests."""


def raise_limit() -> int:
    """Raise the soft limit to the hard one; returns it, 0 where there is none."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return 0 if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """How many there are and how many are in use."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """0: without end."""
        self.in_use = 0
        self.refused = 0
        reserve = min(limit // 2, max(RESERVE, int(limit * RESERVE_SHARE)))
        self.for_sockets = limit - reserve
        self.for_anybody = limit - reserve // 2
        self._said = False
        self._counted_at = 0.0

    def tick(self) -> None:
        """Count those in use."""
        with contextlib.suppress(OSError):
            self._counted_at = time.monotonic()
            self.in_use = len(os.listdir("/proc/self/fd"))

    def _count_again(self) -> None:
        """Those that were closed meanwhile are no longer in use. Counting is not free where many ask."""
        if time.monotonic() - self._counted_at >= RECOUNT_S:
            self.tick()

    def opened(self) -> None:
        """One more, until the next count."""
        self.in_use += 1

    def check(self) -> None:
        """Refuse a socket, with QUOTA_EXCEEDED of the process, where few are left."""
        if self.limit and self.in_use >= self.for_sockets:
            self._count_again()
        if self.limit and self.in_use >= self.for_sockets:
            self.refused += 1
            if not self._said:
                self._said = True
                log.warning(
                    "%d of %d file descriptors are in use: further sockets are refused. Raise the limit (ulimit -n).",
                    self.in_use,
                    self.limit,
                )
            raise full("This server has as many connections as it takes.")

    @property
    def scarce(self) -> bool:
        """Whether connections are better not kept open between two requests."""
        return bool(self.limit) and self.in_use >= self.limit * KEEP_ALIVE_SHARE

    @property
    def exhausted(self) -> bool:
        """Whether somebody who says nothing has to make place for whoever comes."""
        return bool(self.limit) and self.in_use >= self.for_anybody
