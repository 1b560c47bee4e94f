"""Messages on their way to the log of a room that asked for one: in batches, in order, never after its end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from rooms.message import Message
from rooms.ports import Store, StoreUnavailable
from rooms.records import logged
from server.outbound.store_calls import RETRY_FIRST_S, RETRY_LONGEST_S, StoreCalls

MAX_QUEUED_MESSAGES = 10_000
MAX_QUEUED_ENTRIES = 100_000
"""With what erases messages, which is small, and is not to be lost."""

MESSAGE_BATCH = 500
DOUBT_S = 10.0
"""So long after a write that failed the store may still carry it out, behind what came next."""

ERASE_AGAIN_S = 5.0
"""What is erased in that time is erased once more, so much later."""


class LogEntry(NamedTuple):
    """What the log is to learn: a message is new (`message` and `message_id`), changed, or (no `message`) gone."""

    room_id: str
    message: Message | None
    message_id: str | None


class MessageLog:
    """Writes behind. What waits is bounded; where the store is away for long, the oldest messages are dropped."""

    def __init__(self, store: Store, calls: StoreCalls) -> None:
        self._store = store
        self._calls = calls
        self._task: asyncio.Task[None] | None = None
        self._under_way = 0
        self._doubtful_until = 0.0
        self._erase_again: deque[tuple[float, LogEntry]] = deque()  # when, by the monotonic clock
        self._gone: set[tuple[str, str]] = set()
        """room and message: what was taken back, and may still be in the log"""
        self.waiting: deque[LogEntry] = deque()
        self.writing = asyncio.Lock()
        """Held while a batch is under way."""
        self.dropped = 0

    @property
    def unwritten(self) -> int:
        """How many entries the store does not have yet."""
        return len(self.waiting) + self._under_way

    def add(self, message: Message, *, again: bool = False) -> None:
        """Keep a message of a room that asked for a log, or (`again`) how it is now.

        The queue refers to the message itself: what is erased before it is written is never written.
        """
        self._queue(LogEntry(message.room_id, message, None if again else message.id))

    def erase(self, room_id: str, message_id: str) -> None:
        """Keep a message no more."""
        self._gone.add((room_id, message_id))
        self._queue(LogEntry(room_id, None, message_id))

    def is_gone(self, room_id: str, message_id: str) -> bool:
        """Whether a message was taken back that the log may still have."""
        return (room_id, message_id) in self._gone

    def forget(self, room_id: str) -> None:
        """Whatever is still to be written of a room that has ended is not written any more."""
        self._gone = {one for one in self._gone if one[0] != room_id}
        if any(message.room_id == room_id for message in self.waiting):
            self.waiting = deque(message for message in self.waiting if message.room_id != room_id)

    def erase_late_ones(self) -> None:
        """Erase once more what a write may have brought back that was given up and came late."""
        while self._erase_again and self._erase_again[0][0] <= time.monotonic():
            self._queue(self._erase_again.popleft()[1])

    async def flush(self) -> None:
        """Wait until every message logged so far is in the store, or has failed to get there."""
        if self._task is not None and self._calls.health.answers:
            await asyncio.wait({self._task}, timeout=RETRY_LONGEST_S)

    def _queue(self, entry: LogEntry) -> None:
        # Where there are too many, the oldest messages are dropped, but not what erases one.
        if len(self.waiting) >= (MAX_QUEUED_MESSAGES if entry.message is not None else MAX_QUEUED_ENTRIES):
            self.dropped += 1
            if self.waiting[0].message is None:
                return
            self.waiting.popleft()
        self.waiting.append(entry)
        if self._task is None or self._task.done():
            self._task = self._calls.spawn(self._write())

    async def _write(self) -> None:
        pause = RETRY_FIRST_S
        while self.waiting and not self._calls.fenced:
            async with self.writing:
                batch = [self.waiting.popleft() for _ in range(min(MESSAGE_BATCH, len(self.waiting)))]
                self._under_way = len(batch)
                try:
                    await self._calls.watched(self._write_batch(batch))
                    pause = RETRY_FIRST_S
                    continue
                except StoreUnavailable:
                    self.waiting.extendleft(reversed(batch))
                    self._doubtful_until = time.monotonic() + DOUBT_S
                finally:
                    self._under_way = 0
            pause = await self._calls.pause(pause)

    async def _write_batch(self, batch: Sequence[LogEntry]) -> None:
        """Bring the log to where the messages are now. It may be repeated."""
        there = [entry for entry in batch if entry.message is not None and not entry.message.gone]
        # One that is new and changed may have been written before by a call that seemed to fail: it is put right, too.
        new = [logged(entry.message) for entry in there if entry.message is not None and entry.message_id is not None]
        changed = [logged(entry.message) for entry in there if entry.message is not None and entry.message_id is None]
        erasures = [entry for entry in batch if entry.message is None]
        gone = [(entry.room_id, str(entry.message_id)) for entry in erasures]
        if new:
            await self._store.append_messages(new)
        if changed:
            await self._store.replace_messages(changed)
        if gone:
            await self._store.erase_messages(gone)
            now = time.monotonic()
            if now < self._doubtful_until and len(self._erase_again) < MAX_QUEUED_ENTRIES:
                self._erase_again.extend((now + ERASE_AGAIN_S, entry) for entry in erasures)
            else:
                self._gone.difference_update(gone)
