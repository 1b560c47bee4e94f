"""The owner: runs what connections of other nodes ask, as if they were its own, and sends them what is to be told.

To the rules and use cases a connection of another node is a `visitor`, with an id of its own. What is for many of them
leaves as one frame for each node.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple, Protocol

from rooms.errors import Refused
from server.cluster.frames import Frame, Kind, many_body, names_body, read_names
from server.cluster.links import Links
from server.cluster.requests import addressed
from server.cluster.rooms import Rooms

log = logging.getLogger(__name__)

# What passes with each message; a member of an enumeration is looked up each time.
_COMMAND: Final = int(Kind.COMMAND)
_ONE: Final = int(Kind.ONE)
_MANY: Final = int(Kind.MANY)

MARK: Final = "@"
"""Begins the id of every visitor, and of no connection of this node."""

MAX_VISITORS: Final = 100_000
MAX_BOUNCED: Final = 32
"""Rooms of one visitor that were not here when it asked, which are remembered."""


def is_visitor(connection: str) -> bool:
    """Whether a connection is another node's."""
    return connection[:1] == MARK


def _found_at(frame: Frame) -> int:
    return int.from_bytes(frame.body[:4], "little")


class Visitor(NamedTuple):
    """A connection of another node."""

    id: str
    node: str
    handle: int
    connection: Any
    """What the application made of it."""
    line: deque[Frame]
    """Commands that wait for the one that is run."""
    bounced: dict[str, int]
    """room → when its edge had last found the room, as of the newest command that was not run. What the edge sent about
    the room before it found it again is not run either, so that nothing overtakes that command."""


class Application(Protocol):
    """What runs what visitors ask."""

    def arrived(self, visitor_id: str, facts: bytes) -> Any:
        """A visitor is there; returns what the application makes of it. Raises `ValueError` where it makes no sense."""

    def recovered(self, visitor_id: str, asked: bytes) -> tuple[Any, Any]:
        """As `arrived`, of one who asks for its state; also what it missed, or None where that is not to be had."""

    def follow(self, visitor_id: str, missed: Any) -> None:
        """Send a visitor what it missed."""

    def departed(self, visitor_id: str) -> None:
        """It is gone."""

    def run(self, visitor_id: str, connection: Any, packet: str) -> Awaitable[None] | None:
        """Run a request of a visitor, and answer it."""

    def hold(self, visitor_id: str, room_id: str, participant_id: str, seen: tuple[str, int]) -> bool:
        """Give a visitor the seat that it held when the room's last owner went; false where it cannot be. `seen`: epoch
        and position up to which it was told everything.
        """

    def hold_door(self, visitor_id: str, room_id: str, knock_id: str) -> bool:
        """The same, of one that waits at its door."""

    def in_room(self, room_id: str) -> Iterable[str]:
        """All connections with a seat in a room, or at its door."""


class Owner:
    """The owner's part of one node, and the engine by which visitors are sent things."""

    def __init__(self, rooms: Rooms, links: Links, application: Application) -> None:
        self._rooms = rooms
        self._links = links
        self._application = application
        self.visitors: dict[str, Visitor] = {}
        """By their ids."""
        self._nodes: dict[str, dict[int, Visitor]] = {}
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self.ran = self.bounced = 0
        self.send = links.tell
        """Sends what must not be missed: node, kind, handle, number, body."""

    @property
    def count(self) -> int:
        """How many visitors there are."""
        return len(self.visitors)

    def stop(self) -> None:
        """Run nothing more."""
        for task in self._tasks:
            task.cancel()

    # What edges say

    def take(self, source: str, frame: Frame) -> None:
        """A frame of an edge."""
        if frame.kind == _COMMAND:
            self._take_command(source, frame)
            return
        if frame.kind == Kind.PRESENT:
            self._present(source, frame)
            return
        if frame.kind == Kind.RECOVER:
            self._recover(source, frame)
            return
        visitor = self._nodes.get(source, {}).get(frame.handle)
        if visitor is None:
            return
        if frame.kind == Kind.GONE:
            self._depart(visitor)
        else:
            self._line_up(visitor, frame)

    def _take_command(self, source: str, frame: Frame) -> None:
        visitors = self._nodes.get(source)
        visitor = None if visitors is None else visitors.get(frame.handle)
        if visitor is None:
            self._bounce(source, frame)
        else:
            self._line_up(visitor, frame)

    def _line_up(self, visitor: Visitor, frame: Frame) -> None:
        if visitor.line:
            visitor.line.append(frame)
        else:
            self._run_or_wait(visitor, frame)

    def _present(self, source: str, frame: Frame) -> None:
        if self._is_welcome(source, frame):
            visitor_id = self._new_id(source, frame)
            connection = self._application.arrived(visitor_id, frame.body)
            self._add(source, frame, visitor_id, connection)

    def _recover(self, source: str, frame: Frame) -> None:
        if not self._is_welcome(source, frame):
            self._links.tell(source, Kind.RECOVERED, frame.handle, 0)
            return
        visitor_id = self._new_id(source, frame)
        self._add(source, frame, visitor_id, None)  # so that it can be told of its seats
        connection, missed = self._application.recovered(visitor_id, frame.body)
        self._add(source, frame, visitor_id, connection)
        self._links.tell(source, Kind.RECOVERED, frame.handle, missed is not None)
        if missed is not None:
            self._application.follow(visitor_id, missed)

    def _is_welcome(self, source: str, frame: Frame) -> bool:
        return frame.handle not in self._nodes.setdefault(source, {}) and len(self.visitors) < MAX_VISITORS

    def _new_id(self, source: str, frame: Frame) -> str:
        # Another each time: what was to be told to a connection before it was presented anew is part of what it missed.
        return f"{MARK}{source}/{frame.handle}/{next(self._numbers)}"

    def _add(self, source: str, frame: Frame, visitor_id: str, connection: Any) -> None:
        visitor = Visitor(visitor_id, source, frame.handle, connection, deque(), {})
        self._nodes[source][frame.handle] = self.visitors[visitor_id] = visitor

    def _depart(self, visitor: Visitor) -> None:
        del self._nodes[visitor.node][visitor.handle]
        del self.visitors[visitor.id]
        visitor.line.clear()
        self._application.departed(visitor.id)

    def _run_or_wait(self, visitor: Visitor, frame: Frame) -> None:
        """Run a frame at once; where it has to wait, all that come after it on this connection wait in line."""
        waits = self._run(visitor, frame)
        if waits is not None:
            visitor.line.append(frame)
            task = asyncio.get_running_loop().create_task(self._in_line(visitor, waits))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _in_line(self, visitor: Visitor, waits: Awaitable[None] | None) -> None:
        line = visitor.line
        while True:
            try:
                if waits is not None:
                    await waits
            except Exception as error:
                log.error("A request of another node failed: %s", type(error).__name__)
            if line:
                line.popleft()
            if not line:
                return
            waits = self._run(visitor, line[0])

    def _run(self, visitor: Visitor, frame: Frame) -> Awaitable[None] | None:
        if frame.kind != _COMMAND:
            return self._hold(visitor, frame)
        packet = frame.body[4:].decode()
        asked = addressed(packet)
        if asked is None or (visitor.bounced and visitor.bounced.get(asked.room_id, -1) == _found_at(frame)):
            self._bounce(visitor.node, frame)
            return None
        if not self._rooms.is_here(asked.room_id):
            return self._run_later(visitor, frame, packet, asked.room_id, acknowledged=bool(asked.ack_id))
        return self._run_here(visitor, frame, packet, acknowledged=bool(asked.ack_id))

    def _run_here(self, visitor: Visitor, frame: Frame, packet: str, *, acknowledged: bool) -> Awaitable[None] | None:
        self.ran += 1
        waits = self._application.run(visitor.id, visitor.connection, packet)
        if acknowledged:
            return waits  # its acknowledgement says that it is over
        if waits is None:
            self._links.tell(visitor.node, Kind.DONE, visitor.handle, frame.number)
            return None
        return self._done_after(visitor, frame, waits)

    async def _done_after(self, visitor: Visitor, frame: Frame, waits: Awaitable[None]) -> None:
        try:
            await waits
        finally:
            self._links.tell(visitor.node, Kind.DONE, visitor.handle, frame.number)

    async def _run_later(
        self, visitor: Visitor, frame: Frame, packet: str, room_id: str, *, acknowledged: bool
    ) -> None:
        """The room may be about to be here."""
        if not await self._comes(room_id) or visitor.id not in self.visitors:
            while len(visitor.bounced) >= MAX_BOUNCED:
                del visitor.bounced[next(iter(visitor.bounced))]
            visitor.bounced[room_id] = _found_at(frame)
            self._bounce(visitor.node, frame)
            return
        waits = self._run_here(visitor, frame, packet, acknowledged=acknowledged)
        if waits is not None:
            await waits

    async def _comes(self, room_id: str) -> bool:
        try:
            await self._rooms.place(room_id, may_claim=False)
        except Refused:
            return False
        return self._rooms.is_here(room_id)

    def _bounce(self, node: str, frame: Frame) -> None:
        self.bounced += 1
        self._links.tell(node, Kind.BOUNCE, frame.handle, frame.number)

    async def _hold(self, visitor: Visitor, frame: Frame) -> None:
        room_id, who, *epoch = read_names(frame.body, 2 if frame.kind == Kind.KNOCKING else 3)
        here = self._rooms.is_here(room_id) or await self._comes(room_id)
        if not here:
            self._links.tell(visitor.node, Kind.MOVED, 0, 0, room_id.encode())
        elif visitor.id in self.visitors:
            held = (
                self._application.hold_door(visitor.id, room_id, who)
                if frame.kind == Kind.KNOCKING
                else self._application.hold(visitor.id, room_id, who, (epoch[0], frame.number))
            )
            if not held:
                self.close_session(visitor.id, 1012)

    # Rooms and nodes

    def moved(self, room_id: str, nodes: Iterable[str]) -> None:
        """A room runs here no more; `nodes` have members in it."""
        for node in nodes:
            self._links.tell(node, Kind.MOVED, 0, 0, room_id.encode())

    def nodes_in(self, room_id: str) -> set[str]:
        """The nodes with members in a room, or somebody at its door."""
        visitors = self.visitors
        return {visitors[one].node for one in self._application.in_room(room_id) if one in visitors}

    def node_gone(self, node: str) -> None:
        """A node is gone, and its connections with it: their seats wait for them."""
        for visitor in list(self._nodes.pop(node, {}).values()):
            self._nodes.setdefault(node, {})[visitor.handle] = visitor
            self._depart(visitor)
        self._nodes.pop(node, None)

    def missed(self, node: str) -> None:
        """Something that an edge said was missed: its connections are to be presented anew."""
        if self._nodes.get(node):
            self.node_gone(node)
            self._links.tell(node, Kind.RESET, 0)

    # What visitors are told; the engine's part for them.

    def knows(self, visitor_id: str) -> bool:
        """Whether a visitor is there."""
        return visitor_id in self.visitors

    def send_text(self, visitor_id: str, packet: bytes, kind: int = _ONE) -> None:
        """Send a packet to one."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            self._links.tell(visitor.node, kind, visitor.handle, 0, packet)

    def broadcast(self, connections: Iterable[str], packet: bytes, but: str | None = None) -> None:
        """Send a packet to all visitors among some connections: one frame for each node."""
        find: Callable[[str], Visitor | None] = self.visitors.get
        by_node: dict[str, list[int]] = {}
        for one in connections:
            visitor = find(one)
            if visitor is not None and one != but:
                by_node.setdefault(visitor.node, []).append(visitor.handle)
        for node, handles in by_node.items():
            if len(handles) == 1:
                self._links.tell(node, _ONE, handles[0], 0, packet)
            else:
                self._links.tell(node, _MANY, len(handles), 0, many_body(handles, packet))

    def close_session(self, visitor_id: str, code: int) -> None:
        """Close a visitor's transport."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            self._links.tell(visitor.node, Kind.CLOSE, visitor.handle, code)

    def close_later(self, visitor_id: str) -> None:
        """Close it, unless it holds a seat by then, wherever that is."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            self._links.tell(visitor.node, Kind.CLOSE_LATER, visitor.handle)

    def seated(self, visitor_id: str, room_id: str, participant_id: str, epoch: str, position: int) -> None:
        """A visitor has taken a seat."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            body = names_body(room_id, participant_id, epoch)
            self._links.tell(visitor.node, Kind.SEAT, visitor.handle, position & 0xFFFFFFFF, body)

    def unseated(self, visitor_id: str, room_id: str, participant_id: str) -> None:
        """It holds the seat no more."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            self._links.tell(visitor.node, Kind.UNSEAT, visitor.handle, 0, names_body(room_id, participant_id))

    def waits(self, visitor_id: str, room_id: str, knock_id: str, *, still: bool) -> None:
        """A visitor waits at the door of a room, or waits there no more."""
        visitor = self.visitors.get(visitor_id)
        if visitor is not None:
            kind = Kind.WAITS if still else Kind.WAITS_NOT
            self._links.tell(visitor.node, kind, visitor.handle, 0, names_body(room_id, knock_id))
