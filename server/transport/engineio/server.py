"""The engine as python-socketio sees it."""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from os import urandom
from typing import Any, Final

import engineio
from aiohttp import web
from engineio.packet import Packet

from server.transport.engineio import packets
from server.transport.engineio.budget import Budget
from server.transport.engineio.complaints import logger
from server.transport.engineio.core import Core, Stats
from server.transport.engineio.deflater import Deflater
from server.transport.engineio.direct import Direct
from server.transport.engineio.fan_out import FanOut
from server.transport.engineio.frames import NORMAL, SERVICE_RESTART
from server.transport.engineio.http import Endpoint
from server.transport.engineio.inbox import Receiver
from server.transport.engineio.last_packets import LastPackets
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.opening import Opening
from server.transport.engineio.origins import OriginPolicy
from server.transport.engineio.ports import Identified, RequestHead
from server.transport.engineio.recall import Recalls
from server.transport.engineio.sending import Reason
from server.transport.engineio.session import Session
from server.transport.engineio.turns import Turns

ID_BYTES: Final = 15
URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """An Engine.IO v4 server on aiohttp, in the place of the stock one under python-socketio.

    Takes the keywords of `engineio.AsyncServer`, and: `connect_timeout` (seconds until a session for which
    `mark_connected` was not called is closed; None = never), `limits`, `environ_headers` (names of further request
    headers to keep), `websocket_compression` (accept permessage-deflate, RFC 7692; off unless asked for), `origins` (a
    policy that others share, in place of `cors_allowed_origins`). JSONP is refused.

    A `message` handler may be an ordinary function: where it returns None, the message cost no task. Where it returns
    an awaitable, or is a coroutine function, later messages of that session wait for it, in order.
    """

    def __init__(
        self,
        *,
        connect_timeout: float | None = None,
        limits: EngineLimits | None = None,
        environ_headers: Iterable[str] = (),
        websocket_compression: bool = False,
        origins: OriginPolicy | None = None,
        **options: Any,
    ) -> None:
        if isinstance(options.get("logger", False), bool):
            options["logger"] = logger
        options["async_mode"] = "aiohttp"
        super().__init__(**options)
        self.limits = limits or EngineLimits()
        self.draining = False
        self.origins = origins or OriginPolicy(self.cors_allowed_origins, credentials=self.cors_credentials)
        self.admission: Callable[[str, RequestHead], None] | None = None
        """Asked with its id before a session is opened; may raise `Unwelcome`."""
        self.farewell: Callable[[str], None] | None = None
        """Told of each session that is gone, also of one that was not let in."""
        fan_out = FanOut(self.sockets)
        self.send_text: Final = fan_out.send_text
        self.broadcast: Final = fan_out.broadcast
        self.recall: Final = fan_out.recall
        self._last = LastPackets(self.limits.linger_s)
        self._core = Core(
            self.limits,
            handlers=self.handlers,
            on_gone=self._on_gone,
            max_payload=self.max_http_buffer_size,
            ping_interval_s=self.ping_interval + self.ping_interval_grace_period,
            ping_timeout_s=self.ping_timeout,
            connect_timeout_s=connect_timeout,
        )
        if websocket_compression:
            self._core.deflater = Deflater(self.limits)
        opening = Opening(self, self._core, environ_headers)
        self._endpoint = Endpoint(self, opening, self._last)
        self.direct = Direct(self, opening, self._core)
        """Takes connections with a plain WebSocket handshake, before aiohttp sees them."""

    # For applications.

    @property
    def session_count(self) -> int:
        """Sessions that are open or ending."""
        return len(self.sockets)

    @property
    def websocket_count(self) -> int:
        """Sessions that a WebSocket carries."""
        return sum(session.upgraded for session in self.sockets.values())

    @property
    def input(self) -> Budget:
        """Unfinished messages of all sessions, and those that wait for a command."""
        return self._core.input

    @property
    def output(self) -> Budget:
        """What waits for slow readers."""
        return self._core.output

    @property
    def recalls(self) -> Recalls:
        """Whom something waits for that was taken back."""
        return self._core.recalls

    @property
    def turns(self) -> Turns:
        """The line in which connections wait that have sent much at once."""
        return self._core.turns

    @property
    def stats(self) -> Stats:
        """Counters since the start."""
        return self._core.stats

    def send_answer(self, sid: str, text: str | bytes) -> None:
        """Send one message that is a part of a long answer: however much it is, it does not count as unread.

        The application awaits `caught_up` before it takes the client's next request. An unknown sid is ignored.
        """
        session = self.sockets.get(sid)
        if session is not None:
            session.send_answer(packets.message_frame(text))

    def is_behind(self, sid: str) -> bool:
        """Whether a part of an answer may not have left: `caught_up` then has something to wait for."""
        session = self.sockets.get(sid)
        return session is not None and session.is_behind

    async def caught_up(self, sid: str) -> None:
        """Return once a client has taken what it was sent, or is gone."""
        session = self.sockets.get(sid)
        if session is not None:
            await session.caught_up()

    def close_session(self, sid: str, code: int = NORMAL, reason: str = "") -> None:
        """Send what is queued, close the transport with this code, and run the disconnect event once."""
        session = self.sockets.get(sid)
        if session is not None:
            session.close(Reason.SERVER_DISCONNECT, code, reason)

    def mark_connected(self, sid: str) -> None:
        """The client has connected to a namespace: its connect timeout is off."""
        session = self.sockets.get(sid)
        if session is not None:
            session.mark_connected()

    def set_receiver(self, sid: str, receiver: Receiver | None) -> None:
        """From now on the messages of a session go to `receiver(message)`; with None, to the `message` handler again.

        It spares the hot path a look-up of what the application knows of the sid.
        """
        session = self.sockets.get(sid)
        if session is not None:
            session.inbox.receiver = receiver

    async def drain(self, code: int = SERVICE_RESTART) -> None:
        """Close all sessions with this code and wait for them, for a bounded time; new ones are refused with 503."""
        self.draining = True
        sessions: list[Session] = list(self.sockets.values())
        for session in sessions:
            session.close(Reason.SERVER_DISCONNECT, code)
        if sessions:
            closing = {asyncio.ensure_future(session.wait_closed()) for session in sessions}
            _, late = await asyncio.wait(closing, timeout=self.limits.drain_timeout_s)
            for waiting in late:
                waiting.cancel()
        # Clients answer the close frame; the connections of those that do not are cut by the closing deadline.
        await self._core.closing.until_empty(self.limits.close_timeout_s + 0.5)

    # The surface of the stock engine.

    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Answer on a path of the application, and drain when it shuts down."""
        path = "/" + engineio_path.strip("/")
        self.direct.path = path + "/"
        app.router.add_route("*", path + "/", self.handle_request)
        app.router.add_route("*", path, self.handle_request)
        app.on_shutdown.append(self._on_app_shutdown)

    async def handle_request(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to one HTTP request on the engine's path."""
        return await self._endpoint.handle(request)

    async def send_packet(self, sid: str, pkt: Packet) -> None:
        """Send a packet of python-engineio."""
        session = self.sockets.get(sid)
        if session is not None:
            session.send_frame(packets.packet_frame(pkt.encode()))

    async def disconnect(self, sid: str | None = None) -> None:
        """Close one session, or all, and return after their disconnect events."""
        sessions = list(self.sockets.values()) if sid is None else [self.sockets.get(sid)]
        for session in sessions:
            if session is not None:
                session.close(Reason.SERVER_DISCONNECT)
        for session in sessions:
            if session is not None:
                await session.wait_closed()

    async def shutdown(self) -> None:
        """Close all sessions and stop all clocks."""
        await self.drain()
        for task in list(self._core.tasks):
            if task is not asyncio.current_task():
                task.cancel()
        self._core.stop_clocks()
        self._last.clear()

    async def _on_app_shutdown(self, _: web.Application) -> None:
        await self.shutdown()

    # For the endpoint.

    def open_session(self, sid: str) -> Session | None:
        """The session of this id that is open."""
        session: Session | None = self.sockets.get(sid)
        return session if session is not None and session.connected else None

    def generate_id(self) -> str:
        """A new session id: 120 random bits, as python-engineio writes its own."""
        return b2a_base64(urandom(ID_BYTES), newline=False).translate(URL_SAFE).decode()

    def cookie_header(self, sid: str) -> dict[str, str]:
        """The Set-Cookie header of a handshake, where a cookie is asked for."""
        if not self.cookie:
            return {}
        attributes = self.cookie
        if not isinstance(attributes, dict):
            attributes = {"name": attributes, "path": "/", "SameSite": "Lax"}
        return {"Set-Cookie": self._generate_sid_cookie(sid, attributes)}

    def compresses(self, size: int) -> bool:
        """Whether a polling response of so many bytes is worth compressing."""
        return bool(self.http_compression and self.compression_threshold <= size <= self.limits.compressed_body_bytes)

    def _on_gone(self, session: Identified) -> None:
        if self.sockets.get(session.sid) is session:
            del self.sockets[session.sid]
        if self.farewell is not None:
            self.farewell(session.sid)
