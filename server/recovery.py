"""Connection state recovery as socket.io-client knows it: a `pid` in CONNECT, an offset on each durable event.

A connection that vanishes leaves its private id behind, with the seats it held. A new connection that presents the
id and the last offset it saw takes the seats and is sent what it missed; `socket.recovered` is then true.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from rooms.events import Durable
from rooms.history import replayable
from rooms.model import Seat
from rooms.registry import Registry
from rooms.room import Room

MAX_SESSIONS = 50_000
"""Vanished connections remembered; the oldest go first."""


@dataclass(slots=True)
class _Session:
    seats: dict[str, tuple[str, int]]  # room id → participant id, `seq` from which on it had been sent all
    until: float


@dataclass(slots=True)
class Recovered:
    """One seat to take, and what its holder missed."""

    room: Room
    seat: Seat
    missed: list[Durable]


class Recovery:
    """private id → the seats that a vanished connection held. Secrets stay in memory, for the grace period."""

    def __init__(self, registry: Registry, grace_s: float) -> None:
        self._registry = registry
        self._grace_s = grace_s
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def remember(self, private_id: str, seats: dict[str, tuple[str, int]], now: float) -> None:
        """A connection has vanished while it held these seats."""
        self._forget_old(now)
        if seats:
            self._sessions[private_id] = _Session(seats, now + self._grace_s)
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)

    def recover(self, private_id: str, offset: str | None, now: float) -> list[Recovered] | None:
        """The seats and missed events of a session, all or nothing; None where anything is missing.

        A client that saw no durable event yet has no offset: it is owed everything since it took its seats.
        """
        session = self._sessions.get(private_id)
        if session is None or session.until <= now:
            return None
        position = self._position(session, offset) if offset else -1
        if position is None:
            return None
        found: list[Recovered] = []
        for room_id, (participant_id, seen_from) in session.seats.items():
            room = self._registry.rooms.get(room_id)
            seat = room.seats.get(participant_id) if room else None
            if room is None or seat is None or seat.connection is not None:
                return None
            events = room.history.after_position(position, seen_from, now)
            if events is None:
                return None
            found.append(Recovered(room, seat, replayable(events, participant_id)))
        del self._sessions[private_id]
        return found

    def _position(self, session: _Session, offset: str) -> int | None:
        epoch, _, seq = offset.rpartition(".")
        for room_id in session.seats:
            room = self._registry.rooms.get(room_id)
            if room is not None and room.epoch == epoch and seq.isdecimal() and len(seq) < 16:
                return room.history.position_of(int(seq))
        return None

    def _forget_old(self, now: float) -> None:
        # All are kept for the same time, so the oldest is the first to go.
        while self._sessions:
            private_id, session = next(iter(self._sessions.items()))
            if session.until > now:
                return
            del self._sessions[private_id]
