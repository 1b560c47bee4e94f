"""The use of a join token that is good once."""

from __future__ import annotations

from rooms.errors import Code, Refused
from rooms.model import Seat
from rooms.ports import StoreUnavailable
from rooms.room import Room
from server.security.claims import invalid
from server.usecases.context import Context


async def spend(ctx: Context, granted: Seat, until: float) -> None:
    """Note that a token which is good once was used, before its bearer sits; it expires at `until`.

    Refused with TOKEN_INVALID where it was used before, and UNAVAILABLE where that cannot be told.
    """
    if granted.use is None or not granted.use_due:
        return
    try:
        first = await ctx.journal.spent(granted.use, granted.used_by, until, ctx.wall())
    except StoreUnavailable:
        raise Refused(Code.UNAVAILABLE, "The token could not be redeemed.", retry_after_ms=2_000) from None
    if not first:
        raise invalid("It has been used.")
    granted.use_due = False


def unspend(ctx: Context, room: Room, granted: Seat) -> None:
    """Nobody got the seat: the token is as good as new, unless another try of the same join has gone on with it."""
    if granted.use is None or granted.use_due:
        return
    others = (seat for part in (room.pending, room.seats) for seat in part.values())
    if not any(seat.use == granted.use for seat in others):
        ctx.journal.unspend_behind(granted.use, granted.used_by)
