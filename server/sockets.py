"""Socket.IO: packets to requests, answers to packets. The hot path of python-socketio, over either engine.

What a client sends in the default namespace goes to the application as a call, in the order sent; all else
(CONNECT, DISCONNECT, other namespaces) is python-socketio's. Source: Socket.IO protocol v5.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol

import engineio
import orjson
import socketio

from server.engine import EngineLimits, EngineServer
from server.engine.packets import Head
from server.packets import MAX_PACKET_BYTES, BadPacket, Unread, loads, read_event
from server.replies import OUTCOMES, Outcome, Refusal, Reply, envelope

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 4 * 1_048_576
"""A transport message that is longer closes its connection (WebSocket 1009)."""

MAX_UNCONNECTED_BYTES = 16_384
"""The same before CONNECT, when nobody has a reason to send more than that."""

STOCK_DRAIN_S = 2.0
LINGER_S = 1.0
"""How long a connection that was put out may still have its requests answered before it is closed."""

POLICY_VIOLATION = 1008
SERVICE_RESTART = 1012


class Welcome(NamedTuple):
    """Who has connected, to the application; what CONNECT tells it besides its sid; what to do once it was told."""

    caller: Any
    private_id: str
    then: Any = None


class Application(Protocol):
    """What stands behind the sockets. A caller is what it made of a connection, for itself alone to look into."""

    def admits(self, connection_id: str) -> bool:
        """Whether a transport may send one more packet that is no request; asked before `connected`."""

    def connected(self, connection_id: str, environ: dict[str, Any], auth: Any) -> Welcome:
        """A client has connected to the default namespace."""

    def disconnected(self, connection_id: str) -> None:
        """It is gone, whatever the reason; told once. Its transport may stay, and connect again."""

    def closed(self, connection_id: str) -> None:
        """The transport is gone too."""

    request: Callable[[Any, str, list[Any]], Outcome | Awaitable[Outcome]]
    """Answers a request: caller, event, arguments."""

    too_large: Callable[[Any], Outcome]
    """Answers a request that was too long to be read."""

    unreadable: Callable[[Any], Outcome]
    """Answers a request whose JSON is nested too deep."""

    def seatless(self, connection_id: str) -> bool:
        """Whether the connection holds no seat."""


class SendToMany(Protocol):
    """How an encoded packet is sent to many."""

    def __call__(self, connections: Iterable[str], packet: bytes, but: str | None = None, /) -> None:
        """Send it."""


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """python-socketio with a call instead of a task for each event, and packets encoded once."""

    application: Application
    """Set by the composition root before the first connection."""

    send: SendToMany
    """Sends an encoded packet to each of these connections but one; the unknown are passed over."""

    send_one: Callable[[str, bytes], None]
    """The same to one connection."""

    def __init__(
        self,
        *,
        engine: str,
        connect_timeout_s: float,
        ws_compression: bool = False,
        limits: EngineLimits | None = None,
        **options: Any,
    ) -> None:
        self._engine_class = EngineServer if engine == "mayfly" else engineio.AsyncServer
        self._own_engine = engine == "mayfly"
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._live: dict[str, Any] = {}  # connection → caller
        self._tasks: set[asyncio.Task[Any]] = set()
        if self._own_engine:
            options["connect_timeout"] = connect_timeout_s
            options["websocket_compression"] = ws_compression
            options["limits"] = replace(
                limits or EngineLimits(), unconnected_bytes=MAX_UNCONNECTED_BYTES, kept_bytes=MAX_PACKET_BYTES
            )
        super().__init__(max_http_buffer_size=MAX_FRAME_BYTES, namespaces=["/"], **options)
        self.send, self.send_one = self._send_through_queues, self._send_through_queue
        if self._own_engine:
            self.eio.on("message", self._message)
            self.eio.on("disconnect", self._gone)
            self.send, self.send_one = self.eio.broadcast, self.eio.send_text

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return self._engine_class

    # Out

    def _send_through_queues(self, connections: Iterable[str], packet: bytes, but: str | None = None) -> None:
        text = packet.decode()
        for connection in connections:
            if connection != but and connection in self.eio.sockets:
                message = engineio.packet.Packet(engineio.packet.MESSAGE, data=text)
                self.eio.sockets[connection].queue.put_nowait(message)

    def _send_through_queue(self, connection: str, packet: bytes) -> None:
        self._send_through_queues((connection,), packet)

    def is_open(self, connection: str) -> bool:
        """Whether the transport of a connection is there and not closing."""
        if self._own_engine:
            return self.eio.open_session(connection) is not None
        return connection in self.eio.sockets and not self.eio.sockets[connection].closed

    def close_later(self, connection: str) -> None:
        """Close a connection, unless it takes another seat meanwhile. socket.io-client will not come back by itself."""
        loop = asyncio.get_running_loop()

        def close() -> None:
            del self._lingering[connection]
            # A transport that has sent its DISCONNECT meanwhile would otherwise stay for good, and may connect again.
            if connection in self.environ and self.application.seatless(connection):
                self.send((connection,), b"1")
                self.close(connection, POLICY_VIOLATION)

        self._linger_no_more(connection)
        self._lingering[connection] = loop.call_later(LINGER_S, close)

    def _linger_no_more(self, connection: str) -> None:
        handle = self._lingering.pop(connection, None)
        if handle is not None:
            handle.cancel()

    def close(self, connection: str, code: int) -> None:
        """Close the transport of a connection."""
        if self._own_engine:
            self.eio.close_session(connection, code)
        else:
            self._spawn(self.eio.disconnect(connection))

    async def drain(self) -> None:
        """Close all transports so that clients reconnect by themselves."""
        for connection in list(self._lingering):
            self._linger_no_more(connection)
        if self._own_engine:
            await self.eio.drain(SERVICE_RESTART)
        elif self.eio.sockets:
            # It fails where there are none, and waits for clients that are gone without its having noticed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.eio.disconnect(), STOCK_DRAIN_S)

    # In

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        waiting = self._message(eio_sid, data)
        if waiting is not None:
            await waiting

    def _message(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        if eio_sid in self._live:
            return self._received(eio_sid, self._live[eio_sid], data)
        self._control(eio_sid, data)
        return None

    def _received(self, eio_sid: str, caller: Any, data: str | bytes) -> Awaitable[None] | None:
        """A packet of a client that is connected."""
        if data[:1] != "2":
            self._control(eio_sid, data)
            return None
        try:
            ack_id, event, args = read_event(data)  # type: ignore[arg-type]  # no bytes begin with a string
        except BadPacket:
            self.close(eio_sid, POLICY_VIOLATION)
            return None
        except Unread as unread:
            refuse = self.application.too_large if unread.too_large else self.application.unreadable
            self._acknowledge(eio_sid, unread.event, unread.ack_id, refuse(caller))
            return None
        # Names such as `disconnect` are Socket.IO's own; the application, which has a table, does not know them.
        outcome = self.application.request(caller, event, args)
        if isinstance(outcome, OUTCOMES):
            self._acknowledge(eio_sid, event, ack_id, outcome)
            return None
        return self._answer_later(eio_sid, event, ack_id, outcome)

    async def _answer_later(self, eio_sid: str, event: str, ack_id: str, outcome: Awaitable[Outcome]) -> None:
        self._acknowledge(eio_sid, event, ack_id, await outcome)

    def _acknowledge(self, eio_sid: str, event: str, ack_id: str, outcome: Outcome) -> None:
        if ack_id:
            # Nearly all are granted, with nothing to follow.
            whole = {"ok": True, "data": outcome} if isinstance(outcome, dict) else envelope(outcome)
            self.send_one(eio_sid, b"3" + ack_id.encode() + orjson.dumps((whole,)))
        elif isinstance(outcome, Refusal):
            failure = {"event": event[:64].encode("utf-8", "replace").decode(), "error": outcome.error}
            self.send_one(eio_sid, b"2" + orjson.dumps(("request-failed", failure)))
        if isinstance(outcome, Reply):
            outcome.then()

    def _control(self, eio_sid: str, data: str | bytes) -> None:
        """A packet that is no request."""
        try:
            if not isinstance(data, str) or data[:1] not in ("0", "1", "3") or _is_too_long(data):
                raise BadPacket("binary, too large, unknown, or an event before CONNECT")
            if data[0] == "1":
                self._left(eio_sid)
            elif eio_sid in self.environ:
                if not self.application.admits(eio_sid):
                    raise BadPacket("too many")
                # We ask for no acknowledgements, so an ACK answers nothing.
                if data[0] == "0":
                    self._connect(eio_sid, data[1:])
        except BadPacket:
            self.close(eio_sid, POLICY_VIOLATION)

    def _connect(self, eio_sid: str, data: str) -> None:
        if data.startswith("/"):
            namespace, _, rest = data.partition(",")
            if namespace.partition("?")[0] != "/":
                refusal = orjson.dumps({"message": "Invalid namespace"})
                self.send((eio_sid,), b"4%b,%b" % (namespace.partition("?")[0][:64].encode(), refusal))
                return
            data = rest
        try:
            auth = loads(data) if data else None
        except RecursionError:
            raise BadPacket("nested too deep") from None
        if eio_sid in self._live:
            return
        try:
            welcome = self.application.connected(eio_sid, self.environ[eio_sid], auth)
        except Exception:
            self.application.disconnected(eio_sid)
            raise
        # Only the room of all: python-socketio's room for each sid would cost memory, and a scan of all at the end.
        sid = self.eio.generate_id()
        self.manager.basic_enter_room(sid, "/", None, eio_sid=eio_sid)
        self._live[eio_sid] = welcome.caller
        if self._own_engine:
            self.eio.mark_connected(eio_sid)
            self.eio.set_receiver(eio_sid, partial(self._received, eio_sid, welcome.caller))
        self.send((eio_sid,), b"0" + orjson.dumps({"sid": sid, "pid": welcome.private_id}))
        if welcome.then is not None:
            welcome.then()

    async def _handle_disconnect(self, eio_sid: str, namespace: str, reason: str | None = None) -> None:
        self._left(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._gone(eio_sid, reason)

    def _left(self, eio_sid: str) -> None:
        if self._live.pop(eio_sid, None) is not None:
            if self._own_engine:
                self.eio.set_receiver(eio_sid, None)
            try:
                self.application.disconnected(eio_sid)
            finally:
                sid = self.manager.sid_from_eio_sid(eio_sid, "/")
                self.manager.basic_leave_room(sid, "/", None)

    def _gone(self, eio_sid: str, reason: str) -> None:
        try:
            self._left(eio_sid)
        finally:
            self._linger_no_more(eio_sid)
            self.environ.pop(eio_sid, None)
            self.application.closed(eio_sid)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def live_count(self) -> int:
        """Connections in the default namespace."""
        return len(self._live)

    @property
    def transport_count(self) -> int:
        """Engine.IO sessions, whether or not they have connected to a namespace."""
        return len(self.eio.sockets)


def _is_too_long(data: str) -> bool:
    return isinstance(data, Head) or len(data) > MAX_PACKET_BYTES
