"""All rooms of the process, their tombstones, and what becomes due in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import chain

from rooms.digests import digest
from rooms.errors import Code, Refused
from rooms.events import Event
from rooms.lifetime import end, set_expiry
from rooms.limits import MAX_ROOMS, MAX_TOMBSTONES
from rooms.makers import Makers
from rooms.model import EndReason, RoomOptions
from rooms.records import Tombstone
from rooms.room import Room
from rooms.runtime import Runtime
from rooms.schedule import Due, Task


class Directory:
    """room id → room. The one place through which rooms come and go."""

    def __init__(self, runtime: Runtime, *, tombstone_ttl_s: float) -> None:
        self.runtime = runtime
        self.rooms: dict[str, Room] = {}
        self.makers = Makers()
        self._tombstones: OrderedDict[str, Tombstone] = OrderedDict()
        self.tombstone_ttl_s = tombstone_ttl_s

    def create(self, room_id: str, epoch: str, host_key: str, options: RoomOptions, now: float) -> Room:
        """Make a room. Refused with UNAVAILABLE where the process has as many as it may.

        A room that has ended never comes back: its id is refused while its tombstone stands.
        """
        if room_id in self._tombstones:
            self.find(room_id, now)
        if len(self.rooms) >= MAX_ROOMS:
            raise Refused(Code.UNAVAILABLE, "This server has no room for another room.", retry_after_ms=60_000)
        created_at = self.runtime.wall(now)
        room = Room(
            self.runtime,
            id=room_id,
            epoch=epoch,
            created_at=created_at,
            expires_at=created_at + options.expires_in_s,
            capacity=options.capacity,
            host_key_digest=digest(host_key),
            invite_only=options.invite_only,
            lobby=options.lobby,
            log=options.log,
            encrypted=options.encrypted,
            key_check=options.key_check,
            password_hash=options.password_hash,
            made_by=options.made_by,
            keeps_receipts=options.receipts,
            message_ttl_s=options.message_ttl_s,
        )
        self.add(room, now)
        return room

    def add(self, room: Room, now: float) -> None:
        """Take in a room that was made elsewhere, and plan its end."""
        self.rooms[room.id] = room
        self.makers.add(room.made_by, room.id)
        set_expiry(room, room.expires_at, now)

    def discard(self, room: Room) -> None:
        """Let go of a room: by itself, of one that nobody has heard of, as its creation failed."""
        if self.rooms.pop(room.id, None) is not None:
            self.makers.remove(room.made_by, room.id)
        room.history.clear()

    def find(self, room_id: str, now: float) -> Room:
        """The live room of this id, else ROOM_ENDED, ROOM_EXPIRED or ROOM_NOT_FOUND."""
        room, wall = self.rooms.get(room_id), self.runtime.wall(now)
        if room is not None and room.expires_at > wall:
            return room
        tombstone = self._tombstones.get(room_id)
        if room is not None or (
            tombstone is not None and tombstone.until > wall and tombstone.reason == "room-expired"
        ):
            raise Refused(Code.ROOM_EXPIRED, "This room has expired.")
        if tombstone is not None and tombstone.until > wall:
            raise Refused(Code.ROOM_ENDED, "This room has ended.")
        raise Refused(Code.ROOM_NOT_FOUND, "There is no such room.")

    def end(self, room: Room, reason: EndReason, now: float) -> tuple[Tombstone, list[Event]]:
        """End a room. It never comes back; its link answers 410 while the tombstone is kept."""
        self.discard(room)
        ended_at = self.runtime.wall(now)
        tombstone = Tombstone(room_id=room.id, reason=reason, ended_at=ended_at, until=ended_at + self.tombstone_ttl_s)
        self.keep_tombstone(tombstone)
        return tombstone, end(room, reason, now)

    def keep_tombstone(self, tombstone: Tombstone) -> None:
        """Keep a tombstone; the oldest go where there are too many."""
        self._tombstones[tombstone.room_id] = tombstone
        if len(self._tombstones) > MAX_TOMBSTONES:
            self._tombstones.popitem(last=False)

    def due(self, now: float) -> Iterator[tuple[Room, Due]]:
        """What has come up and still holds, looked at one by one: the caller carries each out before the next."""
        runtime, wall = self.runtime, self.runtime.wall(now)
        self._forget_tombstones(wall)
        for plans in (runtime.schedule, runtime.calendar):
            plans.drop_stale(self._is_planned)
        for due in chain(runtime.schedule.take(now), runtime.calendar.take(wall)):
            room = self.rooms.get(due.room_id)
            if room is not None and _plan(room, due) == due.at:
                yield room, due

    def _is_planned(self, due: Due) -> bool:
        room = self.rooms.get(due.room_id)
        return room is not None and _plan(room, due) == due.at

    def next_due_at(self) -> float | None:
        """The `now` at which something comes up next."""
        soonest, dated = self.runtime.schedule.next_at(), self.runtime.calendar.next_at()
        if dated is None:
            return soonest
        at = dated - self.runtime.ahead_s
        return at if soonest is None else min(soonest, at)

    def _forget_tombstones(self, wall: float) -> None:
        # They are kept for one and the same time, so the oldest is the first to go.
        while self._tombstones:
            oldest = next(iter(self._tombstones.values()))
            if oldest.until > wall:
                return
            del self._tombstones[oldest.room_id]

    def restore(self, rooms: Iterable[Room], tombstones: Iterable[Tombstone], now: float) -> None:
        """Take in what a store kept of an earlier process."""
        for tombstone in sorted(tombstones, key=lambda g: g.until):
            self.keep_tombstone(tombstone)
        for room in rooms:
            self.add(room, now)

    @property
    def tombstone_count(self) -> int:
        """How many ended rooms are remembered."""
        return len(self._tombstones)


def _plan(room: Room, due: Due) -> float | None:
    """When what this entry is about is due by now: at that moment, at another (the entry is stale), or never.

    A plan is made with the same sum as it is looked up with, so an entry that holds is equal to it.
    """
    match due.task:
        case Task.GRACE:
            seat = room.seats.get(due.key)
            away_since = seat.away_since if seat is not None and not seat.connected else None
            return None if away_since is None else away_since + room.runtime.grace_s
        case Task.EMPTY:
            return None if room.empty_since is None else room.empty_since + room.runtime.empty_ttl_s
        case Task.WARNING:
            return due.at if due.key == repr(room.expires_at) else None
        case Task.EXPIRY:
            return room.expires_at
        case Task.MESSAGES:
            return room.expiring[0][0] if room.expiring else None
        case Task.SHOWN:
            shown = room.shown.get(int(due.key))
            return None if shown is None else shown.until
        case Task.POLL:
            poll = room.polls.get(due.key)
            return None if poll is None or poll.closed else poll.due_at
