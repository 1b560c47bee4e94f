"""A room as after a restart of the server: what a database keeps of it is there, under a new epoch; nothing else is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from rooms import snapshots
from rooms.events import RoomRestored
from rooms.room import Room
from server.usecases.context import Context
from server.usecases.names import guest_name

NOTICE_S = 0.3
"""Between telling people that the server stops and closing their connections."""

CLOSE_S = 1.0
"""How long connections may take to close, before the room is made anew without them."""

BACK_EARLIEST_MS, BACK_LATEST_MS = 500, 3_000
SERVICE_RESTART = 1012


async def restart_room(ctx: Context, room: Room, close: Callable[[str, int], None]) -> None:
    """Tell and close all who are in the room or at its door, and put a new one in its place. Others hear nothing."""
    for connection in _people(ctx, room):
        retry_after_ms = random.randint(BACK_EARLIEST_MS, BACK_LATEST_MS)  # noqa: S311
        ctx.delivery.tell(connection, "server-draining", {"retryAfterMs": retry_after_ms})
    await asyncio.sleep(NOTICE_S)
    await _empty(ctx, room, close)
    await ctx.journal.saved(room)
    if ctx.directory.rooms.get(room.id) is not room:
        return  # it has ended meanwhile, or was made anew because another of its people asked
    now = ctx.clock()
    ctx.publisher.commit(room, ctx.calls.end(room.id, now)[1])
    record = snapshots.record_of(room)
    ctx.directory.discard(room)
    ctx.presence.room_over(room.id)
    ctx.relay.end(room.id)
    fresh = snapshots.room_from(record, ctx.runtime, ctx.new_id(8), now, guest_name)
    ctx.directory.add(fresh, now)
    ctx.journal.known(fresh, record)
    ctx.publisher.commit(fresh, [RoomRestored(fresh.id)])


async def _empty(ctx: Context, room: Room, close: Callable[[str, int], None]) -> None:
    limit = asyncio.get_running_loop().time() + CLOSE_S
    while (people := _people(ctx, room)) and asyncio.get_running_loop().time() < limit:
        for connection in people:
            close(connection, SERVICE_RESTART)
        await asyncio.sleep(0.01)


def _people(ctx: Context, room: Room) -> list[str]:
    return [*ctx.presence.in_room(room.id).values(), *ctx.presence.at_door(room.id).values()]
