"""A new seat: asked for, paid for where an invite or a token is good once, kept, and taken."""

from __future__ import annotations

from rooms import joining, leaving, retractions
from rooms.errors import Code, Refused
from rooms.events import Event, SeatGranted
from rooms.model import NO_MEDIA, Media, Seat
from rooms.room import Room
from server.protocol.requests import JoinRoom, MediaState
from server.security.addresses import origin_digest
from server.usecases.connections import Connection
from server.usecases.context import PARTICIPANT_ID_BYTES, TOKEN_BYTES, Context
from server.usecases.names import guest_name
from server.usecases.proofs import Proofs
from server.usecases.sealing import seal_of_new
from server.usecases.seating import Entered
from server.usecases.spending import spend, unspend


async def enter(
    ctx: Context, connection: Connection, room: Room, request: JoinRoom, proofs: Proofs
) -> tuple[Entered, list[Event]]:
    """Take a new seat. Refused as `joining.admit` is, and where a use of what is good once cannot be kept.

    Returns what happened by it, which is for the caller to commit at once.
    """
    admission = _admission(ctx, connection, room, request, proofs)
    now, keys = ctx.clock(), ctx.quotas.keys_at(connection.id)
    if not proofs.is_host:
        ctx.quotas.check_seat(keys)
    earlier, events = leaving.give_way(room, request.client_join_id, now)
    granted: Seat | None = None
    try:
        granted = joining.admit(room, admission, now, earlier)
        # From here on: joins that wait for the store count, too.
        ctx.quotas.seat_taken(room.id, granted.id, keys)
        if granted.use_due:
            await spend(ctx, granted, proofs.good_until)
        await _kept(ctx, connection, room, granted, events)
    except BaseException:
        undone = events if granted is None else leaving.withdraw(room, granted, ctx.clock())
        if undone:
            ctx.publisher.commit(room, undone)
        if granted is not None:
            ctx.quotas.seat_gone(room.id, granted.id)
            unspend(ctx, room, granted)
        raise
    taken = joining.seat(room, granted, ctx.clock())
    # Maybe somebody whose seat ended meanwhile, with all on screen.
    untold = retractions.untold(room)
    return Entered(room, granted, admission.token, None, waiting=False, untold=untold), taken


def _admission(
    ctx: Context, connection: Connection, room: Room, request: JoinRoom, proofs: Proofs
) -> joining.Admission:
    media, voucher = NO_MEDIA if request.media is None else _media(request.media), proofs.voucher
    # The name of somebody who is vouched for is vouched for, too: it is never one that they chose here.
    name = request.name if voucher is None else voucher.name
    participant_id, token = ctx.new_id(PARTICIPANT_ID_BYTES), ctx.new_id(TOKEN_BYTES)
    return joining.Admission(
        participant_id=participant_id,
        token=token,
        name=name or guest_name(ctx.new_id(4)),
        media=media,
        host_key=request.host_key,
        invite=request.invite,
        password_ok=proofs.password_ok,
        origin=origin_digest(connection.address, room.host_key_digest),
        join_id=request.client_join_id,
        voucher=voucher,
        seal=seal_of_new(ctx, participant_id, token, request.client_join_id),
    )


def _media(said: MediaState) -> Media:
    on = (bool(said.audio), bool(said.video), bool(said.screen), bool(said.hand_raised))
    return Media(*on, can_call=said.can_call is not False)


async def _kept(ctx: Context, connection: Connection, room: Room, granted: Seat, before: list[Event]) -> None:
    # What an invite was spent on must be on disk before anybody sits: a crash may neither admit two nor burn it.
    kept = await ctx.publisher.settle(
        room, [*before, SeatGranted(room.id, granted.id, spent=granted.invite_id is not None)]
    )
    if room.ended:
        raise Refused(Code.ROOM_ENDED)
    if not kept and granted.invite_id is not None:
        raise Refused(Code.UNAVAILABLE, "The invite could not be redeemed.", retry_after_ms=2_000)
    if not connection.alive or not ctx.is_open(connection.id) or granted.id not in room.pending:
        raise Refused(Code.UNAVAILABLE, "The connection is gone, or the join was repeated on another.")
