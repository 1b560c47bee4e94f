"""What is held up on its way, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

MAX_HELD_BYTES = 1_048_576
"""That one connection may have under way in one direction; with more it is cut."""


class Line:
    """Carries out what comes in, each so many seconds after it came, and each once the one before is done."""

    def __init__(self, delay_s: float, overflown: Callable[[], None]) -> None:
        self._delay_s = delay_s
        self._overflown = overflown
        self._held: deque[tuple[float, int, Callable[..., Awaitable[Any] | None], tuple[Any, ...]]] = deque()
        self._held_bytes = 0
        self._task: asyncio.Task[None] | None = None

    def put(self, size: int, act: Callable[..., Awaitable[Any] | None], *arguments: Any) -> None:
        """Do this later."""
        if self._held_bytes + size > MAX_HELD_BYTES:
            self.end()
            self._overflown()
            return
        loop = asyncio.get_running_loop()
        self._held_bytes += size
        self._held.append((loop.time() + self._delay_s, size, act, arguments))
        if self._task is None:
            self._task = loop.create_task(self._carry_out())

    def end(self) -> None:
        """Nothing that waits is done any more."""
        self._held.clear()
        self._held_bytes = 0
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            self._task = None

    async def _carry_out(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held:
            await asyncio.sleep(max(0.0, self._held[0][0] - loop.time()))
            if not self._held:
                break
            _, size, act, arguments = self._held.popleft()
            self._held_bytes -= size
            waiting = act(*arguments)
            if waiting is not None:
                await waiting
        self._task = None
