"""What follows an acknowledgement: data that a use case returns, and how each of it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from rooms.events import Event
from rooms.model import Seat
from rooms.room import Room
from server.protocol.events import Reason
from server.protocol.requests import SnapshotIn
from server.usecases.context import Context


class Happened(NamedTuple):
    """What was changed, and is told once its author was answered."""

    room: Room
    events: Sequence[Event]


class SeatGone(NamedTuple):
    """`room-left`. A client may close on it, and would never know that it was answered."""

    room_id: str
    reason: Reason


class Seated(NamedTuple):
    """A seat was taken: `room-joined`, what waited for it, and who knocks.

    `reads`: where the client looks for the snapshot; `waiting`: signals may wait.
    """

    room: Room
    seat: Seat
    picture: orjson.Fragment
    reads: SnapshotIn
    waiting: bool


class Recovered(NamedTuple):
    """A connection was recovered: the frames that it missed, then what waited for each of its seats."""

    missed: Sequence[bytes]
    seats: Sequence[tuple[Room, Seat]]


After = Happened | SeatGone | Seated | Recovered


def follow(ctx: Context, connection: str, after: Sequence[After], *, acknowledged: bool) -> None:
    """Carry out what follows an answer, in order."""
    for one in after:
        match one:
            case Happened():
                ctx.publisher.commit(one.room, one.events)
            case SeatGone():
                ctx.delivery.seat_gone(one.room_id, one.reason, connection)
            case Seated():
                _seated(ctx, connection, one, acknowledged=acknowledged)
            case Recovered():
                for packet in one.missed:
                    ctx.delivery.replay(packet, connection)
                for room, seat in one.seats:
                    _hand_over(ctx, connection, room, seat)


def _seated(ctx: Context, connection: str, taken: Seated, *, acknowledged: bool) -> None:
    if taken.reads != "ack" or not acknowledged:
        ctx.delivery.snapshot(connection, taken.room, taken.picture)
    if ctx.presence.connection_of(taken.room.id, taken.seat.id) == connection:
        _hand_over(ctx, connection, taken.room, taken.seat, signals=taken.waiting)


def _hand_over(ctx: Context, connection: str, room: Room, seat: Seat, *, signals: bool = True) -> None:
    """The signals that waited for a seat; to the host also those who wait at the door."""
    if signals:
        for signal in ctx.relay.collect(room.id, seat.id, ctx.clock()):
            ctx.delivery.kept_signal(room.id, signal, connection)
    if room.host_id == seat.id:
        ctx.delivery.waiting(room, connection)
