"""`knock`, and what only the host may ask for."""

from __future__ import annotations

from rooms import lobby, moderation
from rooms.errors import Code, Refused
from rooms.room import Room
from server.protocol.acknowledgements import EMPTY, Data, Reply
from server.protocol.requests import (
    AboutParticipant,
    AnswerKnock,
    EndRoom,
    KnockRequest,
    PinMessage,
    RoomSettings,
    UpdateRoom,
)
from server.protocol.views import room as room_json
from server.security.actor import Actor
from server.security.addresses import origin_digest
from server.usecases.aftermath import SeatGone
from server.usecases.changes import changed
from server.usecases.connections import Connection
from server.usecases.context import PARTICIPANT_ID_BYTES, TOKEN_BYTES, Context
from server.usecases.endings import end
from server.usecases.names import guest_name


def knock(ctx: Context, connection: Connection, request: KnockRequest) -> Data:
    """Wait at the door of a room with a lobby."""
    room = ctx.find(request.room_id)
    if ctx.settings.takes_join_tokens == "required":
        raise Refused(Code.UNAUTHORIZED, "This server needs a join token, with which nobody has to knock.")
    if room.id in connection.transport.removed_from:
        raise Refused(Code.FORBIDDEN, "This connection was put out of the room.")
    if any(held is room for held, _ in ctx.presence.seats_of(connection.id)):
        raise Refused(Code.ALREADY_JOINED)
    name = request.name or guest_name(ctx.new_id(4))
    origin = origin_digest(connection.address, room.host_key_digest)
    # A second knock of one connection replaces the first.
    knock_id = ctx.presence.knock_of(connection.id, room.id) or ctx.new_id(PARTICIPANT_ID_BYTES)
    events = lobby.knock(room, knock_id, name, origin, elsewhere=ctx.presence.doors_but(connection.id, room.id))
    ctx.presence.wait_at(room.id, knock_id, connection.id)
    ctx.publisher.commit(room, events)
    return EMPTY


async def answer_knock(ctx: Context, connection: Connection, request: AnswerKnock) -> Data:
    """Let somebody in, or send them away."""
    actor = ctx.asking(connection, request.room_id)
    room = actor.as_inviter() if request.admit else actor.as_keeper()
    events = lobby.answer(
        room,
        request.knock_id,
        admit=request.admit,
        invite_id=ctx.new_id(PARTICIPANT_ID_BYTES),
        token=ctx.new_id(TOKEN_BYTES),
        now=ctx.clock(),
    )
    await ctx.publisher.settle(room, events)
    return EMPTY


async def kick(ctx: Context, connection: Connection, request: AboutParticipant) -> Data:
    """Put somebody out."""
    return await _remove(ctx, connection, request, ban=False)


async def ban(ctx: Context, connection: Connection, request: AboutParticipant) -> Data:
    """Put somebody out and keep them out."""
    return await _remove(ctx, connection, request, ban=True)


async def _remove(ctx: Context, connection: Connection, request: AboutParticipant, *, ban: bool) -> Data:
    room, seat = ctx.asking(connection, request.room_id).as_host()
    target = ctx.connections.get(ctx.presence.connection_of(room.id, request.participant_id) or "")
    events = moderation.kick(room, seat, request.participant_id, ctx.clock(), ban=ban)
    if target is not None:
        target.transport.removed_from[room.id] = None
    # Where the store answers, it is acknowledged only when a restart cannot bring the seat back.
    await ctx.publisher.settle(room, events)
    return EMPTY


async def update_room(ctx: Context, connection: Connection, request: UpdateRoom) -> Data:
    """Change the room's settings. The acknowledgement is the room."""
    room = await change_settings(ctx, ctx.asking(connection, request.room_id), request)
    return room_json(room.view())


async def change_settings(ctx: Context, actor: Actor, request: RoomSettings) -> Room:
    """Change settings within the server's ceilings, for a host by key or by seat. Returns the room."""
    # To take the door away lets in whoever waits at it.
    room = actor.as_inviter() if request.lobby is False else actor.as_keeper()
    check_ceilings(ctx, request.capacity, request.expires_in_s)
    events = moderation.update(
        room,
        ctx.clock(),
        locked=request.locked,
        capacity=request.capacity,
        lobby=request.lobby,
        expires_in_s=request.expires_in_s,
        receipts=request.receipts,
        message_ttl_s=request.message_ttl_s if "message_ttl_s" in request.model_fields_set else moderation.UNCHANGED,
    )
    await ctx.publisher.settle(room, events)
    if room.ended:
        raise Refused(Code.ROOM_ENDED)
    return room


def check_ceilings(ctx: Context, capacity: int | None, expires_in_s: float | None) -> None:
    """Refuse with INVALID_PAYLOAD what lies above what the operator allows."""
    details = {}
    if capacity is not None and capacity > ctx.settings.max_room_capacity:
        details["capacity"] = f"must not be above {ctx.settings.max_room_capacity}"
    if expires_in_s is not None and expires_in_s > ctx.settings.max_room_ttl_s:
        details["expiresInS"] = f"must not be above {ctx.settings.max_room_ttl_s:g}"
    if details:
        raise Refused(Code.INVALID_PAYLOAD, details=details)


def pin_message(ctx: Context, connection: Connection, request: PinMessage) -> Reply:
    """Pin a message for everybody, or none."""
    room, seat = ctx.asking(connection, request.room_id).as_host()
    return changed(room, moderation.pin(room, seat, request.id, ctx.clock()))


async def transfer_host(ctx: Context, connection: Connection, request: AboutParticipant) -> Data:
    """Make somebody else the host."""
    room, seat = ctx.asking(connection, request.room_id).as_host()
    await ctx.publisher.settle(room, moderation.transfer(room, seat, request.participant_id, ctx.clock()))
    return EMPTY


async def end_room(ctx: Context, connection: Connection, request: EndRoom) -> Reply:
    """End the room for all."""
    room = ctx.asking(connection, request.room_id).as_keeper()

    # The others hear of it at once. The host is answered first: a client may close on `room-left`.
    try:
        await end(ctx, room, "room-ended", but=connection.id)
    except BaseException:
        ctx.delivery.seat_gone(room.id, "room-ended", connection.id)
        raise
    return Reply(EMPTY, (SeatGone(room.id, "room-ended"),))
