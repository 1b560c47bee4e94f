"""Which connection has which seats and waits at which doors. The rules name participants; this knows their sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rooms.errors import Code, Refused
from rooms.limits import MAX_ROOMS_PER_CONNECTION
from rooms.model import Seat
from rooms.room import Room

Seated = tuple[Room, Seat]
NOBODY: Mapping[str, str] = {}


@dataclass(slots=True)
class Told:
    """Up to where one connection was told of a room."""

    since: int
    """The position from which on it was sent everything that it is entitled to."""
    recovered_after: int | None = None
    """The `seq` after which connection state recovery has sent everything on it."""
    seated: Seated = field(init=False, repr=False, compare=False)
    """Where it sits, once it does: kept here, since a dictionary of its own would be three times as large as this."""


@dataclass(slots=True)
class _Room:
    connections: dict[str, str] = field(default_factory=dict)  # by participant id
    knocking: dict[str, str] = field(default_factory=dict)  # by knock id


class Presence:
    """connection ↔ (room, participant), connection ↔ (room, knock): changed together, in one place."""

    __slots__ = ("_doors", "_held", "_rooms", "on_change", "several")

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Told]] = {}
        self._doors: dict[str, dict[str, str]] = {}
        self._rooms: dict[str, _Room] = {}
        self.several: set[str] = set()
        """Connections that hold more than one seat: an offset tells them of more than one room."""
        self.on_change: Callable[[str, bool], None] | None = None
        """Told of a connection that has taken its first seat (true), or let go of its last."""

    @property
    def seated_count(self) -> int:
        """Connections that hold a seat."""
        return len(self._held)

    @property
    def knocking_count(self) -> int:
        """Connections that wait at a door."""
        return len(self._doors)

    def seated(self, connection: str, room_id: str) -> Seated:
        """The room and the seat that this connection holds in it, else NOT_IN_ROOM."""
        held = self._held.get(connection)
        if held is None or room_id not in held:
            raise Refused(Code.NOT_IN_ROOM, "You are not in this room.")
        return held[room_id].seated

    def seats_of(self, connection: str) -> list[Seated]:
        """Every seat that this connection holds."""
        return [told.seated for told in self._held.get(connection, {}).values()]

    def held(self, connection: str, room: Room) -> Seat | None:
        """The seat that this connection holds in a room."""
        held = self._held.get(connection)
        told = held.get(room.id) if held is not None else None
        return told.seated[1] if told is not None and told.seated[0] is room else None

    def sits_in_one(self, connection: str, room: Room) -> bool:
        """Whether it holds one seat, in this room."""
        held = self._held.get(connection)
        told = held.get(room.id) if held is not None and len(held) == 1 else None
        return told is not None and told.seated[0] is room

    def told(self, connection: str) -> Mapping[str, Told]:
        """room id → up to where the connection was told, of the rooms it has a seat in."""
        return self._held.get(connection, {})

    def in_room(self, room_id: str) -> Mapping[str, str]:
        """participant id → connection, of everybody who is there."""
        room = self._rooms.get(room_id)
        return room.connections if room is not None else NOBODY

    def at_door(self, room_id: str) -> Mapping[str, str]:
        """knock id → connection, of everybody who waits."""
        room = self._rooms.get(room_id)
        return room.knocking if room is not None else NOBODY

    def connection_of(self, room_id: str, participant_id: str) -> str | None:
        """Which connection holds a seat."""
        return self.in_room(room_id).get(participant_id)

    def may_take_another(self, connection: str) -> None:
        """Refuse with TOO_MANY_ROOMS where the connection holds as many seats as one may."""
        if len(self._held.get(connection, ())) >= MAX_ROOMS_PER_CONNECTION:
            raise Refused(Code.TOO_MANY_ROOMS, f"A connection may be in {MAX_ROOMS_PER_CONNECTION} rooms at once.")

    def hold(self, connection: str, room: Room, seat: Seat, told: Told) -> None:
        """The connection has taken the seat, which nobody holds."""
        if connection not in self._held:
            self._held[connection] = {}
            if self.on_change is not None:
                self.on_change(connection, True)
        told.seated = (room, seat)
        held = self._held[connection]
        held[room.id] = told
        if len(held) > 1:
            self.several.add(connection)
        self._room(room.id).connections[seat.id] = connection

    def release(self, room_id: str, participant_id: str) -> None:
        """Nobody holds the seat any more."""
        room = self._rooms.get(room_id)
        connection = room.connections.pop(participant_id, None) if room is not None else None
        if room is None or connection is None:
            return
        self._let_go(connection, room_id)
        self._forget_if_empty(room_id, room)

    def _let_go(self, connection: str, room_id: str) -> None:
        held = self._held[connection]
        del held[room_id]
        if len(held) == 1:
            self.several.discard(connection)
        elif not held:
            del self._held[connection]
            if self.on_change is not None:
                self.on_change(connection, False)

    def knock_of(self, connection: str, room_id: str) -> str | None:
        """The knock with which a connection waits at a door."""
        return self._doors.get(connection, {}).get(room_id)

    def doors_but(self, connection: str, room_id: str) -> int:
        """At how many doors a connection waits besides this one."""
        return sum(one != room_id for one in self._doors.get(connection, ()))

    def wait_at(self, room_id: str, knock_id: str, connection: str) -> None:
        """The connection has knocked."""
        self._doors.setdefault(connection, {})[room_id] = knock_id
        self._room(room_id).knocking[knock_id] = connection

    def walk_away(self, room_id: str, knock_id: str) -> None:
        """Nobody waits with this knock any more."""
        room = self._rooms.get(room_id)
        connection = room.knocking.pop(knock_id, None) if room is not None else None
        if room is None or connection is None:
            return
        self._leave_door(connection, room_id)
        self._forget_if_empty(room_id, room)

    def _leave_door(self, connection: str, room_id: str) -> None:
        doors = self._doors[connection]
        del doors[room_id]
        if not doors:
            del self._doors[connection]

    def knocks_of(self, connection: str) -> list[tuple[str, str]]:
        """`(room id, knock id)` of every door at which a connection waits."""
        return list(self._doors.get(connection, {}).items())

    def room_over(self, room_id: str) -> None:
        """Nobody sits in the room or waits at its door any more."""
        room = self._rooms.pop(room_id, None)
        if room is None:
            return
        for connection in room.connections.values():
            self._let_go(connection, room_id)
        for connection in room.knocking.values():
            self._leave_door(connection, room_id)

    def _room(self, room_id: str) -> _Room:
        room = self._rooms.get(room_id)
        if room is None:
            room = self._rooms[room_id] = _Room()
        return room

    def _forget_if_empty(self, room_id: str, room: _Room) -> None:
        if not room.connections and not room.knocking:
            del self._rooms[room_id]
