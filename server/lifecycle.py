"""How a process starts and stops: restoring rooms, watching the store, owning the rooms, draining."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from itertools import filterfalse

from rooms import snapshots
from rooms.events import RoomRestored
from rooms.message import sent_at
from rooms.ports import NotOwner, StoreUnavailable
from server.clocks import tell_rooms
from server.cluster.owner import is_visitor
from server.cluster.ownership import Role
from server.sweeper import Sweeper
from server.transport.socketio import DefaultNamespace, SocketHost
from server.transport.socketio.namespace import SERVICE_RESTART
from server.usecases.context import Context
from server.usecases.names import guest_name

log = logging.getLogger(__name__)

STORE_CHECK_S = 2.0
STORE_DOUBT_S = 0.5
"""The store is asked so often whether it is there, and sooner where it has failed of late."""

RESTORE_RETRY_S = 1.0
RESTORE_AT_ONCE = 100
"""Rooms that are built before others get their turn."""

DRAIN_NOTICE_S = 0.3
"""Between telling clients that the process stops and closing their transports."""

RECONNECT_EARLIEST_MS, RECONNECT_LATEST_MS = 500, 3_000
JOURNAL_CLOSE_S = 3.0

SOCKETS_CLOSE_S = 0.5
"""How long the rooms are kept for clients that take their time to close, before they are given up."""

NO_STORE = "The store does not answer. Serving without it until it does; no rooms can be made."


class Lifecycle:
    """The background of one process."""

    def __init__(self, context: Context, host: SocketHost, sockets: DefaultNamespace) -> None:
        self._context = context
        self._host = host
        self._sockets = sockets
        self.sweeper = Sweeper(context)
        self._tasks: list[asyncio.Task[None]] = []
        self._owning: asyncio.Task[None] | None = None
        self._restoring: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._cut_off = False
        self.on_over: Callable[[], None] = lambda: None
        """Called once this process owns no rooms any more and has told everybody: there is nothing left but to exit."""

    @property
    def lost(self) -> bool:
        """Whether another process took the rooms without being given them."""
        return self._context.ownership.lost

    async def start(self) -> None:
        """Restore what the store kept, where this process may, and begin to sweep. A store that is down, or rooms that
        another process has, are tried again behind."""
        own = self._context.ownership
        await own.step()
        if own.role is Role.OWNER:
            await self._restore()
            await self._lay_out_files()
        elif not own.answers:
            self._context.journal.health.fall(NO_STORE)
        if self._context.rooms is not None:
            await self._context.rooms.start()
            if self._context.outbox is not None:
                await self._context.outbox.start()
        self._react()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work) for work in (self.sweeper.run(), self._watch_store(), self._keep_files())]
        self._owning = loop.create_task(self._own_forever())

    async def announce_stop(self) -> None:
        """Tell clients, and take nothing new. While this lasts, `/ready` still answers, with 503."""
        ctx = self._context
        if ctx.draining:
            return
        ctx.draining = True
        ctx.settled.set()
        for connection in filterfalse(is_visitor, list(ctx.connections)):
            retry_after_ms = random.randint(RECONNECT_EARLIEST_MS, RECONNECT_LATEST_MS)  # noqa: S311
            ctx.delivery.tell(connection, "server-draining", {"retryAfterMs": retry_after_ms})
        if ctx.connections:
            await asyncio.sleep(DRAIN_NOTICE_S)

    async def stop(self) -> None:
        """Let go of clients and rooms, and of everything else."""
        ctx = self._context
        await self._let_go_once()
        for task in (self._owning, self._restoring):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if ctx.rooms is not None:
            await ctx.rooms.close()
        await ctx.store.close()
        ctx.passwords.close()

    def _let_go_once(self) -> asyncio.Task[None]:
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._let_go())
        return self._leaving

    async def _let_go(self) -> None:
        """Tell clients, close their transports so that they reconnect by themselves, write what is left, and give the
        rooms up to whoever has asked for them."""
        ctx = self._context
        await self.announce_stop()
        if ctx.rooms is not None:
            await ctx.rooms.hand_over()
        self._sockets.close_nobody_later()
        draining = asyncio.get_running_loop().create_task(self._host.drain())
        await asyncio.wait({draining}, timeout=SOCKETS_CLOSE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ctx.ownership.close()
        await ctx.journal.close(JOURNAL_CLOSE_S)
        if ctx.shelf is not None:
            await ctx.shelf.close(JOURNAL_CLOSE_S)
        if ctx.outbox is not None:
            await ctx.outbox.close()  # before the next owner looks
        with contextlib.suppress(StoreUnavailable):  # then it expires
            await ctx.ownership.release()
        await draining
        self.on_over()

    async def _own_forever(self) -> None:
        own = self._context.ownership
        while own.beats and own.role is not Role.OVER:
            await own.pause()
            await own.step()
            self._react()

    def _react(self) -> None:
        """Do what follows from how this process stands to the rooms now."""
        ctx, own = self._context, self._context.ownership
        if own.role is Role.OWNER:
            self._keep_away_while_cut_off()
            if not ctx.restored and self._restoring is None:
                self._restoring = asyncio.get_running_loop().create_task(self._restore_until_done())
        elif own.role is not Role.WAITING:
            self._let_go_once()
        elif own.answers:
            ctx.journal.health.succeeded()
        else:
            ctx.journal.health.failed(time.monotonic())
        self._settle()

    def _keep_away_while_cut_off(self) -> None:
        """Another process may own the rooms by now: clients are to look for it. Who comes back here waits."""
        ctx = self._context
        cut_off = not ctx.ownership.valid()
        if cut_off and not self._cut_off:
            log.warning("The lease could not be renewed, and another process waits for it: clients are sent there.")
            for connection in list(ctx.connections):
                self._sockets.close(connection, SERVICE_RESTART)
        self._cut_off = cut_off

    def _settle(self) -> None:
        if not self._context.coming:
            self._context.settled.set()

    async def _watch_store(self) -> None:
        while True:
            await asyncio.sleep(STORE_DOUBT_S if self._context.journal.health.in_doubt else STORE_CHECK_S)
            if self._context.restored:
                await self._context.journal.check()

    async def _restore_until_done(self) -> None:
        ctx = self._context
        while not ctx.restored and ctx.ownership.role is Role.OWNER:
            await self._restore()
            if not ctx.restored:
                await asyncio.sleep(RESTORE_RETRY_S)
        self._settle()

    async def _restore(self) -> None:
        ctx = self._context
        try:
            await ctx.store.open()
            tell_rooms(ctx.runtime, ctx.clocks.ahead())
            wall = ctx.wall()
            tombstones = [tombstone async for tombstone in ctx.store.tombstones(wall)]
            records = [record async for record in ctx.store.live_rooms(wall)]
            newest = await ctx.store.newest_message_id()
            if ctx.outbox is not None and ctx.rooms is None:
                await ctx.outbox.start()
        except NotOwner:
            return
        except StoreUnavailable:
            ctx.journal.health.fall(NO_STORE)
            return
        if newest is not None:
            # The wall clock may have been set back since: what is said from now on comes later all the same.
            ctx.clocks.start_after(sent_at(newest))
            tell_rooms(ctx.runtime, ctx.clocks.ahead())
        ctx.directory.restore((), tombstones, ctx.clock())
        for number, record in enumerate(records, start=1):
            now = ctx.clock()
            room = snapshots.room_from(record, ctx.runtime, ctx.new_id(8), now, guest_name)
            ctx.directory.add(room, now)
            ctx.journal.known(room, record)
            ctx.publisher.commit(room, [RoomRestored(room.id)])
            if number % RESTORE_AT_ONCE == 0:
                await asyncio.sleep(0)  # the lease is renewed meanwhile
        ctx.restored = True
        ctx.journal.health.rise()
        if records:
            log.info("Restored %d rooms with %d seats.", len(records), sum(len(record.seats) for record in records))

    async def _lay_out_files(self) -> bool:
        """Learn which files there are; False until rooms are restored and the store of files answers."""
        ctx = self._context
        if ctx.shelf is None or not ctx.restored:
            return ctx.shelf is None
        return await ctx.shelf.start(ctx.directory.rooms, ctx.runtime.ahead_s, ctx.clock())

    async def _keep_files(self) -> None:
        while True:
            if await self._lay_out_files():
                break
            await asyncio.sleep(RESTORE_RETRY_S)
        if self._context.shelf is not None:
            await self._context.shelf.run()
