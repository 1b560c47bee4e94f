"""A connection that holds a seat from now on: of a new seat and of one that was taken back alike."""

from __future__ import annotations

from typing import NamedTuple

from rooms import lobby
from rooms.events import Durable
from rooms.model import Seat
from rooms.retractions import Untold
from rooms.room import Room
from server.outbound.presence import Told
from server.usecases.connections import Connection
from server.usecases.context import Context


class Entered(NamedTuple):
    """A seat that was taken. `missed`: what its holder is to be told again; `waiting`: signals may wait for it;
    `untold`: what was taken back of earlier epochs, as far as it may not know.
    """

    room: Room
    seat: Seat
    token: str
    missed: list[Durable] | None
    waiting: bool
    untold: Untold


def sit(ctx: Context, connection: Connection, room: Room, seat: Seat, told: Told | None = None) -> None:
    """The connection holds the seat, which nobody holds, and waits at the door no longer.

    `told`: up to where it was told of the room; by the snapshot, unless given.
    """
    if told is None:
        # Which has the next position: whoever has seen less has not got it.
        told = Told(room.position + 1)
    ctx.presence.hold(connection.id, room, seat, told)
    knock_id = ctx.presence.knock_of(connection.id, room.id)
    if knock_id is not None:
        ctx.presence.walk_away(room.id, knock_id)
        lobby.walk_away(room, knock_id)
