"""What is to be told to one address outside: in order for each room, again and again until it is taken, and bounded.

Rooms do not wait for each other, and nothing that happens here waits for any of it. An address that fails is tried
again with growing pauses; as soon as it takes something, all that waits is tried at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

MAX_QUEUED = 10_000
"""Messages that wait for one address; a newer one is dropped, and counted."""

AT_ONCE = 8
"""Requests to one address under way."""

RETRY_FIRST_S, RETRY_LONGEST_S = 0.5, 30.0
KEPT_S = 86_400.0
"""How long a message is tried to be sent; then it is dropped, and the next one of its room has its turn."""

FAILURES_TO_TELL = 3
"""So many failures in a row are worth a line in the log, and make the next success wake all who wait."""

QUIET_S = 60.0
"""Between two lines about one address."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One message: its id, which is the same with each try, and its body."""

    id: str
    room_id: str
    body: bytes = field(repr=False)
    queued_at: float = 0.0
    """By the clock of the queue."""
    at: float = 0.0
    """By the wall clock: what another process goes by."""


class NotTaken(Exception):
    """An address did not take a message. `why` is a word for the log; `retry_after_s` is what it asked for."""

    def __init__(self, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_s = retry_after_s


class Gone(Exception):
    """The address wants nothing more (410)."""


Post = Callable[[Hook], Awaitable[None]]
"""Sends one message; raises `NotTaken` or `Gone`."""


def _nobody(_: Hook) -> None:
    """Nobody wants to know."""


def _always() -> bool:
    return True


@dataclass(slots=True)
class _Lane:
    """The messages of one room."""

    hooks: deque[Hook] = field(default_factory=deque)
    pause_s: float = RETRY_FIRST_S


class HookQueue:
    """The queue of one address. `name` is what the log calls it."""

    def __init__(self, post: Post, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._name = name
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._back = asyncio.Event()
        self._sending = asyncio.Event()
        self._sending.set()
        self.on_done: Callable[[Hook], None] = _nobody
        """Told of each message that is sent, or dropped after it was queued: nothing more will come of it."""
        self.may_send: Callable[[], bool] = _always
        """Asked before each try; after a no nothing is sent until `resume`."""
        self._failures_in_a_row = 0
        self._told_at = float("-inf")
        self._told = self._gone = False
        self.waiting = self.sent = self.failed = self.dropped = 0

    def put(self, hook: Hook) -> None:
        """Send a message soon."""
        if self._gone or self.waiting >= MAX_QUEUED:
            self.dropped += 1
            self.on_done(hook)
            return
        self.waiting += 1
        lane = self._lanes.get(hook.room_id)
        if lane is not None:
            lane.hooks.append(hook)
            return
        lane = self._lanes[hook.room_id] = _Lane(deque((hook,)))
        task = asyncio.get_running_loop().create_task(self._drain(hook.room_id, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, limit_s: float) -> int:
        """Try everything once more, for so long; returns how many messages are left."""
        self._wake()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit_s)
        left = self.waiting
        await self.abandon()
        return left

    async def abandon(self) -> None:
        """Let go of all that waits: it is somebody else's to send."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.waiting = 0

    def resume(self) -> None:
        """This process may send again."""
        self._sending.set()

    async def _its_turn(self) -> None:
        while not self._sending.is_set() or not self.may_send():
            self._sending.clear()
            await self._sending.wait()

    async def _drain(self, room_id: str, lane: _Lane) -> None:
        try:
            while lane.hooks:
                retry_after_s = await self._try(lane.hooks[0])
                if retry_after_s is None:
                    self.waiting -= 1
                    self.on_done(lane.hooks.popleft())
                    lane.pause_s = RETRY_FIRST_S
                else:
                    await self._wait(lane, retry_after_s)
        finally:
            del self._lanes[room_id]

    async def _try(self, hook: Hook) -> float | None:
        """None where it is done with, else how long the address wants to be left alone."""
        if self._gone or self._clock() - hook.queued_at > KEPT_S:
            self.dropped += 1
            return None
        async with self._slots:
            await self._its_turn()
            try:
                await self._post(hook)
            except NotTaken as refused:
                self.failed += 1
                self._note_failure(refused.why)
                return refused.retry_after_s
            except Gone:
                self._gone = True
                self.dropped += 1
                log.warning("Webhooks to %s are wanted no more (410): none is sent to it until a restart.", self._name)
                return None
        self.sent += 1
        self._note_success()
        return None

    async def _wait(self, lane: _Lane, retry_after_s: float) -> None:
        """Until the next try, or until the address takes something of another room."""
        pause_s = max(lane.pause_s * random.uniform(0.8, 1.2), min(retry_after_s, RETRY_LONGEST_S))  # noqa: S311
        lane.pause_s = min(2 * lane.pause_s, RETRY_LONGEST_S)
        back = self._back
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await back.wait()

    def _wake(self) -> None:
        """Let all who wait try once more."""
        waking, self._back = self._back, asyncio.Event()
        waking.set()

    def _note_failure(self, why: str) -> None:
        self._failures_in_a_row += 1
        now = self._clock()
        if self._failures_in_a_row >= FAILURES_TO_TELL and not self._told and now - self._told_at >= QUIET_S:
            self._told, self._told_at = True, now
            log.warning("Webhooks to %s are not taken (%s): they are sent again, in order.", self._name, why)

    def _note_success(self) -> None:
        if self._failures_in_a_row >= FAILURES_TO_TELL:
            self._wake()
        self._failures_in_a_row = 0
        if self._told:
            self._told = False
            log.warning("Webhooks to %s are taken again.", self._name)
