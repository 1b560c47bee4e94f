"""Looks after memory, descriptors and what is too old, a few times a second, whether or not anything happens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from server.security.descriptors import Descriptors
from server.security.memory import Memory, Share

log = logging.getLogger(__name__)

LOOK_S = 0.2
COUNT_EVERY = 5
"""Every so many looks descriptors are counted, and what is too old is let go of: that costs more."""


class Watch:
    """The task that looks."""

    def __init__(
        self,
        memory: Memory,
        descriptors: Descriptors,
        clock: Callable[[], float],
        shares: tuple[Share | None, Share | None],
    ) -> None:
        self.memory = memory
        self.descriptors = descriptors
        self._clock = clock
        self._shares = shares

    def look(self, number: int = 0) -> None:
        """Look once; at each `COUNT_EVERY`th number thoroughly."""
        self.memory.tick(time.monotonic())
        if number % COUNT_EVERY == 0:
            self.descriptors.tick()
            self.memory.rooms.age(self._clock())

    async def run(self) -> None:
        """Look for ever."""
        number = 0
        while True:
            await asyncio.sleep(LOOK_S)
            number += 1
            try:
                self.look(number)
            except Exception as error:
                log.error("Looking after memory failed: %s", type(error).__name__)

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        self.memory.share_out(*self._shares)
        self.descriptors.tick()
        task = asyncio.get_running_loop().create_task(self.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
