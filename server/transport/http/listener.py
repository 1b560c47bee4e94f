"""Where connections come in: they are shown to aiohttp with the head of their first request, and not before.

aiohttp waits for a head without an end, and keeps a parser and a task meanwhile. Here a connection that says nothing,
or dribbles, costs a file descriptor and half a kilobyte, for ten seconds at most; and the oldest of them goes at once
where one address has many, or where descriptors run out. So whoever says what they want always gets in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from aiohttp import web

from server.security.descriptors import Descriptors
from server.transport.engineio.deadlines import Deadlines
from server.transport.engineio.direct import Taken
from server.transport.engineio.turns import Turns

HEAD_TIMEOUT_S = 10.0
"""How long the head of a connection's first request may take. Later ones end with aiohttp's keep-alive timeout."""

MAX_HEAD_BYTES = 16_384
"""A longer head goes to aiohttp as it is, which refuses it."""

MAX_SILENT_PER_ADDRESS = 100
"""Connections of one peer that have not said what they want; beyond it the oldest is closed for the newest."""

SILENT_S = 1.0
"""So long the oldest has to have been silent for that. Behind a proxy all have one address, and after a deploy hundreds
come in one moment, before any of them could be read."""

MAX_YOUNG_PER_ADDRESS = 1_024
"""So many may be silent where none has been for so long, and half of the descriptors are free."""

GO_FOR_ONE = 2
"""So many of an address that has too many go for one that comes: what came in one moment shrinks."""

BACKLOG = 2_048

MakeProtocol = Callable[[], asyncio.Protocol]


class Direct(Protocol):
    """What may have a connection before aiohttp (`server.transport.engineio.direct`)."""

    def take(self, transport: asyncio.Transport, data: bytes) -> Taken:
        """Take it, where it begins with a whole head that is meant for it."""


class Door:
    """Makes the first protocol of each connection; counts those that say nothing."""

    def __init__(
        self,
        make_protocol: MakeProtocol,
        descriptors: Descriptors,
        turns: Turns | None = None,
        direct: Direct | None = None,
    ) -> None:
        self._make_protocol = make_protocol
        self._direct = direct
        self.turns = Turns() if turns is None else turns
        self.descriptors = descriptors
        self.closed = 0
        """Connections that were closed before they had said anything, since the start."""
        self._waiting: Deadlines[_Newcomer] = Deadlines(HEAD_TIMEOUT_S, lambda newcomer: newcomer.turn_away())
        self._of_address: dict[str, dict[_Newcomer, None]] = {}
        self._oldest: dict[_Newcomer, None] = {}

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a connection that was accepted."""
        return _Newcomer(self)

    def __len__(self) -> int:
        return len(self._oldest)

    @property
    def backlog(self) -> int:
        """Connections that the system accepts before we do: all may come at once, so no more than descriptors allow."""
        limit = self.descriptors.limit
        return min(BACKLOG, max(16, (limit - self.descriptors.for_anybody) // 2)) if limit else BACKLOG

    def arrived(self, newcomer: _Newcomer, address: str) -> None:
        """A connection has come. Somebody who has come before and said nothing may have to go for it."""
        self.descriptors.opened()
        gone = 0
        while gone < GO_FOR_ONE and self._has_too_many(address):
            next(iter(self._of_address[address])).turn_away()
            gone += 1
        if not gone and self.descriptors.exhausted and self._oldest:
            next(iter(self._oldest)).turn_away()
        self._of_address.setdefault(address, {})[newcomer] = None
        self._oldest[newcomer] = None
        self._waiting.add(newcomer)

    def _has_too_many(self, address: str) -> bool:
        of_address = self._of_address.get(address, {})
        if len(of_address) < MAX_SILENT_PER_ADDRESS:
            return False
        crowded = len(of_address) >= MAX_YOUNG_PER_ADDRESS or self.descriptors.scarce
        return crowded or next(iter(of_address)).is_silent()

    def let_in(self, transport: asyncio.Transport, head: bytes) -> None:
        """The first head of a connection is there, or what is none: give it to whom it belongs."""
        foregone = None
        if self._direct is not None:
            done, foregone = self._direct.take(transport, head)
            if done:
                return
        protocol = self._make_protocol()
        if foregone is not None:
            protocol.foregone = foregone  # type: ignore[attr-defined]  # a `runner.HttpConnection`
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(head)

    def close(self) -> None:
        """Close all who have said nothing: the server stops."""
        for newcomer in list(self._oldest):
            newcomer.turn_away()

    def gone(self, newcomer: _Newcomer) -> None:
        """It waits no more."""
        self._waiting.discard(newcomer)
        self._oldest.pop(newcomer, None)
        of_address = self._of_address.get(newcomer.address)
        if of_address is not None:
            of_address.pop(newcomer, None)
            if not of_address:
                del self._of_address[newcomer.address]


class _Newcomer(asyncio.Protocol):
    """A connection that has not said what it wants."""

    __slots__ = ("_came_at", "_door", "_head", "_transport", "address")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._came_at = time.monotonic()
        self.address = ""

    def is_silent(self) -> bool:
        """Whether it has had the time to say what it wants."""
        return time.monotonic() - self._came_at >= SILENT_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self._transport = transport  # type: ignore[assignment]  # TCP has one that reads and writes
        self._door.arrived(self, self.address)

    def data_received(self, data: bytes) -> None:
        """Bytes came; a whole head, what is none at all, and what is too long for one, is aiohttp's."""
        self._head += data
        head, transport = self._head, self._transport
        if transport is not None and (b"\r\n\r\n" in head or len(head) > MAX_HEAD_BYTES or not head[:1].isalpha()):
            self._door.gone(self)
            if self._door.turns.take():
                self._go_in()
            else:
                transport.pause_reading()
                self._door.turns.stand_in_line(self._wait_no_more)

    def _wait_no_more(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._go_in()

    def _go_in(self) -> None:
        """Hand the connection over, with what came."""
        transport, head, self._transport, self._head = self._transport, self._head, None, b""
        if transport is not None and not transport.is_closing():
            self._door.let_in(transport, head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._door.gone(self)
        self._transport = None

    def turn_away(self) -> None:
        """Close it."""
        self._door.gone(self)
        self._door.closed += 1
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()


class DoorSite(web.BaseSite):
    """Where an aiohttp runner listens: its connections come through a `Door`."""

    __slots__ = ("_address", "_door", "_make_door", "_shares_port")

    def __init__(
        self,
        runner: web.BaseRunner,
        host: str,
        port: int,
        descriptors: Descriptors,
        turns: Turns | None = None,
        direct: Direct | None = None,
        *,
        shares_port: bool = False,
    ) -> None:
        super().__init__(runner)
        self._address = host, port
        self._shares_port = shares_port
        self._make_door = partial(Door, descriptors=descriptors, turns=turns, direct=direct)
        self._door: Door | None = None

    @property
    def name(self) -> str:
        """The URL."""
        return "http://{}:{}".format(*self._address)

    async def start(self) -> None:
        """Listen. Raises `OSError`."""
        await super().start()
        # The runner has a server after its `setup`.
        door = self._door = self._make_door(self._runner.server)  # type: ignore[arg-type]
        self._server = await asyncio.get_running_loop().create_server(
            door, *self._address, backlog=door.backlog, reuse_address=True, reuse_port=self._shares_port or None
        )

    async def stop(self) -> None:
        """Listen no more, and close all who have said nothing."""
        await super().stop()
        if self._door is not None:
            self._door.close()
