"""Mayfly's namespace where rooms are shared out over several nodes: requests go to where their room runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rooms.errors import Refused
from server.cluster.edge import Edge
from server.cluster.owner import Owner, is_visitor
from server.cluster.requests import Addressed, addressed
from server.transport.socketio.everywhere import Everywhere
from server.transport.socketio.namespace import POLICY_VIOLATION, DefaultNamespace
from server.transport.socketio.packets import MAX_PACKET_BYTES, BadPacket, Unread, loads, read_event, read_frequent
from server.transport.socketio.ports import Elsewhere, Engine
from server.usecases.visits import Visits

MAX_PID_CHARS = 128
"""Nobody is asked about a longer private id."""


class RoutedNamespace(DefaultNamespace):
    """A `DefaultNamespace`, and the `Sockets` of its node's edge.

    `engine` sends what this node's rooms tell, to whomever; `everywhere` is the one below it, whose `local` part sends
    what other nodes' rooms tell.
    """

    def __init__(self, engine: Engine, everywhere: Everywhere, elsewhere: Elsewhere) -> None:
        super().__init__(engine, elsewhere)
        self._local = everywhere.local
        self._edge: Edge | None = None
        self._owner: Owner | None = None
        self._visits: Visits | None = None
        self.remember: Callable[[str, str], None] = lambda private_id, node: None
        """Told where the seats of a connection are that is gone: a node, or nothing for this one."""
        self.whereabouts: Callable[[str], Awaitable[str | None]] = _nowhere
        """Where the seats of the connection with this private id are, if another node has them."""
        self.deliver_all = self._local.broadcast
        self.deliver = self._local.send_text
        self.deliver_long = self._local.send_answer
        self.recall_here = self._local.recall

    def join(self, edge: Edge, owner: Owner, visits: Visits) -> None:
        """From now on this node is one of several."""
        self._edge, self._owner, self._visits = edge, owner, visits

    def leave(self) -> None:
        """It is alone again."""
        self._edge = None

    # In

    def _received(self, eio_sid: str, connection: Any, data: str | bytes) -> Awaitable[None] | None:
        edge = self._edge
        if edge is None or data.__class__ is not str or data[:1] != "2" or len(data) > MAX_PACKET_BYTES:
            return super()._received(eio_sid, connection, data)
        if not edge.knows(eio_sid):
            # Whoever has only spoken of rooms that are here: what has to be read anyway says which room it is.
            found = read_frequent(data)
            if found is not None:
                ack_id, decoded = found
                payload = decoded[1]
                if edge.is_here(payload["roomId"] if payload.__class__ is dict else payload.room_id):
                    return self._ask(eio_sid, connection, ack_id, decoded[0], decoded)
        asked = addressed(data)
        if asked is None or edge.is_here(asked.room_id):
            return super()._received(eio_sid, connection, data)
        if self._engine.is_behind(eio_sid):
            return self._once_caught_up(eio_sid, connection, data)
        self._forward(edge, eio_sid, connection, asked, data)
        return None

    async def _once_caught_up(self, eio_sid: str, connection: Any, packet: str) -> None:
        """A long answer is under way to this client: its next request is taken when it has that."""
        await self._engine.caught_up(eio_sid)
        edge, asked = self._edge, addressed(packet)
        if edge is not None and asked is not None and self._live.get(eio_sid) is connection:
            self._forward(edge, eio_sid, connection, asked, packet)

    def _forward(self, edge: Edge, eio_sid: str, connection: Any, asked: Addressed, packet: str) -> None:
        limited = self._visiting().limited(connection)
        if limited is None:
            edge.command(eio_sid, asked, packet)
        else:
            self._acknowledge(eio_sid, _event_of(packet), asked.ack_id, limited)

    def _visiting(self) -> Visits:
        if self._visits is None:
            raise RuntimeError("this node is alone")
        return self._visits

    def _left(self, eio_sid: str) -> None:
        connection = self._live.get(eio_sid)
        if self._edge is not None and connection is not None:
            owners = self._edge.owners_of(eio_sid)
            if self._visiting().sits_here(eio_sid):
                owners.add("")
            if len(owners) == 1:
                self.remember(connection.private_id, owners.pop())
        super()._left(eio_sid)
        if self._edge is not None:
            self._edge.gone(eio_sid)

    # Connection state recovery of connections that another node had, or has the seats of

    def _control(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        if self._edge is None or data.__class__ is not str or data[:1] != "0" or '"pid"' not in data:
            return super()._control(eio_sid, data)
        try:
            auth = loads(data.partition("{")[1] + data.partition("{")[2])
        except (BadPacket, RecursionError):
            return super()._control(eio_sid, data)
        pid = auth.get("pid") if isinstance(auth, dict) else None
        known = isinstance(pid, str) and 0 < len(pid) <= MAX_PID_CHARS and auth.get("offsets") is not False
        if not known or eio_sid in self._live or eio_sid not in self._elsewhere.environ:
            return super()._control(eio_sid, data)
        return self._recover(self._edge, eio_sid, data, auth)

    async def _recover(self, edge: Edge, eio_sid: str, data: str, auth: dict[str, Any]) -> None:
        node = await self.whereabouts(auth["pid"])
        if self._elsewhere.environ.get(eio_sid) is None or not self.is_open(eio_sid):
            return
        if node and self.application.admits(eio_sid):
            answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

            def answer(recovered: bool) -> None:
                if recovered and eio_sid in self._elsewhere.environ:
                    environ = self._elsewhere.environ[eio_sid]
                    self._welcome(eio_sid, self._visiting().admit_recovered(eio_sid, environ, auth, auth["pid"]))
                if not answered.done():
                    answered.set_result(recovered)

            environ = self._elsewhere.environ[eio_sid]
            asked = self._visiting().recovery_request(eio_sid, environ, auth["pid"], auth.get("offset"))
            edge.recover(eio_sid, node, asked, answer)
            if await answered or not self.is_open(eio_sid):
                return
        waits = super()._control(eio_sid, data)
        if waits is not None:
            await waits

    # What visitors ask

    def run_visitor(self, visitor_id: str, caller: Any, packet: str) -> Awaitable[None] | None:
        """Run a request of another node's connection, and answer it."""
        return super()._received(visitor_id, caller, packet)

    def close_later(self, connection: str) -> None:
        """Of a visitor, its own node knows whether it has seats elsewhere."""
        if not is_visitor(connection):
            super().close_later(connection)
        elif self._owner is not None:
            self._owner.close_later(connection)

    # The edge's sockets (`server.cluster.edge.Sockets`)

    def run(self, sid: str, packet: str) -> Awaitable[None] | None:
        """Run a request here, whose room has come here."""
        connection = self._live.get(sid)
        return super()._received(sid, connection, packet) if connection is not None else None

    def refuse(self, sid: str, packet: str, why: Refused) -> None:
        """Answer a request that is not run."""
        if sid not in self._live:
            return
        try:
            ack_id, event, _ = read_event(packet)
        except Unread as unread:
            ack_id, event = unread.ack_id, unread.event
        except BadPacket:
            self.close(sid, POLICY_VIOLATION)
            return
        self._acknowledge(sid, event, ack_id, self._visiting().refuse(why))

    def facts(self, sid: str) -> bytes:
        """What an owner has to know of a connection."""
        return self._visiting().facts(self._live[sid])

    def seats_changed(self, sid: str) -> None:
        """A connection has taken its first seat elsewhere, or let go of its last."""
        self._visiting().seats_changed(sid)

    def hold(self, sid: str, room_id: str, participant_id: str, seen: tuple[str, int]) -> None:
        """A room that was elsewhere is here, and a connection held a seat in it."""
        if not self._visiting().hold(sid, room_id, participant_id, seen):
            self.close(sid, 1012)

    def hold_door(self, sid: str, room_id: str, knock_id: str) -> None:
        """The same, of one that waits at its door."""
        if not self._visiting().hold_door(sid, room_id, knock_id):
            self.close(sid, 1012)


async def _nowhere(_: str) -> str | None:
    return None


def _event_of(packet: str) -> str:
    try:
        return read_event(packet)[1]
    except (BadPacket, Unread):
        return ""
