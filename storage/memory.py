"""The store of a server without a database: everything ends with the process.

It keeps the same promises as the other stores for as long as the process lives, within fixed bounds: where
one is reached, the oldest tombstone, line or message gives way to the newest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

from rooms.ports import RoomExists, StoreUnavailable
from rooms.records import LoggedMessage, Purged, RoomRecord, SessionRecord, Tombstone
from storage.documents import DAY_S, SESSION_LOG_DAYS

MAX_TOMBSTONES = 100_000
MAX_SESSION_LINES = 10_000
MAX_MESSAGES_PER_ROOM = 10_000
MAX_MESSAGES = 100_000
MAX_SPENT = 100_000
"""Vouchers that are good once and were used; where nothing more can be noted, such vouchers admit nobody."""


class MemoryStore:
    """`rooms.ports.Store` in dictionaries. No call ever waits or fails for want of an answer."""

    name = "memory"
    outlives_process = False

    def __init__(
        self,
        *,
        max_tombstones: int = MAX_TOMBSTONES,
        max_session_lines: int = MAX_SESSION_LINES,
        max_messages_per_room: int = MAX_MESSAGES_PER_ROOM,
        max_messages: int = MAX_MESSAGES,
        max_spent: int = MAX_SPENT,
        session_days: int = SESSION_LOG_DAYS,
    ) -> None:
        self._rooms: dict[str, RoomRecord] = {}
        self._tombstones: OrderedDict[str, Tombstone] = OrderedDict()
        self._sessions: OrderedDict[str, SessionRecord] = OrderedDict()
        self._max_tombstones = max_tombstones
        self._max_session_lines = max_session_lines
        self._session_kept_s = session_days * DAY_S
        self._messages = _Messages(max_messages_per_room, max_messages)
        self._spent: dict[str, tuple[str, float]] = {}
        self._max_spent = max_spent

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def ping(self) -> None:
        """Memory always answers."""

    async def create_room(self, record: RoomRecord) -> None:
        if record.id in self._rooms or record.id in self._tombstones:
            raise RoomExists
        self._rooms[record.id] = record

    async def save_room(self, record: RoomRecord) -> None:
        if record.id in self._rooms:
            self._rooms[record.id] = record

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        room = self._rooms.pop(tombstone.room_id, None)
        messages = self._messages.erase(tombstone.room_id)
        if tombstone.room_id not in self._tombstones:
            self._keep_tombstone(tombstone)
            if session is not None:
                self._note(session)
        if room is None:
            return Purged(messages=messages)
        return Purged(messages=messages, seats=len(room.seats), invites=len(room.invites))

    async def find_room(self, room_id: str) -> RoomRecord | Tombstone | None:
        return self._rooms.get(room_id) or self._tombstones.get(room_id)

    async def live_rooms(self, now: float) -> AsyncIterator[RoomRecord]:
        for room in list(self._rooms.values()):
            yield room

    async def tombstones(self, now: float) -> AsyncIterator[Tombstone]:
        for tombstone in [each for each in self._tombstones.values() if each.until > now]:
            yield tombstone

    async def append_messages(self, messages: Sequence[LoggedMessage]) -> None:
        for message in messages:
            if message.room_id in self._rooms:
                self._messages.add(message)

    async def replace_messages(self, messages: Sequence[LoggedMessage]) -> None:
        for message in messages:
            self._messages.replace(message)

    async def erase_messages(self, messages: Sequence[tuple[str, str]]) -> None:
        for room_id, message_id in messages:
            self._messages.erase_one(room_id, message_id)

    async def messages(
        self, room_id: str, *, before: str | None, after: str | None = None, limit: int, now: float
    ) -> list[LoggedMessage]:
        self._messages.expire(room_id, now)
        return self._messages.page(room_id, before, after, limit)

    async def identity(self) -> str:
        return ""

    async def newest_message_id(self) -> str | None:
        return self._messages.newest_id()

    async def spend(self, use: str, by: str, until: float, now: float) -> bool:
        self._forget_spent(now)
        holder, _ = self._spent.get(use, (by, until))
        if use not in self._spent and len(self._spent) >= self._max_spent:
            raise StoreUnavailable("too many vouchers")
        self._spent.setdefault(use, (by, until))
        return holder == by

    async def unspend(self, use: str, by: str) -> None:
        if self._spent.get(use, ("", 0.0))[0] == by:
            del self._spent[use]

    def _forget_spent(self, now: float) -> None:
        if len(self._spent) >= self._max_spent:
            self._spent = {use: note for use, note in self._spent.items() if note[1] > now}

    async def sessions(self, *, limit: int, now: float, before: str | None = None) -> list[SessionRecord]:
        kept = (line for line in self._sessions.values() if line.ended_at > now - self._session_kept_s)
        newest_first = sorted(kept, key=lambda line: (line.ended_at, line.id), reverse=True)
        if before is not None:
            last = self._sessions.get(before)
            if last is None:
                return []
            at = (last.ended_at, last.id)
            newest_first = [line for line in newest_first if (line.ended_at, line.id) < at]
        return newest_first[: max(0, limit)]

    def _keep_tombstone(self, tombstone: Tombstone) -> None:
        self._tombstones[tombstone.room_id] = tombstone
        while self._tombstones:
            oldest = next(iter(self._tombstones.values()))
            if oldest.until > tombstone.ended_at and len(self._tombstones) <= self._max_tombstones:
                break
            del self._tombstones[oldest.room_id]

    def _note(self, session: SessionRecord) -> None:
        if not self._session_kept_s:
            return
        self._sessions.pop(session.id, None)
        self._sessions[session.id] = session
        while len(self._sessions) > self._max_session_lines:
            self._sessions.popitem(last=False)


class _Messages:
    """Messages by room, in order of id, bounded per room and in all."""

    def __init__(self, per_room: int, in_all: int) -> None:
        self._per_room = per_room
        self._in_all = in_all
        self._by_id: OrderedDict[str, LoggedMessage] = OrderedDict()
        self._ids: dict[str, list[str]] = {}

    def add(self, message: LoggedMessage) -> None:
        if message.id in self._by_id:
            return
        ids = self._ids.setdefault(message.room_id, [])
        insort(ids, message.id)
        self._by_id[message.id] = message
        if len(ids) > self._per_room:
            del self._by_id[ids.pop(0)]
        if len(self._by_id) > self._in_all:
            self._drop_oldest()

    def replace(self, message: LoggedMessage) -> None:
        if message.id in self._by_id:
            self._by_id[message.id] = message

    def erase_one(self, room_id: str, message_id: str) -> None:
        ids = self._ids.get(room_id, [])
        place = bisect_left(ids, message_id)
        if place < len(ids) and ids[place] == message_id:
            del ids[place]
            del self._by_id[message_id]
        if not ids:
            self._ids.pop(room_id, None)

    def expire(self, room_id: str, now: float) -> None:
        for each in [self._by_id[each] for each in self._ids.get(room_id, ())]:
            if each.expires_at is not None and each.expires_at <= now:
                self.erase_one(room_id, each.id)

    def page(self, room_id: str, before: str | None, after: str | None, limit: int) -> list[LoggedMessage]:
        ids = self._ids.get(room_id, [])
        end = len(ids) if before is None else bisect_left(ids, before)
        begin = 0 if after is None else bisect_right(ids, after)
        wanted = ids[max(begin, end - limit) : end] if after is None else ids[begin : min(end, begin + limit)]
        return [self._by_id[each] for each in reversed(wanted)]

    def newest_id(self) -> str | None:
        return max((ids[-1] for ids in self._ids.values()), default=None)

    def erase(self, room_id: str) -> int:
        ids = self._ids.pop(room_id, [])
        for each in ids:
            del self._by_id[each]
        return len(ids)

    def _drop_oldest(self) -> None:
        _, oldest = self._by_id.popitem(last=False)
        ids = self._ids[oldest.room_id]
        del ids[bisect_left(ids, oldest.id)]
        if not ids:
            del self._ids[oldest.room_id]
