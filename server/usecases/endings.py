"""How a room ends: told to all, let go of, and erased from the store."""

from __future__ import annotations

from dataclasses import astuple

from rooms import snapshots
from rooms.model import EndReason
from rooms.records import Purged, SessionRecord, Tombstone
from rooms.room import Room
from server.usecases.context import Context


async def end(ctx: Context, room: Room, reason: EndReason, *, but: str | None = None) -> Purged:
    """End a room for all and erase what is kept of it; returns how much that was.

    `but` is a connection that the caller tells itself, once it has been answered.
    """
    tombstone, session, held = _close(ctx, room, reason, but)
    purged = await ctx.journal.ended(tombstone, session)
    return Purged(*map(max, astuple(purged), astuple(held)))


def end_behind(ctx: Context, room: Room, reason: EndReason) -> None:
    """End a room for all, and let its records be erased without waiting for the store."""
    tombstone, session, _ = _close(ctx, room, reason)
    ctx.journal.end_behind(tombstone, session)


def _close(
    ctx: Context, room: Room, reason: EndReason, but: str | None = None
) -> tuple[Tombstone, SessionRecord, Purged]:
    held = Purged(room.history.message_count(), len(room.seats), len(room.invites))
    now = ctx.clock()
    if room.password_hash is not None:
        ctx.passwords.forget(room.password_hash)
    records, last_call = ctx.calls.end(room.id, now)
    tombstone, events = ctx.directory.end(room, reason, now)
    ctx.publisher.commit(room, [*last_call, *events], but=but)
    calls = tuple(call.moved(ctx.runtime.ahead_s) for call in records)
    return tombstone, snapshots.session_of(room, tombstone, calls), held
