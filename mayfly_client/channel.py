"""Requests and events over one Socket.IO connection: acknowledged, bounded, in order. No room rules here.

Throughout this package waits are bounded by `asyncio.timeout`: before Python 3.12 `asyncio.wait_for` swallows a
cancellation that comes in the same moment as the result, and a call that was ended would go on.
"""

from __future__ import annotations

import asyncio
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from mayfly_client.link import Link

CONNECT_TIMEOUT_S = 10
ACK_TIMEOUT_S = 10.0
RESUME_WAIT_S = 30.0
DEFAULT_RETRY_WAIT_MS = 500
MAX_RETRY_WAIT_S = 5.0
RETRIED = ("RATE_LIMITED", "SERVER_DRAINING", "UNAVAILABLE", "INTERNAL_ERROR")
"""A full room is retryable as well, but waiting for somebody to leave is for people to decide."""
MAX_TRIES = 4
MAX_EVENTS_WAITING = 4096
RECONNECT_DELAY_S, MAX_RECONNECT_DELAY_S = 0.5, 5.0
JITTER = 0.5
"""A delay is longer or shorter by up to so much of itself, so that not all clients of a server come in one moment."""


class Unreachable(Exception):
    """No Socket.IO server answered at the link's address, or it stopped answering."""


class Refused(Exception):
    """The server refused a request: its error `code` and message (protocol, "Error codes")."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Channel:
    """A connection that comes back by itself. `events` yields `(event, payload)` in the order of arrival.

    `("connect", {})` is put among the events whenever the connection has come back: the seat must then be resumed
    and `ready` set before ordinary requests go out again.
    """

    def __init__(self, link: Link, query: str = "") -> None:
        self._link = link
        self._query = f"?{query}" if query else ""
        self._pending: set[asyncio.Future[tuple[Any, ...]]] = set()
        self._opened = False
        self.events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(MAX_EVENTS_WAITING)
        self.dropped_events = 0
        self.reconnects = 0
        self.ready = asyncio.Event()
        self._sio = socketio.AsyncClient(
            handle_sigint=False,
            reconnection_delay=RECONNECT_DELAY_S,
            reconnection_delay_max=MAX_RECONNECT_DELAY_S,
            randomization_factor=JITTER * RECONNECT_DELAY_S,
        )
        self._sio.on("connect", self._on_connect)
        self._sio.on("connect_error", self._on_connect_error)
        self._sio.on("disconnect", self._on_disconnect)
        self._sio.on("*", self._on_event)

    @property
    def transport(self) -> str | None:
        """`websocket` or `polling`; `None` while there is no connection."""
        return self._sio.transport() if self._sio.connected else None

    async def open(self) -> None:
        """Connect. Raises `Unreachable`."""
        try:
            await self._sio.connect(
                self._link.origin + self._query,
                socketio_path=self._link.socket_path,
                wait_timeout=CONNECT_TIMEOUT_S,
            )
        except SocketIOError as error:
            raise Unreachable(str(error) or "no connection") from error
        self._opened = True

    async def close(self) -> None:
        """Disconnect for good."""
        await self._sio.shutdown()

    async def request(self, event: str, fields: dict[str, Any], *, when_ready: bool = True) -> dict[str, Any]:
        """Send one request and return its `data`. Raises `Refused`, or `Unreachable` where no answer came.

        A request whose reply is lost with the connection, or that was refused for a moment only (`RETRIED`), is
        sent again, `MAX_TRIES` times in all.
        """
        refused: Refused | None = None
        for _ in range(MAX_TRIES):
            try:
                if when_ready:
                    async with asyncio.timeout(RESUME_WAIT_S):
                        await self.ready.wait()
                reply = await self._exchange(event, fields)
            except (SocketIOError, ConnectionError, TimeoutError):
                if not when_ready:
                    break
                continue
            if reply.get("ok"):
                data = reply.get("data")
                return data if isinstance(data, dict) else {}
            error = reply.get("error") or {}
            refused = Refused(str(error.get("code", "INTERNAL_ERROR")), str(error.get("message", "")))
            if refused.code not in RETRIED:
                raise refused
            waited_ms = error.get("retryAfterMs") or DEFAULT_RETRY_WAIT_MS
            await asyncio.sleep(min(waited_ms / 1000, MAX_RETRY_WAIT_S))
        raise refused or Unreachable(f"no answer to {event}")

    async def _exchange(self, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        replied: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()
        self._pending.add(replied)
        try:
            await self._sio.emit(event, fields, callback=lambda *reply: _resolve(replied, reply))
            async with asyncio.timeout(ACK_TIMEOUT_S):
                reply = await replied
        finally:
            self._pending.discard(replied)
        return reply[0] if reply and isinstance(reply[0], dict) else {}

    def _on_connect(self) -> None:
        self._sio.randomization_factor = JITTER * RECONNECT_DELAY_S
        if self._opened:
            self.reconnects += 1
            self._on_event("connect", {})

    def _on_connect_error(self, *_: Any) -> None:
        # The library adds up to so many seconds, however long the delay, and doubles the delay alone.
        most = JITTER * MAX_RECONNECT_DELAY_S
        self._sio.randomization_factor = min(2 * self._sio.randomization_factor, most)

    def _on_disconnect(self, *_: Any) -> None:
        self.ready.clear()
        for replied in self._pending:
            if not replied.done():
                replied.set_exception(ConnectionError("the connection was lost"))

    def _on_event(self, event: str, *arguments: Any) -> None:
        payload = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        if self.events.full():
            self.dropped_events += 1
            return
        self.events.put_nowait((event, payload))


def _resolve(replied: asyncio.Future[tuple[Any, ...]], reply: tuple[Any, ...]) -> None:
    if not replied.done():
        replied.set_result(reply)
