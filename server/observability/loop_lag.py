"""How late the event loop is: a timer looks ten times a second whether it was called when it was due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from server.observability.histogram import Histogram

LOOK_S = 0.1


class LoopLag:
    """A timer, not a task: what runs for clients is seen among the tasks."""

    def __init__(self) -> None:
        self.seconds = Histogram()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look."""
        self._plan(loop)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        self.start(asyncio.get_running_loop())
        yield
        self.stop()

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + LOOK_S
        self._timer = loop.call_later(LOOK_S, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.seconds.observe(max(0.0, loop.time() - due))
        self._plan(loop)
