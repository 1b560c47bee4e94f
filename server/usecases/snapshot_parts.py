"""What snapshots say of the others in a large room, encoded once and kept for whoever comes next.

A deploy brings everybody back at once: in a room of a hundred each of them is shown the other ninety-nine. A part is
kept with what it was made of, and made anew where that is something else by now; so nobody has to tell of a change.
Small rooms are not worth the memory.
"""

from __future__ import annotations

from typing import Final

import orjson

from rooms.events import Event, MemberLeft, RoomEnded
from rooms.model import Participant, Seat
from rooms.room import Room
from server.protocol import views

KEPT_FROM_SEATS: Final = 8
"""Parts are kept of rooms with so many seats; at most one for each seat, of some 250 bytes."""

_POLITE: Final = b',"polite":true'
_IMPOLITE: Final = b',"polite":false'
_RESTART: Final = b',"needsIceRestart":true'


class SnapshotParts:
    """room id → participant id → what it was made of, and the JSON object without its last brace."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, tuple[Participant, bytes]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._rooms.values()))

    def others(
        self, room: Room, seat: Seat, lost_from: set[str], attributes: views.Attributes
    ) -> list[orjson.Fragment]:
        """The `participants` of a snapshot: everybody but the one it is for."""
        kept = self._rooms.setdefault(room.id, {}) if len(room.seats) >= KEPT_FROM_SEATS else None
        entries: list[orjson.Fragment] = []
        for other in room.seats.values():
            if other is not seat:
                # Of two seats the later one is polite.
                end = _POLITE if seat.ordinal > other.ordinal else _IMPOLITE
                part = _with_attributes(other, attributes) if other.attributes else _part(kept, other)
                entries.append(orjson.Fragment(part + end + (_RESTART if other.id in lost_from else b"") + b"}"))
        return entries

    def forget(self, room: Room, event: Event) -> None:
        """A subscriber of the publisher: let go of who has left, and of rooms that are over."""
        if isinstance(event, RoomEnded):
            self._rooms.pop(event.room_id, None)
        elif isinstance(event, MemberLeft):
            kept = self._rooms.get(event.room_id)
            if kept is not None:
                kept.pop(event.participant_id, None)
                if not kept:
                    del self._rooms[event.room_id]


def _part(kept: dict[str, tuple[Participant, bytes]] | None, other: Seat) -> bytes:
    if kept is None:
        return _encoded(other)
    now = other.participant
    found = kept.get(other.id)
    if found is None or found[0] != now:
        found = kept[other.id] = (now, _encoded(now))
    return found[1]


def _with_attributes(other: Seat, attributes: views.Attributes) -> bytes:
    # Whether they fit depends on those before, so nothing is kept of them.
    return orjson.dumps(attributes.fit(views.participant(other)))[:-1]


def _encoded(participant: Participant | Seat) -> bytes:
    return orjson.dumps(views.participant(participant))[:-1]
