"""`join-room` and `leave-room`."""

from __future__ import annotations

from collections.abc import Awaitable

from rooms import retractions, returning
from rooms.errors import Code, Refused
from rooms.leaving import leave
from rooms.model import Seat
from server.protocol.acknowledgements import EMPTY, Reply
from server.protocol.requests import JoinRoom, LeaveRoom, SnapshotIn
from server.security.guesses import GUESSES
from server.usecases.aftermath import Seated, SeatGone
from server.usecases.at_once import at_once
from server.usecases.connections import Connection
from server.usecases.context import Context
from server.usecases.entering import enter
from server.usecases.proofs import NOTHING, prove, shown_at_once
from server.usecases.returning import take_back
from server.usecases.seating import Entered, sit
from server.usecases.snapshot import snapshot


def join_room(ctx: Context, connection: Connection, request: JoinRoom) -> Reply | Awaitable[Reply]:
    """Take a seat, or take one back. The acknowledgement is the snapshot, unless `snapshot` says otherwise."""
    joined = _join_room(ctx, connection, request)
    # Only a password, a token and a store that outlives the process have to be waited for, and none of these by who
    # takes a seat back.
    asks = request.password is not None or request.token is not None or ctx.store.outlives_process
    waits = request.resume is None and asks
    return joined if waits else at_once(joined)


async def _join_room(ctx: Context, connection: Connection, request: JoinRoom) -> Reply:
    if ctx.draining:
        raise Refused(Code.SERVER_DRAINING, retry_after_ms=2_000)
    if request.room_id in connection.transport.removed_from:
        raise Refused(Code.FORBIDDEN, "This connection was put out of the room.")
    try:
        entered = await _enter(ctx, connection, request)
    except Refused as refused:
        if refused.code in GUESSES:
            ctx.guesses.failed("token", connection.address)
        raise
    return _answer(ctx, entered, request.snapshot or "both")


async def _enter(ctx: Context, connection: Connection, request: JoinRoom) -> Entered:
    """Into one's own seat, by its resume token or as an earlier try of this join has opened it; else into a new one."""
    resume, proofs = request.resume, shown_at_once(ctx, request)
    own: Seat | None
    for has_proven in (False, True):
        room = ctx.find(request.room_id)
        held = ctx.presence.held(connection.id, room)
        if resume is not None:
            own = returning.reclaim(room, resume.participant_id, resume.resume_token)
        else:
            # A page that joins on each `connect`, whether or not its state was recovered, means the seat that it has.
            own = returning.same_join(room, request.client_join_id) or (held if connection.recovered else None)
        if held is None:
            ctx.presence.may_take_another(connection.id)
        elif own is not held:
            raise Refused(Code.ALREADY_JOINED, "This connection holds another seat of the room." if resume else "")
        if own is not None or has_proven or proofs is not None:
            break
        proofs = await prove(ctx, connection, request)
        if not proofs.took_time:
            break  # else another try of the same join may have come through meanwhile, or the room have ended
    if own is not None:
        entered, events = take_back(ctx, connection, room, own, request, holds_it=own is held)
    else:
        entered, events = await enter(ctx, connection, room, request, proofs or NOTHING)
    ctx.publisher.commit(room, [*events, *retractions.mark(room)])
    if own is None or own is not held:
        sit(ctx, connection, room, entered.seat)
    ctx.quotas.room_entered(room.id)
    return entered


def _answer(ctx: Context, entered: Entered, reads: SnapshotIn) -> Reply:
    """The answer to a join. `reads`: where the client looks for the snapshot."""
    room, seat = entered.room, entered.seat
    picture = snapshot(ctx, room, seat, entered.token, entered.missed, entered.untold)
    after = (Seated(room, seat, picture, reads, entered.waiting),)
    if reads != "event":
        return Reply(picture, after, is_long=True)
    brief = {
        "roomId": room.id,
        "participantId": seat.id,
        "resumeToken": entered.token,
        "resumeTtlS": ctx.settings.seat_grace_s,
    }
    return Reply(brief, after, is_long=True)


def leave_room(ctx: Context, connection: Connection, request: LeaveRoom) -> Reply:
    """Free the seat at once."""
    room, seat = ctx.seated(connection, request.room_id)
    ctx.publisher.commit(room, leave(room, seat, "left", ctx.clock()), but=connection.id)
    return Reply(EMPTY, (SeatGone(room.id, "left"),))
