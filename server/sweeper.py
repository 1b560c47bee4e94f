"""Does what is due in rooms: seats that nobody came back for, rooms and messages that expire, polls that end."""

from __future__ import annotations

import asyncio
import logging

from rooms import expiry, polls, viewing
from rooms.leaving import leave
from rooms.lifetime import warn
from rooms.room import Room
from rooms.schedule import Due, Task
from server.clocks import tell_rooms
from server.usecases import files
from server.usecases.context import Context
from server.usecases.endings import end_behind

log = logging.getLogger(__name__)

SWEEP_LONGEST_S = 1.0
"""It looks at the schedule at least this often, and earlier where something is due."""

SWEEP_AT_ONCE = 100
"""Things done before requests get their turn again."""


class Sweeper:
    """Looks at the schedule of all rooms, and carries out what has come up."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def sweep(self) -> None:
        """Do everything that is due by now."""
        ctx = self._context
        tell_rooms(ctx.runtime, ctx.clocks.ahead())
        if not ctx.serving:
            return
        now = ctx.clock()
        for done, (room, due) in enumerate(ctx.directory.due(now), start=1):
            self._carry_out(room, due, now)
            # A message that disappears is told to as many people as a room has, which takes its time.
            if due.task is Task.MESSAGES or done % SWEEP_AT_ONCE == 0:
                await asyncio.sleep(0)
        ctx.recovery.forget_old(now)
        files.sweep(ctx, now)

    def _carry_out(self, room: Room, due: Due, now: float) -> None:
        """Nothing waits here: one room's due is not held up by the store, which forgets another's behind."""
        ctx = self._context
        match due.task:
            case Task.GRACE:
                ctx.publisher.commit(room, leave(room, room.seats[due.key], "timeout", now))
            case Task.WARNING:
                ctx.publisher.commit(room, warn(room, due.key))
            case Task.EXPIRY:
                end_behind(ctx, room, "room-expired")
            case Task.EMPTY:
                end_behind(ctx, room, "room-ended")
            case Task.MESSAGES:
                ctx.publisher.commit(room, expiry.expire(room, now))
            case Task.SHOWN:
                viewing.hide(room, int(due.key))
            case Task.POLL:
                ctx.publisher.commit(room, polls.is_over(room, due.key, now))

    async def run(self) -> None:
        """Sweep for ever."""
        ctx = self._context
        while True:
            due_at = ctx.directory.next_due_at()
            wait_s = SWEEP_LONGEST_S if due_at is None else min(SWEEP_LONGEST_S, due_at - ctx.clock())
            await asyncio.sleep(max(0.01, wait_s))
            try:
                await self.sweep()
            except Exception as error:
                log.error("A sweep failed: %s", type(error).__name__)
