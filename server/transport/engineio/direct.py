"""A WebSocket handshake as clients send it, answered straight from the head of a connection's first request: of a new
session, or of one that upgrades from polling.

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
from typing import Any, Final, NamedTuple, Protocol, cast

from aiohttp import hdrs
from aiohttp.http import HttpRequestParser, HttpVersion, HttpVersion11
from multidict import CIMultiDictProxy

from server.transport.engineio import handshake
from server.transport.engineio.core import Core
from server.transport.engineio.opening import PROTOCOL_VERSION, Opening, accepted
from server.transport.engineio.origins import OriginPolicy
from server.transport.engineio.ports import Owner
from server.transport.engineio.session import Session
from server.transport.engineio.upgrade import Probe
from server.transport.engineio.websocket import WebSocketCarrier

_QUERY: Final = re.compile(r"[A-Za-z0-9_.~=&-]{1,1024}")
"""A query without escapes: it means what it says."""

MAX_QUERIES: Final = 64
"""Queries whose meaning is remembered: most clients send the same one."""

_READ_BYTES: Final = 65_536
_WEBSOCKET: Final = b"transport=websocket"
NEW: Final = ""
"""In the place of a session's id: there is none yet."""


class ParsedHead(Protocol):
    """What aiohttp's parser makes of a head: its class is another one in C than in Python."""

    method: str
    path: str
    version: HttpVersion
    headers: CIMultiDictProxy[str]


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
    allow_upgrades: bool

    def open_session(self, sid: str) -> Session | None:
        """The session of this id that is open."""

    def cookie_header(self, sid: str) -> dict[str, str]:
        """The Set-Cookie header of a handshake, where a cookie is asked for."""


class Direct:
    """Opens sessions, and lets them upgrade, from the heads of plain handshakes."""

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
        """Open a session, or upgrade one, where `data` is a plain handshake and nothing speaks against it.

        `data` begins with the whole head of a connection's first request.
        """
        if not self._begin or not data.startswith(self._begin) or _WEBSOCKET not in data[: data.find(b"\r\n")]:
            return NOT_PLAIN
        parsed = _parse(data)
        if parsed is None:
            return NOT_PLAIN
        message, early = parsed
        request = self._plain(message, transport)
        key = handshake.valid_key(message.headers)
        if request is None or key is None or not self._engine.origins.permits(request):
            return NOT_PLAIN
        sid = session_of(request.query_string)
        if sid:
            return self._upgrade(transport, request, key, sid, early)
        if sid is None or not self._opening.asks_at_once:
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

    def _plain(self, message: ParsedHead, transport: asyncio.Transport) -> DirectRequest | None:
        """The request, where it is a handshake of this protocol without anything unusual."""
        headers = message.headers
        path, _, query = message.path.partition("?")
        peer = transport.get_extra_info("peername")
        if (
            message.version != HttpVersion11
            or path != self._path
            or "websocket" not in self._engine.transports
            or not handshake.wants_websocket(headers)
            or hdrs.EXPECT in headers
            or hdrs.CONTENT_LENGTH in headers
            or hdrs.TRANSFER_ENCODING in headers
            or not isinstance(peer, tuple)
            or transport.get_extra_info("sslcontext") is not None
        ):
            return None
        return DirectRequest(message.method, path, query, headers, "http", headers[hdrs.HOST], str(peer[0]))

    def _open(
        self, transport: asyncio.Transport, request: DirectRequest, key: str, session: Session, early: bytes
    ) -> None:
        cookie = self._engine.cookie_header(session.sid)
        lines = handshake.lines(cookie) if cookie else b""
        # With the handshake packet, in one write.
        carrier = self._accept(transport, request, key, session, lines, session.outbox.take_bytes())
        session.use(carrier)
        if early:
            carrier.data_received(early)

    def _upgrade(self, transport: asyncio.Transport, request: DirectRequest, key: str, sid: str, early: bytes) -> Taken:
        session = self._engine.open_session(sid)
        if session is None or session.probe is not None or session.upgraded or not self._engine.allow_upgrades:
            return NOT_PLAIN
        probe = Probe(session)
        probe.carrier = carrier = self._accept(transport, request, key, probe)
        if early:
            carrier.data_received(early)
        return DONE

    def _accept(
        self,
        transport: asyncio.Transport,
        request: DirectRequest,
        key: str,
        owner: Owner,
        lines: bytes = b"",
        first: bytes = b"",
    ) -> WebSocketCarrier:
        """Answer 101, and give the connection to a WebSocket of `owner`. `lines` are headers, `first` frames."""
        lines = self._engine.origins.lines(request.headers.get(hdrs.ORIGIN)) + lines
        answer, make = accepted(self._core, owner, request.headers, key, lines)
        transport.write(answer + first)
        carrier = make(transport)
        transport.set_protocol(cast(asyncio.Protocol, carrier))
        return carrier


def _parse(data: bytes) -> tuple[ParsedHead, bytes] | None:
    """The head and what came behind it; None where it is none, or no upgrade."""
    parser: Any = HttpRequestParser(None, asyncio.get_running_loop(), _READ_BYTES)
    try:
        messages, upgraded, early = parser.feed_data(data)
    except Exception:
        # Malformed, or with a body, for which the parser would need aiohttp's protocol.
        return None
    return (messages[0][0], early) if upgraded and len(messages) == 1 else None


def session_of(query: str) -> str | None:
    """The session that a query asks for over a WebSocket, each thing once: its id, or `NEW`; None where it does not."""
    if "sid=" not in query:
        return NEW if _opens(query) else None
    if _QUERY.fullmatch(query) is None:
        return None
    pairs = [part.partition("=") for part in query.split("&")]
    asked = {name: value for name, _, value in pairs}
    plain = len(asked) == len(pairs) and asked.get("transport") == "websocket" and "j" not in asked
    return asked.get("sid") or None if plain else None


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
        and "sid" not in asked  # without a value
        and "j" not in asked
    )
