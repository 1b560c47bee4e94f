"""Connection state recovery as socket.io-client knows it: a `pid` in CONNECT, an offset on each durable event.

An offset (`server.protocol.offsets`) says for each room up to where its client was sent all that it is entitled to. It
rides on the snapshot too, so that an offset older than a seat, or without the seat's room, tells that the snapshot was
lost, and the client is then told that it was not recovered.

A connection that vanishes leaves its private id behind, with the seats it held. One that is still held to be alive,
because its network went away without a word, is taken over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rooms.directory import Directory
from rooms.events import Durable
from rooms.model import Seat
from rooms.replay import replayable
from rooms.room import Room
from server.outbound.presence import Presence
from server.protocol.offsets import Offsets, offset_of_several
from server.usecases.connections import Connection

MAX_SESSIONS = 50_000
"""Vanished connections remembered; the oldest go first."""


class Claim(NamedTuple):
    """A seat that a connection held, and the position from which on it had been sent everything in that room."""

    participant_id: str
    sent_from: int


@dataclass(slots=True)
class _Session:
    claims: Mapping[str, Claim]  # by room id
    until: float


@dataclass(slots=True)
class Reclaimed:
    """One seat to take, and what its holder missed."""

    room: Room
    seat: Seat
    seen: int
    """The position up to which its holder has seen everything."""
    missed: list[Durable]


class Recovery:
    """private id → the seats that a connection holds or held. Secrets stay in memory, for the grace period."""

    def __init__(self, directory: Directory, presence: Presence, grace_s: float) -> None:
        self._registry = directory
        self._presence = presence
        self._grace_s = grace_s
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._live: dict[str, Connection] = {}
        self.dropped = 0
        """Vanished connections forgotten before their time."""

    def __len__(self) -> int:
        return len(self._sessions)

    def connected(self, connection: Connection) -> None:
        """Note who has a private id now."""
        self._live[connection.private_id] = connection

    def vanished(self, connection: Connection, now: float) -> None:
        """A connection is about to lose its seats: remember them."""
        self.forget_old(now)
        if self._live.get(connection.private_id) is not connection:
            return  # another connection has its private id, and its seats
        del self._live[connection.private_id]
        claims = self._claims(connection)
        if claims:
            self._sessions.pop(connection.private_id, None)
            self._sessions[connection.private_id] = _Session(claims, now + self._grace_s)
            if len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
                self.dropped += 1

    def recover(self, private_id: str, seen: Offsets, now: float) -> list[Reclaimed] | None:
        """The seats of a session and what was missed since `seen`: all or nothing, None where anything is missing."""
        claims, holder = self._claims_of(private_id, now)
        if not claims:
            return None
        found: list[Reclaimed] = []
        for room_id, claim in claims.items():
            room = self._registry.rooms.get(room_id)
            seat = room.seats.get(claim.participant_id) if room else None
            if room is None or seat is None:
                return None
            position = seen.get(room.epoch, -1)
            if not claim.sent_from <= position <= room.position:
                return None
            if self._presence.connection_of(room_id, seat.id) != holder:
                return None
            events = room.history.after_position(position, now)
            if events is None:
                return None
            found.append(Reclaimed(room, seat, position, replayable(events, seat.id)))
        self._sessions.pop(private_id, None)
        return found

    def _claims_of(self, private_id: str, now: float) -> tuple[Mapping[str, Claim], str | None]:
        """What a private id may claim, and which connection holds those seats."""
        live = self._live.get(private_id)
        if live is not None:
            return self._claims(live), live.id
        session = self._sessions.get(private_id)
        if session is None or session.until <= now:
            return {}, None
        return session.claims, None

    def _claims(self, connection: Connection) -> dict[str, Claim]:
        told = self._presence.told(connection.id)
        return {room.id: Claim(seat.id, told[room.id].since) for room, seat in self._presence.seats_of(connection.id)}

    def forget_old(self, now: float) -> None:
        """Let go of what can no longer be claimed."""
        # All are kept for the same time, so the oldest is the first to go.
        while self._sessions:
            private_id, session = next(iter(self._sessions.items()))
            if session.until > now:
                return
            del self._sessions[private_id]


def in_order(found: Sequence[Reclaimed]) -> Iterator[tuple[Durable, str, str]]:
    """What was missed in all rooms, as it happened, with who missed it, and the offset of one who has seen it."""
    seen = {one.room.epoch: one.seen for one in found}
    missed = [(event, one) for one in found for event in one.missed]
    for event, one in sorted(missed, key=lambda both: both[0].at):
        seen[one.room.epoch] = event.position
        yield event, one.seat.id, offset_of_several(seen.items())
