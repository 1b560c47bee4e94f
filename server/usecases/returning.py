"""Seats that are taken back, by a join or by connection state recovery, and what becomes of those of who vanishes."""

from __future__ import annotations

from rooms import lobby, retractions, returning
from rooms.events import Durable, Event
from rooms.limits import MISSED_BYTES
from rooms.model import Seat
from rooms.replay import replayable
from rooms.room import Room
from server.outbound.delivery import durable_packet
from server.outbound.presence import Told
from server.protocol.offsets import read_offset
from server.protocol.requests import JoinRoom, ResumeRequest
from server.security.addresses import origin_digest
from server.usecases.aftermath import Recovered
from server.usecases.connections import Connection
from server.usecases.context import TOKEN_BYTES, Context
from server.usecases.recovery import in_order
from server.usecases.sealing import seal_of_returning
from server.usecases.seating import Entered, sit


def take_back(
    ctx: Context, connection: Connection, room: Room, seat: Seat, request: JoinRoom, *, holds_it: bool
) -> tuple[Entered, list[Event]]:
    """Take back the seat whose resume token was shown, or that an earlier try of the same join has opened.

    Returns what happened by it, which is for the caller to commit at once.
    """
    resume = request.resume
    # A room that has come from another node has seats that count as connected and for which no connection speaks yet.
    was_away = not seat.connected or ctx.presence.connection_of(room.id, seat.id) is None
    if resume is not None:
        missed = _missed(ctx, connection, room, seat, resume)
        untold = retractions.untold(room, resume.epoch, resume.last_seq)
        token, new_token = resume.resume_token, None
    else:
        missed, token, untold = None, ctx.new_id(TOKEN_BYTES), retractions.untold(room)
        new_token = token
    seal = seal_of_returning(ctx, seat, token, request.client_join_id, resumes=resume is not None)
    seat.origin = origin_digest(connection.address, room.host_key_digest)
    now = ctx.clock()
    events = returning.come_back(room, seat, now, seal=seal, new_token=new_token, holds_it=holds_it)
    ctx.quotas.seat_taken(room.id, seat.id, ctx.quotas.keys_at(connection.id))
    return Entered(room, seat, token, missed, waiting=was_away, untold=untold), events


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
        one.seat.origin = origin_digest(connection.address, one.room.host_key_digest)
        told = Told(one.seen, one.room.history.seq_at(one.seen))
        ctx.publisher.commit(one.room, returning.come_back(one.room, one.seat, ctx.clock()))
        ctx.quotas.seat_taken(one.room.id, one.seat.id, ctx.quotas.keys_at(connection.id))
        sit(ctx, connection, one.room, one.seat, told)
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
            room = ctx.directory.rooms[room_id]
            lobby.walk_away(room, knock_id)
            ctx.publisher.commit(room, ())
