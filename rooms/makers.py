"""Which live rooms each maker has made, in the order of their ids: what a site's own list is read from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort


class Makers:
    """maker → the ids of its rooms, sorted. Rooms that nobody named made are not kept here."""

    def __init__(self) -> None:
        self._rooms: dict[str, list[str]] = {}

    def add(self, maker: str | None, room_id: str) -> None:
        """A room has come."""
        if maker is not None:
            insort(self._rooms.setdefault(maker, []), room_id)

    def remove(self, maker: str | None, room_id: str) -> None:
        """A room that was added has gone."""
        if maker is None:
            return
        ids = self._rooms[maker]
        del ids[bisect_left(ids, room_id)]
        if not ids:
            del self._rooms[maker]

    def page(self, maker: str, after: str, limit: int) -> list[str]:
        """At most `limit` ids above `after`, in order. Ids are random: the order means nothing, but it stays."""
        ids = self._rooms.get(maker, [])
        first = bisect_right(ids, after)
        return ids[first : first + limit]
