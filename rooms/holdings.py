"""Which connection holds which seats: the index behind every request that a seated socket sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rooms.errors import Code, Refused
from rooms.limits import MAX_ROOMS_PER_CONNECTION
from rooms.model import Seat

R = TypeVar("R")


class Holdings(Generic[R]):
    """connection → room id → (room, seat). Changed by rooms only."""

    __slots__ = ("_held", "on_change")

    def __init__(self) -> None:
        self._held: dict[str, dict[str, tuple[R, Seat]]] = {}
        self.on_change: Callable[[str, bool], None] | None = None
        """Told of a connection that has taken its first seat (true), or let go of its last."""

    def __len__(self) -> int:
        return len(self._held)

    def seated(self, connection: str, room_id: str) -> tuple[R, Seat]:
        """The room and the seat that this connection holds in it, else NOT_IN_ROOM."""
        held = self._held.get(connection)
        if held is None or room_id not in held:
            raise Refused(Code.NOT_IN_ROOM, "You are not in this room.")
        return held[room_id]

    def of(self, connection: str) -> list[tuple[R, Seat]]:
        """Every seat that this connection holds."""
        return list(self._held.get(connection, {}).values())

    def may_take_another(self, connection: str) -> None:
        """Refuse with TOO_MANY_ROOMS where the connection holds as many seats as one may."""
        if len(self._held.get(connection, ())) >= MAX_ROOMS_PER_CONNECTION:
            raise Refused(Code.TOO_MANY_ROOMS, f"A connection may be in {MAX_ROOMS_PER_CONNECTION} rooms at once.")

    def take(self, connection: str, room_id: str, room: R, seat: Seat) -> None:
        """Note that the connection holds the seat."""
        if connection not in self._held:
            self._held[connection] = {}
            if self.on_change is not None:
                self.on_change(connection, True)
        self._held[connection][room_id] = (room, seat)

    def release(self, connection: str, room_id: str) -> None:
        """Note that the connection holds no seat in the room any more."""
        held = self._held.get(connection)
        if held is not None:
            held.pop(room_id, None)
            if not held:
                del self._held[connection]
                if self.on_change is not None:
                    self.on_change(connection, False)
