"""Webhooks where several nodes share the rooms: all put them into one place, and one node at a time sends them.

So a room's webhooks keep their order when it moves, whoever ran it, and none is lost with a node. The sender holds a
lease. Another node goes on where it stopped, and sends once more what was under way: with the same id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, Protocol

from rooms.records import HookRecord
from server.outbound.hook_queue import MAX_QUEUED, Hook, HookQueue
from server.outbound.outbox import CLOSE_KEPT_S, hook_of, record_of

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""Between two looks for what nodes have put there."""

SENDER_S = 2.0
"""How long a node goes on sending after its lease was last renewed: for less than the lease lasts."""

READ_AT_ONCE = 500
CLOSE_SHARED_S = 2.0
"""How long what Redis has not taken is given to it at a stop."""


class Entry(Protocol):
    """One that is kept."""

    @property
    def place(self) -> str: ...
    @property
    def hook(self) -> HookRecord: ...


class HookBoard(Protocol):
    """Where all nodes put them. Every call may raise `ConnectionError`."""

    @property
    def up(self) -> bool: ...
    def add(self, hook: HookRecord, limit: int, told: Callable[[Any], None]) -> None: ...
    async def lease(self, node: str) -> bool: ...
    async def release(self, node: str) -> None: ...
    async def after(self, address: str, place: str, limit: int) -> Sequence[Entry]: ...
    async def remove(self, address: str, places: Sequence[str]) -> None: ...


class _Kept(NamedTuple):
    """One that waits here to be put there."""

    queue: HookQueue
    hook: HookRecord


class _Address:
    """What this node, as the sender, knows of one address."""

    def __init__(self, name: str, queue: HookQueue) -> None:
        self.name = name
        self.queue = queue
        self.place = ""
        self.known: dict[str, list[str]] = {}
        """id → places, of what was read and is still there"""
        self.done: deque[str] = deque()
        queue.on_done = self._done

    def _done(self, hook: Hook) -> None:
        self.done.append(hook.id)

    async def forget(self) -> None:
        await self.queue.abandon()
        self.place = ""
        self.known.clear()
        self.done.clear()


class SharedOutbox:
    """`server.outbound.outbox.Outbox` over all nodes. `me` says what this node is called now."""

    def __init__(
        self, queues: dict[str, HookQueue], board: HookBoard, me: Callable[[], str], wall: Callable[[], float]
    ) -> None:
        """`queues`: by the id of their address."""
        self.queues: Sequence[HookQueue] = list(queues.values())
        self._addresses = [_Address(name, queue) for name, queue in queues.items()]
        self._board = board
        self._me = me
        self._wall = wall
        self._valid_until = float("-inf")
        self._sends = False
        self._again: deque[_Kept] = deque()
        self._task: asyncio.Task[None] | None = None
        for queue in self.queues:
            queue.may_send = self._may_send

    def put(self, hook: Hook) -> None:
        for address in self._addresses:
            kept = _Kept(address.queue, record_of(hook, address.name, 0))
            if self._again or not self._board.up:
                self._put_later(kept)
            else:
                self._board.add(kept.hook, MAX_QUEUED, partial(self._told, kept))

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(CLOSE_SHARED_S):
                await self._put_again()
        for queue in self.queues:
            await queue.close(CLOSE_KEPT_S if self._sends else 0)
        with suppress(ConnectionError):
            await self._remove_done()
            await self._board.release(self._me())
        dropped = sum(queue.dropped for queue in self.queues)
        if self._again or dropped:
            log.warning("Stopped with %d webhooks unsent; %d were dropped before.", len(self._again), dropped)

    # Putting them there

    def _told(self, kept: _Kept, reply: Any) -> None:
        if isinstance(reply, Exception):
            self._put_later(kept)
        elif not reply:
            kept.queue.dropped += 1

    def _put_later(self, kept: _Kept) -> None:
        if len(self._again) < MAX_QUEUED * len(self.queues):
            self._again.append(kept)
        else:
            kept.queue.dropped += 1

    async def _put_again(self) -> None:
        """In the order in which they came. One that was put there after all is there twice, with one id."""
        while self._again and self._board.up:
            kept = self._again[0]
            came = asyncio.Event()
            replies: list[Any] = []

            def told(reply: Any, replies: list[Any] = replies, came: asyncio.Event = came) -> None:
                replies.append(reply)
                came.set()

            self._board.add(kept.hook, MAX_QUEUED, told)
            await came.wait()
            if isinstance(replies[0], Exception):
                return
            kept.queue.dropped += not replies[0]
            self._again.popleft()

    # Sending them

    def _may_send(self) -> bool:
        return time.monotonic() < self._valid_until

    async def _work(self) -> None:
        while True:
            try:
                await self._step()
            except ConnectionError:
                self._look_from_the_start()
            except Exception as error:
                log.error("Webhooks could not be looked for: %s", type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def _step(self) -> None:
        await self._put_again()
        asked_at = time.monotonic()
        if not await self._board.lease(self._me()):
            if self._sends:
                self._sends, self._valid_until = False, float("-inf")
                for address in self._addresses:
                    await address.forget()
            return
        self._sends, self._valid_until = True, asked_at + SENDER_S
        for queue in self.queues:
            queue.resume()
        await self._remove_done()
        for address in self._addresses:
            await self._read(address)

    async def _read(self, address: _Address) -> None:
        while address.queue.waiting + READ_AT_ONCE <= MAX_QUEUED:
            found = await self._board.after(address.name, address.place, READ_AT_ONCE)
            for entry in found:
                address.place = entry.place
                places = address.known.setdefault(entry.hook.id, [])
                if not places:
                    address.queue.put(hook_of(entry.hook, self._wall))
                if entry.place not in places:
                    places.append(entry.place)
            if len(found) < READ_AT_ONCE:
                return

    async def _remove_done(self) -> None:
        for address in self._addresses:
            while address.done:
                batch = list(islice(address.done, READ_AT_ONCE))
                places = [place for one in batch for place in address.known.get(one, ())]
                if places:
                    await self._board.remove(address.name, places)
                for one in batch:
                    address.done.popleft()
                    address.known.pop(one, None)

    def _look_from_the_start(self) -> None:
        """Redis was away, and may have come back with other data, whose places may be earlier ones."""
        for address in self._addresses:
            address.place = ""
