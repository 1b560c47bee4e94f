"""One of several processes on one port, as its supervisor started it: what it tells that one, and hears of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

READY_FD = "WORKER_READY_FD"
"""Variable: a pipe into which a process writes once it serves."""

LIFELINE_FD = "WORKER_LIFELINE_FD"
"""Variable: a pipe that the supervisor never writes to: where it ends, the supervisor is gone."""


class Worker:
    """This process, to the supervisor that started it. Without one, nothing in here does anything."""

    def __init__(self, ready_fd: int | None, lifeline_fd: int | None) -> None:
        self._ready_fd = ready_fd
        self._lifeline_fd = lifeline_fd

    @classmethod
    def of_environment(cls) -> Worker:
        """As the supervisor's variables say. They are taken away: no process that is started here is meant."""
        ready, lifeline = os.environ.pop(READY_FD, None), os.environ.pop(LIFELINE_FD, None)
        return cls(int(ready) if ready else None, int(lifeline) if lifeline else None)

    @property
    def shares_port(self) -> bool:
        """Whether other processes listen on the same port."""
        return self._ready_fd is not None

    def ready(self) -> None:
        """This process serves."""
        if self._ready_fd is not None:
            os.write(self._ready_fd, b"1")
            os.close(self._ready_fd)
            self._ready_fd = None

    def on_orphaned(self, stop: Callable[[], None]) -> None:
        """Have `stop` called where the supervisor is gone: nobody would renew or end this process any more."""
        if self._lifeline_fd is None:
            return
        lifeline, loop = self._lifeline_fd, asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(lifeline)
            stop()

        loop.add_reader(lifeline, ended)
