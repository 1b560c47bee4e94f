"""Puts the parts of a node together, where rooms are shared out over several. Imported only then: it needs hiredis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from hashlib import sha256

from aiohttp import web

from server.cluster.commands import TICK_S
from server.cluster.edge import Edge
from server.cluster.frames import Frame, Kind
from server.cluster.links import Links
from server.cluster.one_database import OneDatabase
from server.cluster.owner import Owner, is_visitor
from server.cluster.redis_rooms import RedisRooms
from server.cluster.shared_limits import SharedLimits
from server.transport.engineio import EngineServer
from server.transport.http.relay import HttpRelay, tag_of
from server.transport.socketio import DefaultNamespace
from server.transport.socketio.everywhere import Everywhere
from server.transport.socketio.gateway import Gateway
from server.transport.socketio.routed import RoutedNamespace
from server.usecases import placing
from server.usecases.context import Context
from server.usecases.dispatcher import Dispatcher
from server.usecases.visits import SharedPresence, Visits
from storage.redis.board import DATABASE, RedisBoard
from storage.redis.inboxes import RedisInboxes
from storage.redis.pipeline import RedisGone, RedisRefused

log = logging.getLogger(__name__)


WHEREABOUTS_S = 1.0
"""How long Redis may take to say where a vanished connection's seats are; then its client resumes them itself."""


def _recovery_key(private_id: str) -> str:
    return f"mf:pid:{sha256(private_id.encode()).hexdigest()}"


class Node:
    """This process as one of several."""

    def __init__(
        self,
        context: Context,
        engine: EngineServer,
        sockets: DefaultNamespace,
        everywhere: Everywhere,
        gateway: Gateway,
        dispatcher: Dispatcher,
        relay: HttpRelay,
        rooms: RedisRooms,
    ) -> None:
        if not isinstance(sockets, RoutedNamespace) or not isinstance(context.presence, SharedPresence):
            raise TypeError("requests have to be taken to where their rooms are, and seats told to where they are held")
        self._context = context
        self._engine = engine
        self._sockets = sockets
        self._presence = context.presence
        self._everywhere = everywhere
        self._relay = relay
        self._rooms = rooms
        self.visits = Visits(
            context, dispatcher, sockets.run_visitor, gateway.disconnected, gateway.recovered_elsewhere
        )
        sockets.remember, sockets.whereabouts = self._remember, self._whereabouts
        gateway.seatless = self.visits.seatless  # type: ignore[method-assign]
        context.presence.on_change = self.visits.seats_here_changed
        rooms.on_moved(self._moved)
        self.links: Links | None = None
        self.edge: Edge | None = None
        self.owner: Owner | None = None

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs."""
        inboxes = RedisInboxes(self._context.settings.redis_url.get_secret_value())
        links = self.links = Links(self._rooms.me, inboxes)
        self._start(links, inboxes)
        context, board = self._context, RedisBoard(self._rooms.pipeline)
        limits = SharedLimits(board, self._rooms, context.quotas, context.guesses)
        databases = RedisBoard(self._rooms.pipeline, DATABASE)
        one = OneDatabase(databases, self._rooms, context.store.identity)
        loop = asyncio.get_running_loop()
        working = [loop.create_task(work) for work in (self._work(links, inboxes), limits.run(), one.run())]
        yield
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        self._stop()
        await inboxes.close()

    def _start(self, links: Links, inboxes: RedisInboxes) -> None:
        rooms, relay = self._rooms, self._relay
        owner = self.owner = self._everywhere.owner = self._presence.owner = Owner(rooms, links, self.visits)
        edge = self.edge = self.visits.edge = Edge(rooms, links, self._sockets)
        self._sockets.join(edge, owner, self.visits)
        relay.engine_path = self._engine.direct.path
        relay.join(rooms, links, self._engine.sockets.__contains__)
        self._name_sessions(rooms.me)

        to_edge, to_relay = int(Kind.ONE), int(Kind.REQUEST)  # a member of an enumeration is looked up each time

        def frame(source: str, one: Frame) -> None:
            kind = one[0]
            (owner if kind < to_edge else edge if kind < to_relay else relay).take(source, one)

        def missed(node: str) -> None:
            log.warning("Something that another node said was missed: its clients here come back.")
            edge.missed(node)
            owner.missed(node)
            relay.missed(node)

        def gone(node: str) -> None:
            links.forget(node)
            edge.node_gone(node)
            owner.node_gone(node)
            relay.node_gone(node)

        def dead(node: str) -> None:
            gone(node)
            inboxes.erase(node)

        def nobody(node: str, untaken: list[Frame]) -> None:
            edge.not_taken(node, [one.number for one in untaken if one.kind == Kind.COMMAND])
            gone(node)

        links.may_return, links.on_new_way = lambda: rooms.returning, rooms.expect_returns
        links.on_frame, links.on_gap, links.on_nobody = frame, missed, nobody
        rooms.on_node_gone(dead)

    def _name_sessions(self, me: str) -> None:
        """From now on the id of a session says which node it is on."""
        tag, random_id = tag_of(me), type(self._engine).generate_id
        self._engine.generate_id = lambda: tag + random_id(self._engine)  # type: ignore[method-assign]

    def _remember(self, private_id: str, node: str) -> None:
        grace_ms = int(self._context.settings.seat_grace_s * 1000)
        if grace_ms > 0:
            key = _recovery_key(private_id)
            self._rooms.pipeline.call(lambda _: None, "SET", key, node or self._rooms.me, "PX", grace_ms)

    async def _whereabouts(self, private_id: str) -> str | None:
        try:
            async with asyncio.timeout(WHEREABOUTS_S):
                kept = await self._rooms.pipeline.send("GET", _recovery_key(private_id))
        except (RedisGone, RedisRefused, TimeoutError):
            return None
        node = kept.decode() if kept is not None else ""
        return node if node != self._rooms.me and node in self._rooms.nodes() else None

    def _stop(self) -> None:
        self._sockets.leave()
        self._relay.leave()
        if self.edge is not None and self.owner is not None and self.links is not None:
            self.edge.stop()
            self.owner.stop()
            self.links.stop()

    def _moved(self, room_id: str) -> None:
        """A room runs here no more: whoever sits in it keeps the seat, wherever it runs now."""
        ctx, owner, edge = self._context, self.owner, self.edge
        room = ctx.directory.rooms.get(room_id)
        here = [(sid, who) for who, sid in ctx.presence.in_room(room_id).items() if not is_visitor(sid)]
        nodes = owner.nodes_in(room_id) if owner is not None else set()
        knocking = [(sid, knock) for knock, sid in ctx.presence.at_door(room_id).items() if not is_visitor(sid)]
        with self._presence.untold():
            placing.let_go(ctx, room_id, lambda _: None)
        if owner is not None:
            owner.moved(room_id, nodes)
        if edge is not None and room is not None and (here or knocking) and not ctx.draining:
            edge.hold_up(room_id, room.epoch, room.position, here, knocking)

    async def _work(self, links: Links, inboxes: RedisInboxes) -> None:
        """Open the inbox once Redis answers. Where this node has lost its name it begins anew, with everybody."""
        while True:
            try:
                await inboxes.open(self._rooms.me, links.take)
                break
            except (RedisGone, RedisRefused):
                await asyncio.sleep(TICK_S)
        links.start()
        if self.edge is not None:
            self.edge.start()
        while self.edge is not None and self.owner is not None:
            await asyncio.sleep(TICK_S)
            self.edge.may_claim = not self._context.draining
            if self._rooms.me == links.me:
                continue
            for node in links.nodes:
                self.edge.node_gone(node)
                self.owner.node_gone(node)
                self._relay.node_gone(node)
            links.rename(self._rooms.me)
            self._name_sessions(self._rooms.me)
            await inboxes.rename(self._rooms.me)
