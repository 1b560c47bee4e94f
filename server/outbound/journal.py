"""Writing behind: rooms are changed in memory first and saved soon after, one call at a time for each room.

Where the store outlives the process, every change of a room's seats, roles, invites or settings is saved as one
document, the newest state only; an outage delays that and stops nothing. Whoever needs certainty waits with `saved`.
Logged messages take a queue of their own, `MessageLog`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from rooms import snapshots
from rooms.message import Message
from rooms.ports import Store, StoreUnavailable
from rooms.records import Purged, RoomRecord, SessionRecord, Tombstone
from rooms.room import Room
from server.outbound.health import StoreHealth
from server.outbound.message_log import MessageLog
from server.outbound.store_calls import RETRY_FIRST_S, StoreCalls

log = logging.getLogger(__name__)

MAX_SAVES_UNDER_WAY = 16


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


class Unwritten(NamedTuple):
    """How much the store does not have yet: rooms with changes, ends of rooms, logged messages."""

    rooms: int
    ends: int
    messages: int


class Journal:
    """Keeps the store up with the rooms."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = StoreCalls(store)
        self.messages = MessageLog(store, self.calls)
        self._saving: dict[str, _Saving] = {}
        self._slots = asyncio.Semaphore(MAX_SAVES_UNDER_WAY)
        self._ends: deque[tuple[Tombstone, SessionRecord]] = deque()
        self._end_task: asyncio.Task[None] | None = None
        self._written: dict[str, int] = {}
        """room → a hash of what the store has of it: what would not change it is not written"""

    @property
    def outlives_process(self) -> bool:
        """Whether what is saved is there after a restart. Else there is nothing to wait for."""
        return self._store.outlives_process

    @property
    def health(self) -> StoreHealth:
        """Whether the store is there."""
        return self.calls.health

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
            await self.calls.watched(self._store.create_room(record))
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
        if not self._store.outlives_process or room.ended or self.calls.fenced:
            return
        saving = self._saving.get(room.id)
        if saving is None:
            saving = self._saving[room.id] = _Saving(room)
            self.calls.spawn(self._save(saving))
        saving.wanted += 1

    async def saved(self, room: Room, *, insist: bool = False) -> bool:
        """Wait until the room as it is now is saved; False where the store failed.

        Refused with SERVER_DRAINING where another process owns the rooms: nothing may be acknowledged then.
        While the store is known to be down nobody is kept waiting; who insists has it asked once more.
        """
        if not self._store.outlives_process:
            return True
        self.calls.check_fence()
        if not self.health.answers and not (insist and await self.calls.answers()):
            self.changed(room)
            return False
        self.changed(room)
        saving = self._saving.get(room.id)
        if saving is None:
            return False  # the room has ended meanwhile
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        saving.waiters.append((saving.wanted, waiter))
        kept = await waiter
        self.calls.check_fence()
        return kept

    async def ended(self, tombstone: Tombstone, session: SessionRecord) -> Purged:
        """Erase an ended room; while the store is down this goes on being tried behind.

        Refused with SERVER_DRAINING where another process owns the rooms.
        """
        if self.health.answers:
            with contextlib.suppress(StoreUnavailable):
                return await self._end(tombstone, session)
        self.calls.check_fence()
        self.end_behind(tombstone, session)
        return Purged()

    def end_behind(self, tombstone: Tombstone, session: SessionRecord) -> None:
        """Erase an ended room soon, however often it takes."""
        self._forget(tombstone.room_id)
        self._ends.append((tombstone, session))
        if self._end_task is None or self._end_task.done():
            self._end_task = self.calls.spawn(self._write_ends())

    async def spent(self, use: str, by: str, until: float, now: float) -> bool:
        """Note the use of a voucher that is good once; false where it was used before. Raises `StoreUnavailable`."""
        return await self.calls.watched(self._store.spend(use, by, until, now))

    def unspend_behind(self, use: str, by: str) -> None:
        """Take that back soon, if the store answers."""
        self.calls.spawn(self._unspend(use, by))

    async def _unspend(self, use: str, by: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self.calls.watched(self._store.unspend(use, by))

    def log_message(self, message: Message, *, again: bool = False) -> None:
        """Keep a message of a room that asked for a log, or (`again`) how it is now.

        The queue refers to the message itself: what is erased before it is written is never written.
        """
        self.messages.add(message, again=again)

    def erase_message(self, room_id: str, message_id: str) -> None:
        """Keep a message no more."""
        self.messages.erase(room_id, message_id)

    def is_gone(self, room_id: str, message_id: str) -> bool:
        """Whether a message was taken back that the log may still have."""
        return self.messages.is_gone(room_id, message_id)

    async def flush_messages(self) -> None:
        """Wait until every message logged so far is in the store, or has failed to get there."""
        await self.messages.flush()

    async def check(self) -> None:
        """Ask the store whether it is there, so that `healthy` is true of now and not of the last write."""
        self.messages.erase_late_ones()
        await self.calls.check()

    def unwritten(self) -> Unwritten:
        """What the store does not have yet."""
        rooms = sum(not saving.room.ended for saving in self._saving.values())
        return Unwritten(rooms, len(self._ends), self.messages.unwritten)

    async def close(self, timeout_s: float) -> None:
        """Write what is left, within `timeout_s`, and stop. One line tells of what could not be written."""
        await self.calls.close(timeout_s)
        lost, dropped = self.unwritten(), self.messages.dropped
        if any(lost) or dropped:
            log.warning(
                "Stopped with the store behind: %d rooms, %d ends of rooms and %d messages could not be written.",
                lost.rooms,
                lost.ends,
                lost.messages + dropped,
            )
        await self.calls.give_up()

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
        while done < saving.wanted and not saving.room.ended and not self.calls.fenced:
            version = saving.wanted
            try:
                async with self._slots:
                    await self._save_once(saving.room)
            except StoreUnavailable:
                saving.settle(version, ok=False)
                pause = await self.calls.pause(pause)
                continue
            done, pause = version, RETRY_FIRST_S
            saving.settle(done, ok=True)

    async def _save_once(self, room: Room) -> None:
        # One at a time for each room: nobody else touches what is noted of it.
        record = snapshots.record_of(room)
        if self._written.get(room.id) == hash(record):
            return
        self._written.pop(room.id, None)  # after a failure nobody knows what the store has
        await self.calls.watched(self._store.save_room(record))
        self._note(room, record)

    async def _end(self, tombstone: Tombstone, session: SessionRecord) -> Purged:
        # A batch under way may hold messages of this room: it must not land after the purge.
        async with self.messages.writing:
            self._forget(tombstone.room_id)
            return await self.calls.watched(self._store.end_room(tombstone, session))

    def _forget(self, room_id: str) -> None:
        self._written.pop(room_id, None)
        self.messages.forget(room_id)

    async def _write_ends(self) -> None:
        pause = RETRY_FIRST_S
        while self._ends and not self.calls.fenced:
            try:
                await self._end(*self._ends[0])
            except StoreUnavailable:
                pause = await self.calls.pause(pause)
                continue
            self._ends.popleft()
            pause = RETRY_FIRST_S
