"""Calls of the store: each is watched, so that one place knows whether it answers, and who has the rooms."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rooms.errors import Code, Refused
from rooms.ports import NotOwner, RoomExists, Store, StoreUnavailable
from server.outbound.health import StoreHealth

log = logging.getLogger(__name__)

RETRY_FIRST_S = 0.25
RETRY_LONGEST_S = 5.0

T = TypeVar("T")


class StoreCalls:
    """How the calls of one store went, and the tasks that make them behind."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._back = asyncio.Event()
        self._failed_since_open = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.health = StoreHealth()
        self.on_answer: Callable[[str, float], None] = lambda call, seconds: None
        """Told the name of each call that the store has answered, and how long it took."""
        self.fenced = False
        """Whether another process owns the rooms, so that nothing can be written any more."""

    async def watched(self, call: Coroutine[Any, Any, T]) -> T:
        """Make a call, and note how it went. Any failure is `StoreUnavailable`; `NotOwner` and `RoomExists` pass."""
        started_at = time.monotonic()
        try:
            result = await call
        except NotOwner:
            self.fenced = True  # the store answers; it is this process that has no say any more
            self._back.set()
            raise
        except StoreUnavailable:
            self._failed(started_at)
            raise
        except RoomExists:
            raise
        except Exception as error:
            # Nobody may wait for ever, or lose later changes, because a store failed in a way that nobody foresaw.
            if self.health.answers:
                log.error("The store failed: %s", type(error).__name__)
            self._failed(started_at)
            raise StoreUnavailable from None
        if not self.health.answers:
            self._back.set()
        self.health.succeeded()
        self.on_answer(getattr(call, "__name__", "other").strip("_"), time.monotonic() - started_at)
        return result

    def check_fence(self) -> None:
        """Refuse with SERVER_DRAINING where another process owns the rooms."""
        if self.fenced:
            raise Refused(Code.SERVER_DRAINING, "Another process has the rooms.", retry_after_ms=1_000)

    async def answers(self) -> bool:
        """Ask the store whether it is there."""
        with contextlib.suppress(StoreUnavailable):
            await self.watched(self._store.ping())
        return self.health.answers

    async def check(self) -> None:
        """As `answers`, and open it again where a call has failed since."""
        with contextlib.suppress(StoreUnavailable):
            # Opening again also erases what a write may have left behind that was given up and came late.
            if not self._failed_since_open:
                await self.watched(self._store.ping())
                return
            await self.watched(self._store.open())
            self._failed_since_open = False

    async def pause(self, pause_s: float) -> float:
        """Wait before another try, at most until the store answers somebody; returns the next pause."""
        self._back.clear()
        # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._back.wait()
        return min(pause_s * 2, RETRY_LONGEST_S)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do something behind. It has to end by itself where the store fails, or `fenced` says so."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def close(self, timeout_s: float) -> None:
        """Wait for what is under way, `timeout_s` at most."""
        if self.tasks and not self.fenced:
            await asyncio.wait(self.tasks, timeout=timeout_s)

    async def give_up(self) -> None:
        """End what is still under way."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _failed(self, started_at: float) -> None:
        self._failed_since_open = True
        self.health.failed(started_at)
