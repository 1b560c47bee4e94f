"""Messages over REST: pages of them, for those who poll, and a search of the log."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson

from rooms.errors import Code, Refused
from rooms.limits import BACKLOG_BYTES, SEARCHED_MESSAGES
from rooms.message import Message, More, sent_at, seq_in
from rooms.model import Seat
from rooms.ports import StoreUnavailable
from rooms.records import LoggedMessage
from rooms.room import Room
from server.protocol import views
from server.usecases.context import Context

MESSAGES_PER_PAGE = 50
HALF_A_MILLISECOND_S = 0.0005
"""An id has whole milliseconds; from the middle of one it is made again without rounding into another."""

SEARCH_STEP = 200
"""Messages that a search reads from the log at once."""


class Page(NamedTuple):
    """What is asked for: older than `before`, or following `after` directly; with `q` those that contain it."""

    limit: int
    before: str | None = None
    after: str | None = None
    q: str | None = None


async def messages(ctx: Context, room: Room, reader: Seat | None, page: Page) -> list[orjson.Fragment]:
    """A page of messages, newest first: of the log where the room keeps one, else of the backlog in memory.

    At most `limit` of them, and `BACKLOG_BYTES`. `reader` is the seat that reads; None for the room's owner.
    """
    eyes = reader.id if reader is not None else ""
    page = page._replace(limit=max(1, min(page.limit, MESSAGES_PER_PAGE)))
    if page.q is not None and (not room.log or room.encrypted):
        raise Refused(Code.INVALID_PAYLOAD, details={"q": "only a room with a log, not encrypted, can be searched"})
    if room.log:
        await ctx.journal.flush_messages()
        found = await _logged(ctx, room, page)
    else:
        found = _held(room, eyes, page)
    shown = (views.message(message, eyes) for message in (found if page.after is None else reversed(found)))
    fitting = views.fitting(shown, BACKLOG_BYTES)
    return fitting if page.after is None else fitting[::-1]


def _held(room: Room, reader: str, page: Page) -> list[Message]:
    held = [message for message in room.history.backlog(reader) if _is_between(message.id, page)]
    return (held[-page.limit :] if page.after is None else held[: page.limit])[::-1]


def _is_between(message_id: str, page: Page) -> bool:
    return (page.before is None or message_id < page.before) and (page.after is None or message_id > page.after)


async def _logged(ctx: Context, room: Room, page: Page) -> list[Message]:
    if page.q is None:
        kept = await _read(ctx, room, page.before, page.after, page.limit)
    else:
        kept = await _searched(ctx, room, page, page.q.casefold())
    # What was taken back is gone, also where the store has yet to hear of it.
    return [_as_it_is(room, record) for record in kept if not ctx.journal.is_gone(room.id, record.id)]


async def _searched(ctx: Context, room: Room, page: Page, wanted: str) -> list[LoggedMessage]:
    """Those that contain it: the newest, or, where `after` is given, those that follow that directly."""
    kept: deque[LoggedMessage] = deque(maxlen=page.limit)
    async for record in _newest(ctx, room, page):
        if wanted in record.text.casefold():
            kept.append(record)
        if page.after is None and len(kept) == page.limit:
            break
    return list(kept)


async def _newest(ctx: Context, room: Room, page: Page) -> AsyncIterator[LoggedMessage]:
    """The newest messages of the log before `page.before` and after `page.after`, as many as a search looks at."""
    before = page.before
    for _ in range(SEARCHED_MESSAGES // SEARCH_STEP):
        step = await _read(ctx, room, before, None, SEARCH_STEP)
        for record in step:
            if page.after is not None and record.id <= page.after:
                return
            yield record
        if len(step) < SEARCH_STEP:
            return
        before = step[-1].id


async def _read(ctx: Context, room: Room, before: str | None, after: str | None, limit: int) -> list[LoggedMessage]:
    try:
        return await ctx.store.messages(room.id, before=before, after=after, limit=limit, now=ctx.wall())
    except StoreUnavailable:
        raise Refused(Code.UNAVAILABLE, "The log cannot be read now.", retry_after_ms=2_000) from None


def _as_it_is(room: Room, record: LoggedMessage) -> Message:
    """The message itself, with its reactions, while its content is held; else what the log has of it."""
    held = room.history.find(seq_in(record.id))
    if held is not None and held.id == record.id:
        return held
    message = Message.__new__(Message)
    message.room_id, message.seq, message.epoch = record.room_id, record.seq, record.epoch
    message.at = sent_at(record.id) + HALF_A_MILLISECOND_S
    message.position = 0
    message.sender, message.sender_name = record.sender, record.sender_name
    message.text, message.timestamp, message.encrypted = record.text, record.timestamp, record.encrypted
    message.client_message_id = message.to = None
    message.more = None
    if record.extras is not None or record.expires_at is not None or record.edited_at is not None:
        more = message.more = More()
        more.extras = record.extras or more.extras
        more.expires_at, more.edited_at = record.expires_at, record.edited_at
    return message


__all__ = ["MESSAGES_PER_PAGE", "Page", "messages"]
