"""How a session begins: whether there is room for it, whether the application lets it in, and on which carrier."""

from __future__ import annotations

from asyncio import CancelledError, Transport
from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any, Protocol

from multidict import MultiMapping

from server.transport.engineio import handshake, packets
from server.transport.engineio.compression import DeflatingCarrier
from server.transport.engineio.core import Core
from server.transport.engineio.deflate import negotiate
from server.transport.engineio.environ import make_environ
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.ports import Owner, RequestHead
from server.transport.engineio.refusals import Refusal, Refused
from server.transport.engineio.session import Session
from server.transport.engineio.websocket import WebSocketCarrier

PROTOCOL_VERSION = "4"


class Sessions(Protocol):
    """What is asked of the engine where a session begins."""

    limits: EngineLimits
    draining: bool
    admission: Callable[[str, Any], None] | None
    sockets: dict[str, Session]
    allow_upgrades: bool
    transports: Iterable[str]

    def generate_id(self) -> str:
        """A new session id."""


class Opening:
    """Begins the sessions of one engine."""

    def __init__(self, engine: Sessions, core: Core, environ_headers: Iterable[str]) -> None:
        self._engine = engine
        self._core = core
        self._environ_headers = tuple(environ_headers)
        self._asked: Any = None  # the connect handler that is known
        self._at_once = True
        self._rest: dict[bool, bytes] = {}

    def begin(self, request: RequestHead, transport: str) -> tuple[Session, Any]:
        """A new session with its handshake packet queued, and what the connect handler says, which may be awaitable.

        Raises `Refused` or `Unwelcome` where there is no room for it; then there is no session.
        """
        engine = self._engine
        if engine.draining or len(engine.sockets) >= engine.limits.sessions:
            raise Refused(Refusal.UNAVAILABLE)
        session = self._make(transport)
        if engine.admission is not None:
            try:
                engine.admission(session.sid, request)
            except Exception:
                session.gone()
                raise
        return session, self._ask(session, request)

    async def let_in(self, session: Session, waiting: Any) -> None:
        """As `settle`, where the connect handler takes its time."""
        try:
            verdict = await waiting
        except Exception as error:
            self._core.complaints.say("connect handler", error)
            verdict = False
        except CancelledError:
            session.gone()
            raise
        self.settle(session, verdict)

    def settle(self, session: Session, verdict: Any) -> None:
        """Let the client in where the connect handler said None or True. Raises `Refused`; then there is no session."""
        if verdict is not None and verdict is not True:
            session.gone()
            raise Refused(Refusal.FORBIDDEN, verdict if isinstance(verdict, str) else None)
        if not session.opened():
            raise Refused(Refusal.UNKNOWN_SID)

    @property
    def asks_at_once(self) -> bool:
        """Whether the connect handler is an ordinary function."""
        handler = self._core.handlers.get("connect")
        if handler is not self._asked:
            self._asked, self._at_once = handler, not iscoroutinefunction(handler)
        return self._at_once

    def _make(self, transport: str) -> Session:
        engine, core = self._engine, self._core
        sid = engine.generate_id()
        session = Session(core, sid)
        upgradable = transport == "polling" and engine.allow_upgrades and "websocket" in engine.transports
        session.outbox.add(packets.open_frame(sid, self._rest_of_open(upgradable=upgradable)))
        engine.sockets[sid] = session
        return session

    def _rest_of_open(self, *, upgradable: bool) -> bytes:
        """What the first packets of all sessions have in common."""
        rest = self._rest.get(upgradable)
        if rest is None:
            core = self._core
            rest = self._rest[upgradable] = packets.rest_of_open(
                upgrades=("websocket",) if upgradable else (),
                ping_interval_ms=round(core.pings.delay_s * 1000),
                ping_timeout_ms=round(core.pongs.delay_s * 1000),
                max_payload=core.max_payload,
            )
        return rest

    def _ask(self, session: Session, request: RequestHead) -> Any:
        handler = self._core.handlers.get("connect")
        if handler is None:
            return None
        try:
            return handler(session.sid, make_environ(request, self._environ_headers))
        except Exception as error:
            self._core.complaints.say("connect handler", error)
            return False


MakeCarrier = Callable[[Transport], WebSocketCarrier]


def accepted(core: Core, owner: Owner, asked: MultiMapping[str], key: str, lines: bytes) -> tuple[bytes, MakeCarrier]:
    """The 101 response to a request with this key, and what is to have its connection.

    `asked`: the headers of the request; `lines`: those of the response (`handshake.lines`), besides what is agreed on.
    """
    deflater, agreement = core.deflater, None
    if deflater is not None:
        agreement = negotiate(",".join(asked.getall("Sec-WebSocket-Extensions", ())))
    if deflater is None or agreement is None:
        return handshake.accept_response(key, lines), lambda transport: WebSocketCarrier(core, transport, owner)
    extensions = handshake.lines({"Sec-WebSocket-Extensions": agreement.response})
    answer = handshake.accept_response(key, lines + extensions)
    return answer, lambda transport: DeflatingCarrier(core, transport, owner, deflater, agreement)
