"""`create-poll`, `vote`, `close-poll`, `delete-poll`."""

from __future__ import annotations

from rooms import polls
from server.protocol.acknowledgements import Reply
from server.protocol.checks import check_poll
from server.protocol.requests import AboutPoll, CreatePoll, Vote
from server.usecases.changes import changed
from server.usecases.connections import Connection
from server.usecases.context import PARTICIPANT_ID_BYTES, Context


def create_poll(ctx: Context, connection: Connection, request: CreatePoll) -> Reply:
    """Ask everybody to choose."""
    check_poll(request)
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    poll_id = ctx.new_id(PARTICIPANT_ID_BYTES)
    events = polls.create(
        room,
        seat,
        poll_id,
        request.question,
        request.options,
        now,
        multiple=request.multiple is True,
        anonymous=request.anonymous is True,
        closes_in_s=request.closes_in_s,
        encrypted=request.encrypted is True,
    )
    return changed(room, events, pollId=poll_id)


def vote(ctx: Context, connection: Connection, request: Vote) -> Reply:
    """Choose, in place of what one chose before."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    return changed(room, polls.vote(room, seat, request.poll_id, request.choices, now))


def close_poll(ctx: Context, connection: Connection, request: AboutPoll) -> Reply:
    """Let nobody vote any more, as its author or host."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    return changed(room, polls.close(room, seat, request.poll_id, now))


def delete_poll(ctx: Context, connection: Connection, request: AboutPoll) -> Reply:
    """Take a poll away, as its author or host."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    return changed(room, polls.delete(room, seat, request.poll_id, now))
