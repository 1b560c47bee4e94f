"""A store for what is logged, where the rooms themselves are kept elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from rooms.ports import Store
from rooms.records import RoomRecord, Tombstone


class Logs:
    """Another store, of which rooms ask for nothing after a restart: a `Store`, by what it passes on."""

    outlives_process = False

    def __init__(self, store: Store) -> None:
        self._store = store
        self.name = store.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def live_rooms(self, now: float) -> AsyncIterator[RoomRecord]:
        """None."""
        none: tuple[RoomRecord, ...] = ()
        for record in none:
            yield record

    async def tombstones(self, now: float) -> AsyncIterator[Tombstone]:
        """None."""
        none: tuple[Tombstone, ...] = ()
        for tombstone in none:
            yield tombstone
