"""Writing behind: rooms are changed in memory first and saved soon after, one call at a time for each room.

Where the store outlives the process, every change of a room's seats, roles, invites or settings is saved as one
document, the newest state only; an outage delays that and stops nothing. Whoever needs certainty waits with `saved`.
Logged messages go in batches, in order, and never after the end of their room.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from rooms import snapshots
from rooms.errors import Code, Refused
from rooms.message import Message
from rooms.ports import NotOwner, RoomExists, Store, StoreUnavailable
from rooms.records import Purged, RoomRecord, SessionRecord, Tombstone, logged
from rooms.room import Room
from server.outbound.health import StoreHealth

log = logging.getLogger(__name__)

MAX_SAVES_UNDER_WAY = 16
MAX_QUEUED_MESSAGES = 10_000
MAX_QUEUED_ENTRIES = 100_000
"""With what erases messages, which is small, and is not to be lost."""

MESSAGE_BATCH = 500
DOUBT_S = 10.0
"""So long after a write that failed the store may still carry it out, behind what came next."""

ERASE_AGAIN_S = 5.0
"""What is erased in that time is erased once more, so much later."""

RETRY_FIRST_S = 0.25
RETRY_LONGEST_S = 5.0

T = TypeVar("T")


@dataclass(slots=True)
class _Saving:
    """The state of one room's writer: versions wanted and done, and who waits for which."""

    room: Room
    wanted: int = 0
    waiters: list[tuple[int, asyncio.Future[bool]]] = field(default_factory=list)

    def settle(self, done: int, *, ok: bool) -> None:
        """Tell whoever waited for versions up to `done`; after a failure, everybody."""
        rest = []
        for version, waiter in self.waiters:
            if version <= done or not ok:
                if not waiter.done():
                    waiter.set_result(ok)
            else:
                rest.append((version, waiter))
        self.waiters = rest


class LogEntry(NamedTuple):
    """What the log is to learn: a message is new (`message` and `message_id`), changed, or (no `message`) gone."""

    room_id: str
    message: Message | None
    message_id: str | None


class Unwritten(NamedTuple):
    """How much the store does not have yet: rooms with changes, ends of rooms, logged messages."""

    rooms: int
    ends: int
    messages: int


class Journal:
    """Keeps the store up with the rooms."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._saving: dict[str, _Saving] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MAX_SAVES_UNDER_WAY)
        self._messages: deque[LogEntry] = deque()
        self._writing_messages = asyncio.Lock()
        self._messages_under_way = 0
        self._doubtful_until = 0.0
        self._erase_again: deque[tuple[float, LogEntry]] = deque()  # when, by the monotonic clock
        self._gone: set[tuple[str, str]] = set()
        """room and message: what was taken back, and may still be in the log"""
        self._message_task: asyncio.Task[None] | None = None
        self._ends: deque[tuple[Tombstone, SessionRecord]] = deque()
        self._end_task: asyncio.Task[None] | None = None
        self._back = asyncio.Event()
        self._failed_since_open = False
        self._written: dict[str, int] = {}
        """room → a hash of what the store has of it: what would not change it is not written"""
        self.health = StoreHealth()
        self.on_answer: Callable[[str, float], None] = lambda call, seconds: None
        """Told the name of each call that the store has answered, and how long it took."""
        self.dropped_messages = 0
        self.fenced = False
        """Whether another process owns the rooms, so that nothing can be written any more."""

    @property
    def healthy(self) -> bool:
        """Whether the store counts as there, for the world; `health.answers` is how the newest call went."""
        return self.health.healthy

    @healthy.setter
    def healthy(self, healthy: bool) -> None:
        if healthy:
            self.health.rise()
        else:
            self.health.fall()

    async def create(self, room: Room) -> None:
        """Keep a new room. Raises `RoomExists` or `StoreUnavailable`."""
        if self._store.outlives_process or room.log:
            record = snapshots.record_of(room)
            await self._watched(self._store.create_room(record))
            self._note(room, record)

    def known(self, room: Room, record: RoomRecord) -> None:
        """A room was restored from what the store has of it."""
        if snapshots.record_of(room) == record:
            self._note(room, record)

    def _note(self, room: Room, record: RoomRecord) -> None:
        if self._store.outlives_process and not room.ended:
            self._written[room.id] = hash(record)

    def changed(self, room: Room) -> None:
        """Save the room soon."""
        if not self._store.outlives_process or room.ended or self.fenced:
            return
        saving = self._saving.get(room.id)
        if saving is None:
            saving = self._saving[room.id] = _Saving(room)
            self._spawn(self._save(saving))
        saving.wanted += 1

    async def saved(self, room: Room, *, insist: bool = False) -> bool:
        """Wait until the room as it is now is saved; False where the store failed.

        Refused with SERVER_DRAINING where another process owns the rooms: nothing may be acknowledged then.
        While the store is known to be down nobody is kept waiting; who insists has it asked once more.
        """
        if not self._store.outlives_process:
            return True
        self._check_fence()
        if not self.health.answers and not (insist and await self._answers()):
            self.changed(room)
            return False
        self.changed(room)
        saving = self._saving.get(room.id)
        if saving is None:
            return False  # the room has ended meanwhile
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        saving.waiters.append((saving.wanted, waiter))
        kept = await waiter
        self._check_fence()
        return kept

    async def ended(self, tombstone: Tombstone, session: SessionRecord) -> Purged:
        """Erase an ended room; while the store is down this goes on being tried behind.

        Refused with SERVER_DRAINING where another process owns the rooms.
        """
        if self.health.answers:
            with contextlib.suppress(StoreUnavailable):
                return await self._end(tombstone, session)
        self._check_fence()
        self.end_behind(tombstone, session)
        return Purged()

    def end_behind(self, tombstone: Tombstone, session: SessionRecord) -> None:
        """Erase an ended room soon, however often it takes."""
        self._forget_messages(tombstone.room_id)
        self._ends.append((tombstone, session))
        if self._end_task is None or self._end_task.done():
            self._end_task = self._spawn(self._write_ends())

    async def spent(self, use: str, by: str, until: float, now: float) -> bool:
        """Note the use of a voucher that is good once; false where it was used before. Raises `StoreUnavailable`."""
        return await self._watched(self._store.spend(use, by, until, now))

    def unspend_behind(self, use: str, by: str) -> None:
        """Take that back soon, if the store answers."""
        self._spawn(self._unspend(use, by))

    async def _unspend(self, use: str, by: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self._watched(self._store.unspend(use, by))

    def log_message(self, message: Message, *, again: bool = False) -> None:
        """Keep a message of a room that asked for a log, or (`again`) how it is now.

        The queue refers to the message itself: what is erased before it is written is never written.
        """
        self._queue(LogEntry(message.room_id, message, None if again else message.id))

    def erase_message(self, room_id: str, message_id: str) -> None:
        """Keep a message no more."""
        self._gone.add((room_id, message_id))
        self._queue(LogEntry(room_id, None, message_id))

    def is_gone(self, room_id: str, message_id: str) -> bool:
        """Whether a message was taken back that the log may still have."""
        return (room_id, message_id) in self._gone

    def _queue(self, entry: LogEntry) -> None:
        # Where there are too many, the oldest messages are dropped, but not what erases one.
        if len(self._messages) >= (MAX_QUEUED_MESSAGES if entry.message is not None else MAX_QUEUED_ENTRIES):
            self.dropped_messages += 1
            if self._messages[0].message is None:
                return
            self._messages.popleft()
        self._messages.append(entry)
        if self._message_task is None or self._message_task.done():
            self._message_task = self._spawn(self._write_messages())

    async def flush_messages(self) -> None:
        """Wait until every message logged so far is in the store, or has failed to get there."""
        if self._message_task is not None and self.health.answers:
            await asyncio.wait({self._message_task}, timeout=RETRY_LONGEST_S)

    async def check(self) -> None:
        """Ask the store whether it is there, so that `healthy` is true of now and not of the last write."""
        while self._erase_again and self._erase_again[0][0] <= time.monotonic():
            self._queue(self._erase_again.popleft()[1])
        with contextlib.suppress(StoreUnavailable):
            # Opening again also erases what a write may have left behind that was given up and came late.
            if not self._failed_since_open:
                await self._watched(self._store.ping())
                return
            await self._watched(self._store.open())
            self._failed_since_open = False

    def unwritten(self) -> Unwritten:
        """What the store does not have yet."""
        rooms = sum(not saving.room.ended for saving in self._saving.values())
        return Unwritten(rooms, len(self._ends), len(self._messages) + self._messages_under_way)

    async def close(self, timeout_s: float) -> None:
        """Write what is left, within `timeout_s`, and stop. One line tells of what could not be written."""
        if self._tasks and not self.fenced:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        lost = self.unwritten()
        if any(lost) or self.dropped_messages:
            log.warning(
                "Stopped with the store behind: %d rooms, %d ends of rooms and %d messages could not be written.",
                lost.rooms,
                lost.ends,
                lost.messages + self.dropped_messages,
            )
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _save(self, saving: _Saving) -> None:
        try:
            await self._save_until_done(saving)
        finally:
            # Whatever happened, nobody is left waiting.
            saving.settle(saving.wanted, ok=False)
            self._saving.pop(saving.room.id, None)

    async def _save_until_done(self, saving: _Saving) -> None:
        pause = RETRY_FIRST_S
        done = 0
        while done < saving.wanted and not saving.room.ended and not self.fenced:
            version = saving.wanted
            try:
                async with self._slots:
                    await self._save_once(saving.room)
            except StoreUnavailable:
                saving.settle(version, ok=False)
                pause = await self._pause(pause)
                continue
            done, pause = version, RETRY_FIRST_S
            saving.settle(done, ok=True)

    async def _save_once(self, room: Room) -> None:
        # One at a time for each room: nobody else touches what is noted of it.
        record = snapshots.record_of(room)
        if self._written.get(room.id) == hash(record):
            return
        self._written.pop(room.id, None)  # after a failure nobody knows what the store has
        await self._watched(self._store.save_room(record))
        self._note(room, record)

    async def _end(self, tombstone: Tombstone, session: SessionRecord) -> Purged:
        # A batch under way may hold messages of this room: it must not land after the purge.
        async with self._writing_messages:
            self._forget_messages(tombstone.room_id)
            return await self._watched(self._store.end_room(tombstone, session))

    def _forget_messages(self, room_id: str) -> None:
        self._written.pop(room_id, None)
        self._gone = {one for one in self._gone if one[0] != room_id}
        if any(message.room_id == room_id for message in self._messages):
            self._messages = deque(message for message in self._messages if message.room_id != room_id)

    async def _write_ends(self) -> None:
        pause = RETRY_FIRST_S
        while self._ends and not self.fenced:
            try:
                await self._end(*self._ends[0])
            except StoreUnavailable:
                pause = await self._pause(pause)
                continue
            self._ends.popleft()
            pause = RETRY_FIRST_S

    async def _write_messages(self) -> None:
        pause = RETRY_FIRST_S
        while self._messages and not self.fenced:
            async with self._writing_messages:
                batch = [self._messages.popleft() for _ in range(min(MESSAGE_BATCH, len(self._messages)))]
                self._messages_under_way = len(batch)
                try:
                    await self._watched(self._write_batch(batch))
                    pause = RETRY_FIRST_S
                    continue
                except StoreUnavailable:
                    self._messages.extendleft(reversed(batch))
                    self._doubtful_until = time.monotonic() + DOUBT_S
                finally:
                    self._messages_under_way = 0
            pause = await self._pause(pause)

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

    async def _pause(self, pause_s: float) -> float:
        """Wait before another try, at most until the store answers somebody; returns the next pause."""
        self._back.clear()
        # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._back.wait()
        return min(pause_s * 2, RETRY_LONGEST_S)

    async def _answers(self) -> bool:
        with contextlib.suppress(StoreUnavailable):
            await self._watched(self._store.ping())
        return self.health.answers

    async def _watched(self, call: Coroutine[Any, Any, T]) -> T:
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

    def _check_fence(self) -> None:
        if self.fenced:
            raise Refused(Code.SERVER_DRAINING, "Another process has the rooms.", retry_after_ms=1_000)

    def _failed(self, started_at: float) -> None:
        self._failed_since_open = True
        self.health.failed(started_at)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
