"""Mayfly's namespace, the default one: packets to requests, answers to packets. The hot path.

What a client sends here goes to the application as a call, in the order sent, without python-socketio, which hosts
all other namespaces (`host.py`). Source: Socket.IO protocol v5.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import orjson

from server.protocol.acknowledgements import OUTCOMES, Outcome, Refusal, Reply, envelope
from server.protocol.decoding import Decoded
from server.transport.socketio.packets import (
    Attachments,
    BadPacket,
    Unread,
    is_too_long,
    loads,
    read_binary_header,
    read_event,
)
from server.transport.socketio.ports import Application, Connected, Elsewhere, Engine, SendToMany

log = logging.getLogger(__name__)

LINGER_S = 1.0
"""How long a connection that was put out may still have its requests answered before it is closed."""

LONG_ANSWER_BYTES = 65_536
"""A longer answer is more than a slow reader may leave unread along with other things: it gets one at a time."""

POLICY_VIOLATION = 1008
SERVICE_RESTART = 1012


class DefaultNamespace:
    """Who is connected to the default namespace, what they ask, and what they are sent."""

    application: Application
    """Set by the composition root before the first connection."""

    def __init__(self, engine: Engine, elsewhere: Elsewhere) -> None:
        self._engine = engine
        self._elsewhere = elsewhere
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._receive = self._received  # one for all connections, not one for each
        self._live: dict[str, Any] = {}  # engine id → what the application made of the connection
        self._attachments: dict[str, Attachments] = {}  # connection → what is to come, and to be dropped
        self.send: SendToMany = engine.broadcast
        self.send_one: Callable[[str, bytes], None] = engine.send_text
        self.recall: Callable[[Iterable[str]], None] = engine.recall

    # Out

    def is_open(self, connection: str) -> bool:
        """Whether the transport of a connection is there and not closing."""
        return self._engine.open_session(connection) is not None

    def send_answer(self, connection: str, packet: bytes) -> None:
        """Send what a client has asked for. What is long never counts as unread: see `_answer_later`."""
        if len(packet) > LONG_ANSWER_BYTES:
            self._engine.send_answer(connection, packet)
        else:
            self.send_one(connection, packet)

    def send_kept(self, connection: str, packet: bytes) -> None:
        """Send one of many packets that have waited for a client. None of them counts as unread."""
        self._engine.send_answer(connection, packet)

    def close_later(self, connection: str) -> None:
        """Close a connection, unless it takes another seat meanwhile. socket.io-client will not come back by itself."""

        def close() -> None:
            del self._lingering[connection]
            # A transport that has sent its DISCONNECT meanwhile would otherwise stay for good, and may connect again.
            if connection in self._elsewhere.environ and self.application.seatless(connection):
                self.send((connection,), b"1")
                self.close(connection, POLICY_VIOLATION)

        self._linger_no_more(connection)
        self._lingering[connection] = asyncio.get_running_loop().call_later(LINGER_S, close)

    def _linger_no_more(self, connection: str) -> None:
        handle = self._lingering.pop(connection, None)
        if handle is not None:
            handle.cancel()

    def close(self, connection: str, code: int) -> None:
        """Close the transport of a connection."""
        self._engine.close_session(connection, code)

    def close_nobody_later(self) -> None:
        """The server goes down: all transports are closed by somebody else."""
        for connection in list(self._lingering):
            self._linger_no_more(connection)

    # In

    def admits(self, eio_sid: str) -> bool:
        """Whether a transport may send one more packet that is no request."""
        return self.application.admits(eio_sid)

    def message(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        """A packet of this namespace, from a transport that need not have connected to it."""
        if eio_sid in self._attachments:
            self._attachment(eio_sid, data)
            return None
        if eio_sid in self._live:
            return self._received(eio_sid, self._live[eio_sid], data)
        return self._control(eio_sid, data)

    def _received(self, eio_sid: str, connection: Any, data: str | bytes) -> Awaitable[None] | None:
        """A packet of a client that is connected."""
        if data[:1] != "2":
            if self._elsewhere.takes(eio_sid, data):
                return self._elsewhere.forward(eio_sid, data)
            return self._control(eio_sid, data)
        try:
            ack_id, event, args = read_event(data)  # type: ignore[arg-type]  # no bytes begin with a string
        except BadPacket:
            if self._elsewhere.takes(eio_sid, data):
                return self._elsewhere.forward(eio_sid, data)
            self.close(eio_sid, POLICY_VIOLATION)
            return None
        except Unread as unread:
            refuse = self.application.too_large if unread.too_large else self.application.unreadable
            self._acknowledge(eio_sid, unread.event, unread.ack_id, refuse(connection))
            return None
        return self._ask(eio_sid, connection, ack_id, event, args)

    def _ask(
        self, eio_sid: str, connection: Any, ack_id: str, event: str, args: list[Any] | Decoded
    ) -> Awaitable[None] | None:
        # Names such as `disconnect` are Socket.IO's own; the application, which has a table, does not know them.
        outcome = self.application.request(connection, event, args)
        if type(outcome) is dict:  # granted, with nothing to follow: as `_acknowledge`, in place
            if ack_id:
                self.send_one(eio_sid, b"3" + ack_id.encode() + orjson.dumps(({"ok": True, "data": outcome},)))
            return None
        if isinstance(outcome, OUTCOMES):
            return self._acknowledge(eio_sid, event, ack_id, outcome)
        return self._answer_later(eio_sid, event, ack_id, outcome)

    async def _answer_later(self, eio_sid: str, event: str, ack_id: str, waiting: Awaitable[Outcome]) -> None:
        reading = self._acknowledge(eio_sid, event, ack_id, await waiting)
        if reading is not None:
            await reading

    def _caught_up(self, eio_sid: str) -> Awaitable[None] | None:
        """What to wait for before the client's next packet is taken; None where nothing that was sent is long."""
        return self._engine.caught_up(eio_sid) if self._engine.is_behind(eio_sid) else None

    def _acknowledge(self, eio_sid: str, event: str, ack_id: str, outcome: Outcome) -> Awaitable[None] | None:
        """Answer a request, and send what follows; returns what the client's next packet has to wait for."""
        if isinstance(outcome, Reply):
            return self._reply(eio_sid, ack_id, outcome)
        if ack_id:
            self.send_one(eio_sid, b"3" + ack_id.encode() + orjson.dumps((envelope(outcome),)))
        elif isinstance(outcome, Refusal):
            failure = {"event": event[:64].encode("utf-8", "replace").decode(), "error": outcome.error}
            self.send_one(eio_sid, b"2" + orjson.dumps(("request-failed", failure)))
        if isinstance(outcome, Refusal) and outcome.final:
            self.close(eio_sid, POLICY_VIOLATION)
        return None

    def _reply(self, eio_sid: str, ack_id: str, reply: Reply) -> Awaitable[None] | None:
        if ack_id:
            packet = b"3" + ack_id.encode() + orjson.dumps(({"ok": True, "data": reply.data},))
            (self.send_answer if reply.is_long else self.send_one)(eio_sid, packet)
        self.application.follow(eio_sid, reply.after, acknowledged=bool(ack_id))
        return self._caught_up(eio_sid) if reply.is_long else None

    def _control(self, eio_sid: str, data: str | bytes) -> Awaitable[None] | None:
        """A packet that is no request."""
        try:
            if isinstance(data, str) and data[:1] in ("5", "6") and eio_sid in self._live:
                self._with_attachments(eio_sid, data)
                return None
            if not isinstance(data, str) or data[:1] not in ("0", "1", "3") or is_too_long(data):
                raise BadPacket("binary, too large, unknown, or an event before CONNECT")
            if data[0] == "1":
                self._left(eio_sid)
            elif eio_sid in self._elsewhere.environ:
                if not self.application.admits(eio_sid):
                    raise BadPacket("too many")
                # We ask for no acknowledgements, so an ACK answers nothing.
                if data[0] == "0":
                    opening = self.application.opening()
                    if opening is not None:
                        return self._connect_later(eio_sid, data[1:], opening)
                    if self._connect(eio_sid, data[1:]):
                        return self._caught_up(eio_sid)
        except BadPacket:
            self.close(eio_sid, POLICY_VIOLATION)
        return None

    async def _connect_later(self, eio_sid: str, data: str, opening: Awaitable[bool]) -> None:
        """Let a client in once the rooms are here; else it is sent away, and comes back by itself."""
        opened = await opening
        if not self.is_open(eio_sid) or eio_sid not in self._elsewhere.environ:
            return
        if not opened:
            self.close(eio_sid, SERVICE_RESTART)
            return
        try:
            long = self._connect(eio_sid, data)
        except BadPacket:
            self.close(eio_sid, POLICY_VIOLATION)
            return
        reading = self._caught_up(eio_sid) if long else None
        if reading is not None:
            await reading

    def _with_attachments(self, eio_sid: str, data: str) -> None:
        """The header of a packet with binary attachments: this protocol has none, so they are dropped."""
        header = read_binary_header(data)
        if data[0] == "6" and not self.application.admits(eio_sid):
            raise BadPacket("too many")
        if header.attachments:
            self._attachments[eio_sid] = Attachments(header.attachments)
            self._engine.set_receiver(eio_sid, None)  # so that they come to `message`
        if data[0] == "5":
            refuse = self.application.too_large if is_too_long(data) else self.application.binary
            self._acknowledge(eio_sid, header.event, header.ack_id, refuse(self._live[eio_sid]))

    def _attachment(self, eio_sid: str, data: str | bytes) -> None:
        try:
            if self._attachments[eio_sid].drop(data):
                del self._attachments[eio_sid]
                self._listen(eio_sid)
        except BadPacket:
            self.close(eio_sid, POLICY_VIOLATION)

    def _listen(self, eio_sid: str) -> None:
        """Take what a connected client sends by the short way."""
        self._engine.set_receiver(eio_sid, partial(self._receive, eio_sid, self._live[eio_sid]))

    def _connect(self, eio_sid: str, data: str) -> bool:
        """Let a client in; true where a long answer follows what CONNECT is told."""
        if data.startswith("/"):
            # The default namespace may be named, and may carry a query.
            data = data.partition(",")[2]
        try:
            auth = loads(data) if data else None
        except RecursionError:
            raise BadPacket("nested too deep") from None
        if eio_sid in self._live:
            return False
        try:
            connected = self.application.connected(eio_sid, self._elsewhere.environ[eio_sid], auth)
        except Exception:
            self.application.disconnected(eio_sid)
            raise
        return self._welcome(eio_sid, connected)

    def _welcome(self, eio_sid: str, connected: Connected) -> bool:
        sid = self._engine.generate_id()
        self._live[eio_sid] = connected.connection
        self._engine.mark_connected(eio_sid)
        self._listen(eio_sid)
        self.send_one(eio_sid, b"0" + orjson.dumps({"sid": sid, "pid": connected.private_id}))
        if not connected.after:
            return False
        self.application.follow(eio_sid, connected.after, acknowledged=True)
        return True

    def _left(self, eio_sid: str) -> None:
        self._attachments.pop(eio_sid, None)
        if self._live.pop(eio_sid, None) is not None:
            self.recall((eio_sid,))
            self._engine.set_receiver(eio_sid, None)
            self.application.disconnected(eio_sid)

    def gone(self, eio_sid: str) -> None:
        """A transport is gone, connected or not."""
        try:
            self._left(eio_sid)
        finally:
            self._linger_no_more(eio_sid)
            self.application.closed(eio_sid)

    @property
    def live_count(self) -> int:
        """Connections in the default namespace."""
        return len(self._live)
