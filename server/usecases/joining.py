"""`join-room`, `leave-room`, and what becomes of a connection that vanishes or comes back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple

from rooms import joining, lobby
from rooms.errors import Code, Refused
from rooms.events import Durable
from rooms.limits import MISSED_BYTES
from rooms.model import NO_MEDIA, Media, Seat
from rooms.replay import replayable
from rooms.room import Room
from server.outbound.delivery import durable_packet
from server.outbound.presence import Told
from server.protocol.acknowledgements import EMPTY, Reply
from server.protocol.offsets import read_offset
from server.protocol.requests import JoinRoom, LeaveRoom, MediaState, ResumeRequest, SnapshotIn
from server.security.addresses import origin_digest
from server.security.claims import Claims
from server.security.guesses import GUESSES
from server.usecases.aftermath import Recovered, Seated, SeatGone
from server.usecases.at_once import at_once
from server.usecases.connections import Connection
from server.usecases.context import PARTICIPANT_ID_BYTES, TOKEN_BYTES, Context
from server.usecases.names import guest_name
from server.usecases.recovery import in_order
from server.usecases.sealing import joined_again, resumed, seal_of_new
from server.usecases.snapshot import snapshot
from server.usecases.vouching import claims_of, spend, take_back, voucher_of


class Entered(NamedTuple):
    """A seat that was taken. `missed`: what its holder is to be told again; `waiting`: signals may wait for it."""

    room: Room
    seat: Seat
    token: str
    missed: list[Durable] | None
    waiting: bool


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
    if request.room_id in connection.removed_from:
        raise Refused(Code.FORBIDDEN, "This connection was put out of the room.")
    try:
        if request.resume is not None:
            entered = _resume(ctx, connection, request.room_id, request.resume)
        else:
            entered = await _enter(ctx, connection, request)
    except Refused as refused:
        if refused.code in GUESSES:
            ctx.guesses.failed("token", connection.address)
        raise
    return _answer(ctx, entered, request.snapshot or "both")


def _resume(ctx: Context, connection: Connection, room_id: str, resume: ResumeRequest) -> Entered:
    room = ctx.find(room_id)
    seat = joining.reclaim(room, resume.participant_id, resume.resume_token)
    held = ctx.presence.seats_of(connection.id)
    if any(other_room is room and other is not seat for other_room, other in held):
        raise Refused(Code.ALREADY_JOINED, "This connection holds another seat of the room.")
    if ctx.presence.connection_of(room.id, seat.id) != connection.id:
        ctx.presence.may_take_another(connection.id)
    resumed(ctx, room, seat, resume.resume_token)
    missed = _missed(ctx, connection, room, seat, resume)
    return _taken(ctx, connection, room, seat, resume.resume_token, missed)


def _missed(
    ctx: Context, connection: Connection, room: Room, seat: Seat, resume: ResumeRequest
) -> list[Durable] | None:
    # What happened before the seat was taken, its holder has not missed.
    if resume.epoch != room.epoch or resume.last_seq is None or resume.last_seq < seat.joined_seq:
        return None
    # What connection state recovery has sent on this connection is not sent twice.
    told = ctx.presence.told(connection.id).get(room.id)
    sent_after = told.recovered_after if told is not None else None
    if sent_after is not None and sent_after <= resume.last_seq <= room.seq:
        return []
    events = room.history.since(resume.last_seq, ctx.clock())
    if events is None:
        return None
    return replayable((e for e in events if sent_after is None or e.seq <= sent_after), seat.id)


def _taken(
    ctx: Context, connection: Connection, room: Room, seat: Seat, token: str, missed: list[Durable] | None
) -> Entered:
    was_away = not seat.connected
    if ctx.presence.connection_of(room.id, seat.id) == connection.id:
        seat.origin = origin_digest(connection.address, room.host_key_digest)
        ctx.quotas.seat_taken(room.id, seat.id, ctx.quotas.keys_at(connection.id))
    else:
        _take(ctx, connection, room, seat)
    return Entered(room, seat, token, missed, waiting=was_away)


def _take(ctx: Context, connection: Connection, room: Room, seat: Seat, recovered_at: int | None = None) -> None:
    """Take back a seat that somebody else holds, or nobody. `recovered_at`: the position that the client has seen."""
    told = None
    if recovered_at is not None:
        told = Told(recovered_at, room.history.seq_at(recovered_at))
    seat.origin = origin_digest(connection.address, room.host_key_digest)
    ctx.publisher.commit(room, room.take(seat, ctx.clock()))
    ctx.quotas.seat_taken(room.id, seat.id, ctx.quotas.keys_at(connection.id))
    _sit(ctx, connection, room, seat, told or _from_the_snapshot(room))


def _from_the_snapshot(room: Room) -> Told:
    # Which has the next position: whoever has seen less has not got it.
    return Told(room.position + 1)


def _sit(ctx: Context, connection: Connection, room: Room, seat: Seat, told: Told) -> None:
    """The connection holds the seat from now on, and waits at the door no longer."""
    ctx.presence.hold(connection.id, room, seat, told)
    knock_id = ctx.presence.knock_of(connection.id, room.id)
    if knock_id is not None:
        lobby.walk_away(room, knock_id)
        ctx.presence.walk_away(room.id, knock_id)


async def _enter(ctx: Context, connection: Connection, request: JoinRoom) -> Entered:
    token = ctx.new_id(TOKEN_BYTES)
    repeated = _repeated(ctx, connection, request, token)
    if repeated is not None:
        return repeated
    claims = await claims_of(ctx, request)
    is_host = request.host_key is not None or (claims is not None and claims.is_host)
    # The host key opens every door by itself: no guesses of others behind the same address may stand in its way.
    password = request.password if not is_host else None
    password_ok = None
    if password is not None:
        password_ok = await _password_ok(ctx, connection, ctx.find(request.room_id), password)
    if password is not None or claims is not None:
        # While they were checked, another try of the same join may have come through, or the room have ended.
        repeated = _repeated(ctx, connection, request, token)
        if repeated is not None:
            return repeated
    room = ctx.find(request.room_id)
    earlier = joining.earlier_try(room, request.client_join_id)
    ctx.publisher.commit(room, joining.give_way(room, earlier, ctx.clock()))
    if not is_host:
        ctx.quotas.check_seat(ctx.quotas.keys_at(connection.id))
    granted = joining.admit(room, _admission(ctx, connection, room, request, token, password_ok, claims), ctx.clock())
    joining.go_on_with(granted, earlier)
    # From here on: joins that wait for the store count, too.
    ctx.quotas.seat_taken(room.id, granted.id, ctx.quotas.keys_at(connection.id))
    try:
        if claims is not None:
            await spend(ctx, granted, claims)
        await _seat(ctx, connection, room, granted)
    except BaseException:
        ctx.quotas.seat_gone(room.id, granted.id)
        ctx.publisher.commit(room, joining.withdraw(room, granted, ctx.clock()))
        take_back(ctx, room, granted)
        raise
    return Entered(room, granted, token, None, waiting=False)


def _repeated(ctx: Context, connection: Connection, request: JoinRoom, token: str) -> Entered | None:
    """The seat that this join has opened before, if it has; refuses a second seat on one connection."""
    room = ctx.find(request.room_id)
    held = next((seat for other, seat in ctx.presence.seats_of(connection.id) if other is room), None)
    # A page that joins on each `connect`, whether or not its state was recovered, means the seat that it has.
    again = joining.same_join(room, request.client_join_id) or (held if connection.recovered else None)
    if held is None:
        ctx.presence.may_take_another(connection.id)
    elif again is not held:
        raise Refused(Code.ALREADY_JOINED)
    if again is None:
        return None
    joined_again(ctx, room, again, token, request.client_join_id)
    ctx.publisher.commit(room, joining.renew_token(room, again, token))
    return _taken(ctx, connection, room, again, token, None)


async def _seat(ctx: Context, connection: Connection, room: Room, granted: Seat) -> None:
    # What an invite was spent on must be on disk before anybody sits: a crash may neither admit two nor burn it.
    kept = await ctx.publisher.settle(room, joining.granted_to(room, granted))
    if room.ended:
        raise Refused(Code.ROOM_ENDED)
    if not kept and granted.invite_id is not None:
        raise Refused(Code.UNAVAILABLE, "The invite could not be redeemed.", retry_after_ms=2_000)
    if not connection.alive or not ctx.is_open(connection.id) or granted.id not in room.pending:
        raise Refused(Code.UNAVAILABLE, "The connection is gone, or the join was repeated on another.")
    ctx.publisher.commit(room, joining.seat(room, granted, ctx.clock()))
    _sit(ctx, connection, room, granted, _from_the_snapshot(room))
    ctx.quotas.room_entered(room.id)


async def _password_ok(ctx: Context, connection: Connection, room: Room, password: str | None) -> bool | None:
    kept = room.password_hash
    if password is None or kept is None:
        return None
    try:
        return await ctx.passwords.matches(password, kept, connection.address)
    finally:
        if room.ended:
            ctx.passwords.forget(kept)


def _admission(
    ctx: Context,
    connection: Connection,
    room: Room,
    request: JoinRoom,
    token: str,
    password_ok: bool | None,
    claims: Claims | None,
) -> joining.Admission:
    media = request.media
    voucher = voucher_of(claims, room) if claims is not None else None
    # The name of somebody who is vouched for is vouched for, too: it is never one that they chose here.
    name = request.name if voucher is None else voucher.name
    participant_id = ctx.new_id(PARTICIPANT_ID_BYTES)
    return joining.Admission(
        participant_id=participant_id,
        token=token,
        name=name or guest_name(ctx.new_id(4)),
        media=NO_MEDIA if media is None else _media(media),
        host_key=request.host_key,
        invite=request.invite,
        password_ok=password_ok,
        origin=origin_digest(connection.address, room.host_key_digest),
        join_id=request.client_join_id,
        voucher=voucher,
        seal=seal_of_new(ctx, participant_id, token, request.client_join_id),
    )


def _media(said: MediaState) -> Media:
    on = (bool(said.audio), bool(said.video), bool(said.screen), bool(said.hand_raised))
    return Media(*on, can_call=said.can_call is not False)


def _answer(ctx: Context, entered: Entered, reads: SnapshotIn) -> Reply:
    """The answer to a join. `reads`: where the client looks for the snapshot."""
    room, seat = entered.room, entered.seat
    picture = snapshot(ctx, room, seat, entered.token, entered.missed)
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
    ctx.publisher.commit(room, room.remove(seat, "left", ctx.clock()), but=connection.id)
    return Reply(EMPTY, (SeatGone(room.id, "left"),))


def came_back(ctx: Context, connection: Connection, private_id: object, offset: object) -> Recovered | None:
    """Connection state recovery: the seats of a vanished connection for this one, or None.

    Returns what is to follow once the client knows that it was recovered.
    """
    seen = read_offset(offset)
    if not isinstance(private_id, str) or seen is None:
        return None
    found = ctx.recovery.recover(private_id, seen, ctx.clock())
    if found is None or any(ctx.relay.has_lost(one.room.id, one.seat.id, ctx.clock()) for one in found):
        # Signals that are lost are told in a snapshot only, and a client asks for one where it was not recovered.
        return None
    missed = [durable_packet(event, viewer, seen_by_then) for event, viewer, seen_by_then in in_order(found)]
    if sum(map(len, missed)) > MISSED_BYTES:
        return None
    connection.recovered, connection.private_id = True, private_id
    for one in found:
        _take(ctx, connection, one.room, one.seat, one.seen)
    return Recovered(missed, [(one.room, one.seat) for one in found])


def vanished(ctx: Context, connection: Connection) -> None:
    """A connection is gone: its seats wait, and so does the right to recover them."""
    connection.alive = False
    now = ctx.clock()
    ctx.recovery.vanished(connection, now)
    for room, seat in ctx.presence.seats_of(connection.id):
        ctx.presence.release(room.id, seat.id)
        ctx.publisher.commit(room, room.drop(seat, now))
    for room_id, knock_id in ctx.presence.knocks_of(connection.id):
        ctx.presence.walk_away(room_id, knock_id)
        if room_id in ctx.directory.rooms:
            lobby.walk_away(ctx.directory.rooms[room_id], knock_id)
