"""Commands to Redis over one connection: those of a loop turn in one write, replies matched in order.

redis-py costs five times as much for each command, so what a room's every change needs goes this way (decision 0060).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import hiredis

from storage.redis.address import RedisAddress, address_of

log = logging.getLogger(__name__)

RECONNECT_FIRST_S = 0.05
RECONNECT_LONGEST_S = 0.5
CONNECT_TIMEOUT_S = 2.0
STEADY_S = 5.0
"""A connection that took writes for so long was one to a primary."""

STALLED_S = 10.0
"""A connection on which replies are due, and none has come for so long, is given up for a new one."""

READ_ONLY = "READONLY You can't write"
"""What a replica says to a write, alone or within what a script says."""

MAX_IN_FLIGHT = 100_000
"""Commands without a reply; more are not taken."""

Argument = bytes | str | int | float
OnReply = Callable[[Any], None]
"""Told the reply; or the exception: `RedisRefused` where Redis said no, `RedisGone` where nobody knows."""


class RedisGone(ConnectionError):
    """There is no connection, or it broke before the reply: whether the command was run is not known."""


class RedisRefused(Exception):
    """Redis answered with an error."""


def _resolve(future: asyncio.Future[Any], reply: Any) -> None:
    if future.done():
        return
    if isinstance(reply, Exception):
        future.set_exception(reply)
    else:
        future.set_result(reply)


class _Link(asyncio.Protocol):
    """One connection, as its pipeline sees it."""

    def __init__(self, pipeline: RedisPipeline) -> None:
        self._pipeline = pipeline
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._pipeline.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipeline.lost(self)


class RedisPipeline:
    """A connection that comes back by itself. Nothing is sent twice: who is told `RedisGone` may repeat it."""

    def __init__(self, url: str | RedisAddress, *, name: str = "mayfly") -> None:
        self._address = address_of(url) if isinstance(url, str) else url
        self._name = name
        self._link: _Link | None = None
        self._reader = hiredis.Reader()
        self._waiting: deque[OnReply] = deque()
        self._out: list[bytes] = []
        self._flushing = False
        self._keeper: asyncio.Task[None] | None = None
        self._broken = asyncio.Event()
        self._up = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop  # from `open` on
        self._answered_at = 0.0
        self._read_only = False
        self.on_up: list[Callable[[], None]] = []
        """Each is called when a connection is there, the first one included."""
        self.on_down: list[Callable[[], None]] = []
        """Each is called when one is lost, after all who waited for replies were told."""

    @property
    def up(self) -> bool:
        """Whether there is a connection that takes commands."""
        return self._up.is_set()

    @property
    def in_flight(self) -> int:
        """Commands whose reply has not come."""
        return len(self._waiting)

    @property
    def silent_s(self) -> float:
        """For how long replies have been due without any coming; 0 where none is."""
        return self._loop.time() - self._answered_at if self._waiting else 0.0

    async def open(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Connect, and stay connected from then on. Raises `RedisGone` where nothing answers in time."""
        if self._keeper is None:
            self._loop = asyncio.get_running_loop()
            self._keeper = self._loop.create_task(self._keep())
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError:
            raise RedisGone("Redis does not answer.") from None

    async def close(self) -> None:
        """Let go of the connection for good."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        if self._link is not None:
            self._flush()
            self._drop(self._link)

    def call(self, on_reply: OnReply, *command: Argument) -> None:
        """Send a command at the end of this loop turn, and have its reply told, also where it is an exception."""
        if not self._up.is_set() or len(self._waiting) >= MAX_IN_FLIGHT:
            asyncio.get_running_loop().call_soon(on_reply, RedisGone("There is no connection to Redis."))
            return
        self._queue(on_reply, command)

    def send(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command at the end of this loop turn; the future has its reply or its exception."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.call(partial(_resolve, future), *command)
        return future

    # -- inside

    def _queue(self, on_reply: OnReply, command: tuple[Argument, ...]) -> None:
        if not self._waiting:
            self._answered_at = self._loop.time()
        self._waiting.append(on_reply)
        self._out.append(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says: one argument
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        out, self._out = self._out, []
        if out and self._link is not None and self._link.transport is not None:
            self._link.transport.write(b"".join(out))

    def received(self, link: _Link, data: bytes) -> None:
        """Bytes of a connection."""
        if link is not self._link:
            return
        self._answered_at = self._loop.time()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                on_reply = self._waiting.popleft()
                if isinstance(reply, hiredis.ReplyError):
                    on_reply(RedisRefused(str(reply)))
                    self._leave_replica(link, str(reply))
                else:
                    on_reply(reply)
        except (hiredis.ProtocolError, IndexError):
            log.error("What Redis sent cannot be read; connecting again.")
            self._drop(link)

    def _leave_replica(self, link: _Link, refused: str) -> None:
        """Another has become the primary, and this connection stayed: the address leads to that one by now, or soon."""
        if READ_ONLY in refused and link is self._link:
            self._read_only = True
            self._drop(link)

    def lost(self, link: _Link) -> None:
        """A connection is over."""
        if link is self._link:
            self._drop(link)

    def _drop(self, link: _Link) -> None:
        was_up = self._up.is_set()
        self._link = None
        self._up.clear()
        self._out.clear()
        self._reader = hiredis.Reader()
        waiting, self._waiting = self._waiting, deque()
        if link.transport is not None:
            link.transport.close()
        for on_reply in waiting:
            on_reply(RedisGone("The connection to Redis broke."))
        self._broken.set()
        if was_up:
            for listener in self.on_down:
                listener()

    async def _keep(self) -> None:
        pause = RECONNECT_FIRST_S
        while True:
            self._broken.clear()
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await self._connect()
            except (OSError, TimeoutError, RedisRefused) as problem:
                if isinstance(problem, RedisRefused):
                    log.error("Redis refuses the connection: %s", problem)
                if self._link is not None:
                    self._drop(self._link)
                await asyncio.sleep(pause)
                pause = min(2 * pause, RECONNECT_LONGEST_S)
                continue
            since = self._loop.time()
            await self._watch()
            if not self._read_only or self._loop.time() - since > STEADY_S:
                pause = RECONNECT_FIRST_S
            if not self._read_only:
                continue
            if pause == RECONNECT_FIRST_S:
                log.warning("Redis is a replica now, which takes no writes; connecting again until it is none.")
            self._read_only = False
            await asyncio.sleep(pause)
            pause = min(2 * pause, RECONNECT_LONGEST_S)

    async def _connect(self) -> None:
        address = self._address
        link = _Link(self)
        if address.path:
            await self._loop.create_unix_connection(lambda: link, address.path)
        else:
            await self._loop.create_connection(lambda: link, address.host, address.port, ssl=address.ssl)
        self._link = link
        greetings = [*address.greetings, ("CLIENT", "SETNAME", self._name)]
        replies: list[asyncio.Future[Any]] = [self._greet(command) for command in greetings]
        await asyncio.gather(*replies)
        self._up.set()
        for listener in self.on_up:
            listener()

    def _greet(self, command: tuple[str, ...]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue(partial(_resolve, future), command)
        return future

    async def _watch(self) -> None:
        """Return once the connection is over; one that has stalled is ended here."""
        while self._link is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STALLED_S / 4):
                    await self._broken.wait()
            if self._link is not None and self.silent_s > STALLED_S:
                log.warning("Redis has not answered for %.0f s; connecting again.", self.silent_s)
                self._drop(self._link)
