"""Bodies on their way from one node to another, in parts.

Each goes on as far as its receiver takes it, which says so beforehand; all of them to one node take turns, a part each;
and together they have so little on their way that whatever else the nodes tell each other comes through at once. A part
says how much went before it, so that one which was lost is noticed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from server.cluster.frames import BadBatch, Kind
from server.cluster.links import Links

PART_BYTES: Final = 65_536
"""Of a body in one frame. One that is no longer is no body in parts."""

WINDOW_BYTES: Final = 262_144
"""What a node takes of a body before it says that it takes more: as much of it may lie there at a time."""

_MODULO: Final = 0xFFFFFFFF


class Outflow:
    """A body that is sent to another node."""

    __slots__ = (
        "_data",
        "_ended",
        "_flows",
        "_handle",
        "_kind",
        "_node",
        "_sent",
        "credit",
        "in_line",
        "on_sent",
        "over",
    )

    def __init__(self, flows: Flows, node: str, kind: Kind, handle: int, credit: int) -> None:
        self._flows, self._node, self._kind, self._handle = flows, node, kind, handle
        self._data = bytearray()
        self._sent = 0
        self._ended = False
        self.credit = credit
        """How many bytes more its receiver takes."""
        self.in_line = False
        self.over = False
        """Whether its end was sent, or nothing more of it is."""
        self.on_sent: Callable[[], None] = _nothing
        """Called when a part of it was sent, or its receiver takes more."""

    @property
    def waiting(self) -> int:
        """Bytes that were not sent yet."""
        return len(self._data)

    @property
    def is_ready(self) -> bool:
        """Whether there is something that may be sent."""
        if self.over:
            return False
        return self.credit > 0 if self._data else self._ended

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send this, as soon as may be."""
        if not self.over:
            self._data += data
            self._flows.line_up(self, self._node)

    def end(self) -> None:
        """There is no more of it."""
        self._ended = True
        self._flows.line_up(self, self._node)

    def grant(self, more: int) -> None:
        """Its receiver takes so many bytes more."""
        self.credit += more
        self._flows.line_up(self, self._node)
        self.on_sent()

    def drop(self) -> None:
        """Send no more of it."""
        self.over = True
        self._data.clear()

    async def drained(self) -> None:
        """Return once all of it was sent, and its receiver takes more."""
        while self._data or self.credit <= 0:
            sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.on_sent = partial(_wake, sent)
            await sent

    def step(self, links: Links) -> None:
        """Send one part."""
        with memoryview(self._data) as view:
            part = bytes(view[: min(PART_BYTES, self.credit)])
        del self._data[: len(part)]
        links.tell(self._node, self._kind, self._handle, self._sent & _MODULO, part)
        self._sent += len(part)
        self.credit -= len(part)
        self.over = not part
        self.on_sent()


class Flows:
    """All bodies that this node sends to others."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._lines: dict[str, deque[Outflow]] = {}
        links.on_taken = self.go_on

    def line_up(self, flow: Outflow, node: str) -> None:
        """Let it have its turns, if it has something to send."""
        if not flow.is_ready or flow.in_line:
            return
        flow.in_line = True
        self._lines.setdefault(node, deque()).append(flow)
        self.go_on(node)

    def go_on(self, node: str) -> None:
        """Send parts while the node has place for them, one of each body after the other."""
        line = self._lines.get(node)
        while line and self._links.has_place(node):
            flow = line.popleft()
            if flow.is_ready:
                flow.step(self._links)
            flow.in_line = flow.is_ready
            if flow.in_line:
                line.append(flow)

    def forget(self, node: str) -> None:
        """A node is gone; whoever sends bodies to it has dropped them."""
        self._lines.pop(node, None)


class Inflow:
    """A body that comes from another node. It holds what was not taken from it yet."""

    __slots__ = ("_allow", "_came", "_failure", "_parts", "_room", "_taken", "ended", "held", "on_change")

    def __init__(self, window: int, allow: Callable[[int], None]) -> None:
        self._allow = allow
        """Tells the other node that it may send so many bytes more."""
        self._room = window
        self._parts: deque[bytes] = deque()
        self._came = self._taken = 0
        self._failure: Exception | None = None
        self.held = 0
        """Bytes that have come, and were not taken."""
        self.ended = False
        """Whether all of it has come."""
        self.on_change: Callable[[], None] = _nothing

    def allow(self, more: int) -> None:
        """Have the other node send so many bytes more than it might until now."""
        self._room += more
        self._allow(more)

    def put(self, before: int, part: bytes) -> None:
        """A part of it has come, or its end. Raises `BadBatch` where one before it was missed, or it is too long."""
        if before != self._came & _MODULO or len(part) > self._room or self.ended:
            raise BadBatch("not the next part of a body")
        self._came += len(part)
        self._room -= len(part)
        self.held += len(part)
        self.ended = not part
        if part:
            self._parts.append(part)
        self.on_change()

    def take(self) -> bytes:
        """The next part; empty where none has come."""
        if not self._parts:
            return b""
        part = self._parts.popleft()
        self.held -= len(part)
        self._taken += len(part)
        if self._taken >= PART_BYTES and not self.ended:
            taken, self._taken = self._taken, 0
            self.allow(taken)
        return part

    def fail(self, why: Exception) -> None:
        """No more of it will come."""
        self._failure = why
        self.on_change()

    async def next(self) -> bytes:
        """The next part, once it is there; empty after the last. Raises what `fail` was given."""
        if not self._parts and not self.ended and self._failure is None:
            came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.on_change = partial(_wake, came)
            await came
        if self._failure is not None:
            raise self._failure
        return self.take()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _nothing() -> None:
    return None
