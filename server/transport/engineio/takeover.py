"""Takes a connection away from aiohttp once it has become a WebSocket.

aiohttp keeps a request, its headers, a parser, two tasks and a handler's frame for as long as a handler runs. None of
it is needed after the 101 response, and with thousands of idle connections it is most of the memory. So the transport
gets a protocol of ours, aiohttp's is told that its connection is gone, and the request handler returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

MAX_EARLY_BYTES = 65_536
"""aiohttp reads no more than this behind a request that it has not answered; it only matters after a refusal."""

P = TypeVar("P")
"""An `asyncio.Protocol`, whether or not it says so."""


def take_over(
    request: web.BaseRequest, head: bytes, make_protocol: Callable[[asyncio.Transport], P]
) -> tuple[P, Detached]:
    """Write `head`, give the connection to a new protocol, and what the client sent early with it.

    Returns the protocol and the response that the request handler must return. Raises `ConnectionResetError` where
    the client has left.
    """
    handler = request.protocol
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has left")
    early = _Early()
    handler.set_parser(early)  # type: ignore[arg-type]  # gives what came after the request
    transport.write(head)
    protocol = make_protocol(transport)
    transport.set_write_buffer_limits()  # as ever, whatever they were for HTTP
    transport.set_protocol(cast(asyncio.Protocol, protocol))
    handler.transport = None
    return protocol, Detached(handler, bytes(early.data))


def refuse(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Close the connection after this response, and read nothing that came behind the request.

    A client that takes its WebSocket for granted sends frames at once; aiohttp would parse them as HTTP, and log them.
    """
    if request.transport is not None:
        request.protocol.set_parser(_Early())  # type: ignore[arg-type]
    response.force_close()


class Detached(web.StreamResponse):
    """The response to a request whose connection is no longer aiohttp's: nothing of it is written."""

    def __init__(self, handler: web.RequestHandler, early: bytes) -> None:
        super().__init__(status=101)
        self._handler: web.RequestHandler | None = handler
        self.early = early
        """What the client sent behind its request."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write no headers."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write no body; let go of the connection."""
        handler, self._handler = self._handler, None
        if handler is not None:
            asyncio.get_running_loop().call_soon(handler.connection_lost, None)


class _Early:
    """Takes the bytes that aiohttp read behind the request, in the place of its WebSocket parser."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        if len(self.data) < MAX_EARLY_BYTES:
            self.data += data
        return False, b""

    def feed_eof(self) -> None:
        return None
