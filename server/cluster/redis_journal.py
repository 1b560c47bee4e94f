"""The journal, where rooms are kept in Redis."""

from __future__ import annotations

from rooms.ports import RoomExists, Store, StoreUnavailable
from rooms.records import Purged, SessionRecord, Tombstone
from rooms.room import Room
from server.cluster.redis_rooms import RedisRooms
from server.outbound.journal import Journal

GONE = "Redis does not answer: what is asked is not answered until it does."


class RedisJournal(Journal):
    """A journal of logs alone: the rooms themselves are in Redis, and answers wait for that by themselves."""

    def __init__(self, store: Store, rooms: RedisRooms) -> None:
        super().__init__(store)
        self._rooms = rooms

    async def create(self, room: Room) -> None:
        """Keep a new room. Raises `RoomExists` or `StoreUnavailable`."""
        await self._rooms.create(room)
        try:
            await super().create(room)
        except (StoreUnavailable, RoomExists):
            await self._rooms.discard(room.id)
            raise

    async def ended(self, tombstone: Tombstone, session: SessionRecord) -> Purged:
        """Erase an ended room."""
        self._rooms.recorder.end(tombstone)
        return await super().ended(tombstone, session)

    def end_behind(self, tombstone: Tombstone, session: SessionRecord) -> None:
        """Erase an ended room soon."""
        self._rooms.recorder.end(tombstone)
        super().end_behind(tombstone, session)

    async def check(self) -> None:
        """Ask whether both Redis and the store are there."""
        if self._rooms.reachable:
            await super().check()
        else:
            self.health.fall(GONE)

    async def spent(self, use: str, by: str, until: float, now: float) -> bool:
        """Note the use of a voucher that is good once; false where it was used before, but by somebody else."""
        return await self._rooms.spend(use, by, until)

    async def _unspend(self, use: str, by: str) -> None:
        await self._rooms.unspend(use, by)
