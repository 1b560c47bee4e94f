"""`update-self`, `read`, `broadcast`."""

from __future__ import annotations

from rooms import people
from server.protocol.acknowledgements import EMPTY, Data, Reply
from server.protocol.requests import BroadcastRequest, Read, UpdateSelf
from server.usecases.aftermath import Happened
from server.usecases.changes import changed
from server.usecases.connections import Connection
from server.usecases.context import Context


def update_self(ctx: Context, connection: Connection, request: UpdateSelf) -> Reply:
    """Change one's name, whether one is there, or one's attributes, which are replaced as a whole."""
    room, seat = ctx.seated(connection, request.room_id)
    events = people.update_self(
        room, seat, ctx.clock(), name=request.name, idle=request.idle, attributes=request.attributes
    )
    return changed(room, events)


def read(ctx: Context, connection: Connection, request: Read) -> Reply:
    """Say that everything up to `seq` has been seen; it only goes forward."""
    room, seat = ctx.seated(connection, request.room_id)
    events = people.read(room, seat, request.seq)
    return Reply(EMPTY, (Happened(room, events),))


def send_aside(ctx: Context, connection: Connection, request: BroadcastRequest) -> Data:
    """Send something to the others, or to one of them, that is not kept."""
    room, seat = ctx.seated(connection, request.room_id)
    delivered_to, event = people.send_aside(room, seat, request.type, request.data, request.to)
    ctx.publisher.commit(room, [event])
    return {"deliveredTo": delivered_to}
