"""Webhooks of a process that owns its rooms alone: those that wait are written down, for the next owner.

What is taken at once, as nearly all is, is never written. The rest goes behind, in batches, and so does its erasure.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from rooms.ports import HookStore, StoreUnavailable
from server.outbound.hook_queue import MAX_QUEUED, Hook, HookQueue
from server.outbound.outbox import CLOSE_KEPT_S, hook_of, record_of

log = logging.getLogger(__name__)

KEEP_AFTER_S = 0.25
"""A webhook that waits for so long is written down; and between two batches."""

KEEP_BATCH = 500
KEEP_RETRY_S = 2.0
"""Where the store did not answer."""

KEEP_CLOSE_S = 3.0
"""How long what is left is written at a stop."""


class _Address:
    """What is kept, or is to be, for one address."""

    def __init__(self, name: str, queue: HookQueue) -> None:
        self.name = name
        self.queue = queue
        self.number = 0
        self.fresh: dict[str, tuple[int, Hook]] = {}
        self.doubtful: set[str] = set()
        """Of the fresh: what a write that failed may have kept all the same."""
        self.kept: set[str] = set()
        self.gone: deque[str] = deque()
        queue.on_done = self.done

    def put(self, hook: Hook) -> None:
        self.number += 1
        self.fresh[hook.id] = self.number, hook
        self.queue.put(hook)

    def take(self, hook: Hook) -> None:
        self.kept.add(hook.id)
        self.queue.put(hook)

    def done(self, hook: Hook) -> None:
        self.fresh.pop(hook.id, None)
        for there in (self.kept, self.doubtful):
            if hook.id in there:
                there.discard(hook.id)
                self.gone.append(hook.id)

    def due(self, until: float) -> list[tuple[int, Hook]]:
        """The next that wait since before `until`."""
        batch = islice(self.fresh.values(), KEEP_BATCH)
        return [(number, hook) for number, hook in batch if hook.queued_at <= until]

    def was_kept(self, batch: Sequence[tuple[int, Hook]]) -> None:
        for _, hook in batch:
            self.doubtful.discard(hook.id)
            if self.fresh.pop(hook.id, None) is not None:
                self.kept.add(hook.id)


class KeptOutbox:
    """`server.outbound.outbox.Outbox` with a store. Until that was read what comes waits here."""

    def __init__(self, queues: dict[str, HookQueue], store: HookStore, wall: Callable[[], float]) -> None:
        """`queues`: by the id of their address."""
        self.queues: Sequence[HookQueue] = list(queues.values())
        self._addresses = [_Address(name, queue) for name, queue in queues.items()]
        self._store = store
        self._wall = wall
        self._early: deque[Hook] | None = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, hook: Hook) -> None:
        if self._early is None:
            for address in self._addresses:
                address.put(hook)
        elif len(self._early) < MAX_QUEUED:
            self._early.append(hook)
        else:
            for queue in self.queues:
                queue.dropped += 1

    async def start(self) -> None:
        if self._early is None:
            return
        await self._store.open()
        found = [await self._store.load(address.name, MAX_QUEUED) for address in self._addresses]
        for address, records in zip(self._addresses, found, strict=True):
            for record in records:
                address.number = record.number
                address.take(hook_of(record, self._wall))
        early, self._early = self._early, None
        for hook in early:
            self.put(hook)
        self._task = asyncio.get_running_loop().create_task(self._write_forever())
        if any(found):
            log.info("%d webhooks wait since before the start.", sum(map(len, found)))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        left = sum(await asyncio.gather(*(queue.close(CLOSE_KEPT_S) for queue in self.queues)))
        try:
            async with asyncio.timeout(KEEP_CLOSE_S):
                await self._write(float("inf"))
        except (StoreUnavailable, TimeoutError):
            pass
        lost = sum(len(address.fresh) for address in self._addresses) + len(self.queues) * len(self._early or ())
        dropped = sum(queue.dropped for queue in self.queues)
        if lost or dropped:
            log.warning("Stopped with %d webhooks unsent; %d were dropped before.", lost, dropped)
        elif left:
            log.info("%d webhooks are left to the next process.", left)
        await self._store.close()

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(KEEP_AFTER_S)
            try:
                await self._write(time.monotonic() - KEEP_AFTER_S)
            except StoreUnavailable:
                await asyncio.sleep(KEEP_RETRY_S)

    async def _write(self, until: float) -> None:
        """Keep what has waited since before `until`, and erase what is done with."""
        for address in self._addresses:
            while batch := address.due(until):
                # What is taken meanwhile is to go again.
                address.doubtful.update(hook.id for _, hook in batch)
                await self._store.keep([record_of(hook, address.name, number) for number, hook in batch])
                address.was_kept(batch)
            while gone := list(islice(address.gone, KEEP_BATCH)):
                await self._store.forget(address.name, gone)
                for _ in gone:
                    address.gone.popleft()
