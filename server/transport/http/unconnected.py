"""A connection that is none: behind it an ordinary HTTP handler answers a request that another node sent.

What is short comes whole and goes whole, in one frame each way. What is longer comes and goes in parts, no faster than
the handler takes it, or whoever asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from server.cluster import http
from server.cluster.flows import PART_BYTES, WINDOW_BYTES, Flows, Inflow, Outflow
from server.cluster.frames import BadBatch, Frame, Kind
from server.cluster.http import Asked

WHOLE_BYTES: Final = PART_BYTES
"""Of a body, and of an answer with its head: what is longer goes in parts."""

LAST_CHUNK: Final = b"0\r\n\r\n"

OnOver = Callable[[tuple[str, int]], None]
Tell = Callable[[tuple[str, int], Kind, int, bytes], None]


class Unconnected(asyncio.Transport):
    """What a handler of HTTP connections takes for one: what it writes until it closes is an answer."""

    def __init__(self, key: tuple[str, int], asked: Asked, window: int, flows: Flows, tell: Tell) -> None:
        super().__init__({"peername": (asked.remote, 0)})
        self._key = key
        """Which node asked, and its number of the request."""
        self._asked = asked
        self._flows = flows
        self._tell = tell
        self._protocol: asyncio.Protocol = asyncio.Protocol()
        self._body = None if asked.is_whole else Inflow(0, lambda more: tell(key, Kind.MORE_BODY, more, b""))
        self._admitted = False
        self._reading = True
        self._held = bytearray()
        """Of the answer, until it is whole or too long for one frame."""
        self._window = window
        self._out: Outflow | None = None
        self._high = self._low = 0
        self._paused = False
        self._closing = self._over = False
        self.on_over: OnOver = lambda key: None

    # The request

    def begin(self, protocol: asyncio.Protocol) -> None:
        """Have it answered by this."""
        self._protocol = protocol
        protocol.connection_made(self)
        protocol.data_received(http.as_http(self._asked) + self._framed(self._asked.body))
        self._asked = self._asked._replace(body=b"")

    def admit(self) -> None:
        """It is answered here, and nowhere else: the rest of the body may come."""
        if self._body is not None and not self._admitted:
            self._admitted = True
            self._body.on_change = self._take
            self._body.allow(WINDOW_BYTES)

    def told(self, frame: Frame) -> None:
        """What the node that asked says of this request."""
        if frame.kind == Kind.CANCEL:
            self.abort()
        elif frame.kind == Kind.MORE_ANSWER:
            if self._out is not None:
                self._out.grant(frame.number)
        elif self._body is not None:
            try:
                self._body.put(frame.number, frame.body)
            except BadBatch:
                self.abort()

    @property
    def in_parts(self) -> bool:
        """Whether parts of the body, or of the answer, are on their way."""
        return self._body is not None or self._out is not None

    def _take(self) -> None:
        body = self._body
        while body is not None and self._reading and not self._closing:
            part = body.take()
            if not part:
                if body.ended:
                    self._body = None
                    self._protocol.data_received(LAST_CHUNK if self._asked.length is None else b"")
                return
            self._protocol.data_received(self._framed(part))

    def _framed(self, part: bytes) -> bytes:
        """As it goes over a connection (RFC 9112, sections 6.2 and 7.1)."""
        return b"%x\r\n%b\r\n" % (len(part), part) if part and self._asked.length is None else part

    def pause_reading(self) -> None:
        """Nothing more of the body, for now."""
        self._reading = False

    def resume_reading(self) -> None:
        """More of it."""
        if not self._reading:
            self._reading = True
            asyncio.get_running_loop().call_soon(self._take)

    def is_reading(self) -> bool:
        """Whether the body comes on."""
        return self._reading and not self._closing

    # The answer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """A part of the answer."""
        if self._closing:
            return
        if self._out is None:
            self._held += data
            if len(self._held) <= WHOLE_BYTES or not self._begin_parts():
                return
        else:
            self._out.write(data)
        if not self._paused and self.get_write_buffer_size() > self._high:
            self._paused = True
            self._protocol.pause_writing()

    def _begin_parts(self) -> bool:
        head, end, rest = bytes(self._held).partition(http.END_OF_HEAD)
        if not end:
            self.abort()
            return False
        self._tell(self._key, Kind.HEAD, 0, head + end)
        self._held.clear()
        out = self._out = Outflow(self._flows, self._key[0], Kind.PART, self._key[1], self._window)
        out.on_sent = self._sent
        out.write(rest)
        return True

    def _sent(self) -> None:
        out = self._out
        if out is not None and out.over:
            self._end()
        elif self._paused and self.get_write_buffer_size() <= self._low:
            self._paused = False
            self._protocol.resume_writing()

    def close(self) -> None:
        """The answer is whole."""
        if self._closing:
            return
        self._closing = True
        if self._out is not None:
            self._out.end()
        else:
            self._tell(self._key, Kind.RESPONSE, 0, bytes(self._held))
            self._end()

    def abort(self) -> None:
        """There will be none, or no more of it."""
        if self._over:
            return
        self._closing = True
        if self._out is not None:
            self._out.drop()
        self._tell(self._key, Kind.RESPONSE, 0, b"")
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._body = None
            self._held.clear()
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
            self.on_over(self._key)

    def is_closing(self) -> bool:
        """Whether there is nothing to write to any more."""
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """How much may wait before the handler is told to pause, and when it may go on."""
        self._high = high or 0
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_size(self) -> int:
        """What waits for whoever asked to take more."""
        return self._out.waiting if self._out is not None else 0

    def can_write_eof(self) -> bool:
        """There is no other end."""
        return False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Somebody else has it from now on."""
        self._protocol = protocol  # type: ignore[assignment]  # all that take part of a stream's are

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Whose it is."""
        return self._protocol
