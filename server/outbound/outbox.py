"""Where webhooks wait until they are taken: in this process alone, or also where the next one finds them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from rooms.records import HookRecord
from server.outbound.hook_queue import KEPT_S, Hook, HookQueue

log = logging.getLogger(__name__)

CLOSE_S = 2.0
"""How long what is left is sent when the process stops, where nothing keeps it for the next one."""

CLOSE_KEPT_S = 0.5
"""How long requests under way may take at a stop, where what is left is kept."""


class Outbox(Protocol):
    """Takes webhooks, one after the other, and sees that each address gets them in that order for each room."""

    queues: Sequence[HookQueue]

    def put(self, hook: Hook) -> None:
        """Send this to every address. Neither raises nor waits."""

    async def start(self) -> None:
        """Go on where the process before stopped. Raises `StoreUnavailable`; it may be called again."""

    async def close(self) -> None:
        """Nothing more comes: send or keep what is left, and say in one line what becomes of it. Bounded in time."""


class DirectOutbox:
    """Nothing outlives the process."""

    def __init__(self, queues: Sequence[HookQueue]) -> None:
        self.queues: Sequence[HookQueue] = queues

    def put(self, hook: Hook) -> None:
        for queue in self.queues:
            queue.put(hook)

    async def start(self) -> None:
        """There is nothing."""

    async def close(self) -> None:
        left = await asyncio.gather(*(queue.close(CLOSE_S) for queue in self.queues))
        dropped = sum(queue.dropped for queue in self.queues)
        if any(left) or dropped:
            log.warning("Stopped with %d webhooks unsent; %d were dropped before.", sum(left), dropped)


def address_id(url: str) -> str:
    """What an address is called where its webhooks are kept: the address itself may hold a secret."""
    return hashlib.sha256(b"webhook address:" + url.encode()).hexdigest()[:24]


def record_of(hook: Hook, address: str, number: int) -> HookRecord:
    """As it is kept."""
    return HookRecord(address, number, hook.id, hook.room_id, hook.body, hook.at, hook.at + KEPT_S)


def hook_of(record: HookRecord, wall: Callable[[], float]) -> Hook:
    """As it is sent: how long it has waited counts."""
    age_s = max(0.0, wall() - record.queued_at)
    return Hook(record.id, record.room_id, record.body, time.monotonic() - age_s, record.queued_at)
