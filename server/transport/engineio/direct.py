"""A WebSocket handshake as clients send it, answered straight from the head of a connection's first request.

aiohttp makes a handler, two tasks, a request, a route and a response for each request, which for a connection that is
a WebSocket from then on is half of what it costs to come in. Here its parser reads the head, with its limits, and the
engine asks the same questions in the same order as `http.Endpoint`. Whatever is not plain goes to aiohttp, head and
all, as if nobody had looked; and so does what is refused, with the refusal, so that it is answered and counted once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from functools import lru_cache
from inspect import isawaitable
from typing import Final, NamedTuple, Protocol

from aiohttp.http import HttpRequestParser, HttpVersion11, RawRequestMessage
from multidict import CIMultiDictProxy

from server.transport.engineio import handshake
from server.transport.engineio.core import Core
from server.transport.engineio.opening import PROTOCOL_VERSION, Opening, accepted
from server.transport.engineio.origins import OriginPolicy
from server.transport.engineio.session import Session

_QUERY: Final = re.compile(r"[A-Za-z0-9_.~=&-]{1,1024}")
"""A query without escapes: it means what it says."""

MAX_QUERIES: Final = 64
"""Queries whose meaning is remembered: most clients send the same one."""

_READ_BYTES: Final = 65_536


class DirectRequest(NamedTuple):
    """The head of a plain handshake."""

    method: str
    path: str
    query_string: str
    headers: CIMultiDictProxy[str]
    scheme: str
    host: str
    remote: str


class Taken(NamedTuple):
    """Whether a connection is a session's now. Where not, aiohttp gets it, with what it is to be refused with."""

    done: bool
    foregone: Exception | None = None


DONE: Final = Taken(True)
NOT_PLAIN: Final = Taken(False)


class Engine(Protocol):
    """What is asked of the engine."""

    origins: OriginPolicy
    transports: Iterable[str]

    def cookie_header(self, sid: str) -> dict[str, str]:
        """The Set-Cookie header of a handshake, where a cookie is asked for."""


class Direct:
    """Opens sessions from the heads of plain handshakes."""

    def __init__(self, engine: Engine, opening: Opening, core: Core) -> None:
        self._engine = engine
        self._opening = opening
        self._core = core
        self._begin = b""
        self._path = ""

    @property
    def path(self) -> str:
        """Where the engine answers; empty: nowhere yet."""
        return self._path

    @path.setter
    def path(self, path: str) -> None:
        self._path = path
        self._begin = f"GET {path}?".encode()

    def take(self, transport: asyncio.Transport, data: bytes) -> Taken:
        """Open a session, where `data` is a plain handshake and nothing speaks against it.

        `data` begins with the whole head of a connection's first request.
        """
        if not self._begin or not data.startswith(self._begin) or not self._opening.asks_at_once:
            return NOT_PLAIN
        parsed = _parse(data)
        if parsed is None:
            return NOT_PLAIN
        message, early = parsed
        request = self._plain(message, transport)
        key = handshake.valid_key(message.headers)
        if request is None or key is None or not self._engine.origins.permits(request):
            return NOT_PLAIN
        try:
            session, verdict = self._opening.begin(request, "websocket")
            if verdict is not None and isawaitable(verdict):
                # Nobody waits here; it is an ordinary function that should have been a coroutine function.
                session.gone()
                raise TypeError("the connect handler returned an awaitable")
            self._opening.settle(session, verdict)
        except Exception as refusal:
            return Taken(False, refusal)
        self._open(transport, request, key, session, early)
        return DONE

    def _plain(self, message: RawRequestMessage, transport: asyncio.Transport) -> DirectRequest | None:
        """The request, where it is a handshake of this protocol without anything unusual."""
        headers = message.headers
        path, _, query = message.path.partition("?")
        peer = transport.get_extra_info("peername")
        if (
            message.version != HttpVersion11
            or path != self._path
            or not _opens(query)
            or "websocket" not in self._engine.transports
            or not handshake.wants_websocket(headers)
            or "Expect" in headers
            or "Content-Length" in headers
            or "Transfer-Encoding" in headers
            or not isinstance(peer, tuple)
            or transport.get_extra_info("sslcontext") is not None
        ):
            return None
        return DirectRequest(message.method, path, query, headers, "http", headers["Host"], str(peer[0]))

    def _open(
        self, transport: asyncio.Transport, request: DirectRequest, key: str, session: Session, early: bytes
    ) -> None:
        headers = self._engine.origins.headers(request) | self._engine.cookie_header(session.sid)
        answer, make = accepted(self._core, session, request.headers, key, headers)
        # With the handshake packet, in one write.
        transport.write(answer + session.outbox.take_bytes())
        carrier = make(transport)
        transport.set_protocol(carrier)
        session.use(carrier)
        if early:
            carrier.data_received(early)


def _parse(data: bytes) -> tuple[RawRequestMessage, bytes] | None:
    """The head and what came behind it; None where it is none, or no upgrade."""
    parser = HttpRequestParser(None, asyncio.get_running_loop(), _READ_BYTES)
    try:
        messages, upgraded, early = parser.feed_data(data)
    except Exception:
        # Malformed, or with a body, for which the parser would need aiohttp's protocol.
        return None
    return (messages[0][0], early) if upgraded and len(messages) == 1 else None


@lru_cache(maxsize=MAX_QUERIES)
def _opens(query: str) -> bool:
    """Whether a query asks for a new session over a WebSocket, each thing once."""
    if _QUERY.fullmatch(query) is None:
        return False
    pairs = [part.partition("=") for part in query.split("&")]
    asked = {name: value for name, _, value in pairs}
    return (
        len(asked) == len(pairs)
        and asked.get("transport") == "websocket"
        and asked.get("EIO") == PROTOCOL_VERSION
        and "sid" not in asked
        and "j" not in asked
    )
