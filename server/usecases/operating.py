"""What the operator asks about rooms that are over."""

from __future__ import annotations

from rooms.errors import Code, Refused
from rooms.ports import StoreUnavailable
from rooms.records import SessionRecord
from server.usecases.context import Context

SESSIONS_PER_PAGE = 100


async def sessions(ctx: Context, limit: int, before: str | None) -> list[SessionRecord]:
    """Lines of the session log, newest end first, after the line `before`. They are read from the store, by whatever
    process has the rooms. Refused with UNAVAILABLE."""
    try:
        return await ctx.store.sessions(limit=limit, now=ctx.wall(), before=before)
    except StoreUnavailable:
        raise Refused(Code.UNAVAILABLE, "The log cannot be read now.", retry_after_ms=2_000) from None
