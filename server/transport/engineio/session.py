"""One Engine.IO session: its state, its queues, and the transport that carries it at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from server.transport.engineio import ending, packets
from server.transport.engineio.core import Core
from server.transport.engineio.frames import INTERNAL_ERROR, NORMAL, POLICY_VIOLATION, PROTOCOL_ERROR
from server.transport.engineio.inbox import Inbox
from server.transport.engineio.messages import Head
from server.transport.engineio.ports import Carrier, Upgrade
from server.transport.engineio.sending import Reason, Sender
from server.transport.engineio.states import State

_MESSAGE = packets.MESSAGE
_OPEN = State.OPEN
_CLOSING = State.CLOSING


class Session(Sender):
    """A client between handshake and disconnect. `send_frame`, `receive` and `close` are all there is to it."""

    __slots__ = ("_app_data", "_closed", "inbox", "probe", "reason", "trusted")

    def __init__(self, core: Core, sid: str) -> None:
        super().__init__(core, sid)
        self.probe: Upgrade | None = None
        self.inbox = Inbox(self)
        self.trusted = False
        """Whether the client is connected to a namespace, and may send long messages."""
        self.reason = ""
        """Why the session ended."""
        self._closed: asyncio.Future[None] | None = None
        self._app_data: dict[Any, Any] | None = None

    # What python-socketio asks of a socket.

    @property
    def session(self) -> dict[Any, Any]:
        """What the application keeps of this client."""
        if self._app_data is None:
            self._app_data = {}
        return self._app_data

    @session.setter
    def session(self, value: dict[Any, Any]) -> None:
        self._app_data = value

    # Opening.

    def opened(self) -> bool:
        """The connect handler let the client in. False where the session was closed meanwhile."""
        self.core.stats.opened += 1
        if self.state is not State.OPENING:
            asyncio.get_running_loop().call_soon(self._finish)
            return False
        self.state = _OPEN
        self.core.pings.add(self)
        if self.core.connects is not None:
            self.core.connects.add(self)
        return True

    def use(self, carrier: Carrier) -> None:
        """From now on this transport carries the session."""
        recalled = self.core.recalls.discard(self)
        if self.carrier is not None:
            self.carrier.over()
        self.carrier = carrier
        self.outbox.count_out()
        if self.trusted:
            carrier.trust()
        if self.inbox.holding:
            carrier.hold_reading()
        self.flush()
        if carrier.has_taken_all(self.outbox):
            self.taken_all()
        if recalled:
            self.recall()

    # Receiving.

    @property
    def bounds(self) -> tuple[int, int]:
        """The longest message that is taken, and that is kept, in bytes."""
        return self.core.later_bounds if self.trusted else self.core.first_bounds

    def receive(self, packet: str | bytes) -> None:
        """Handle one packet of the client."""
        if self.state is not _OPEN:
            return
        if packet[:1] == _MESSAGE:
            self.core.stats.messages_in += 1
            self.inbox.put(packet[1:])
        elif isinstance(packet, str):
            self._receive_control(packet[:1])
        else:
            self.core.stats.messages_in += 1
            self.inbox.put(packet)

    def receive_head(self, head: str | bytes) -> None:
        """Handle one packet that was too long to be kept: a text message is marked as such."""
        if isinstance(head, str) and head[:1] == _MESSAGE and self.state is _OPEN:
            self.core.stats.messages_in += 1
            self.inbox.put(Head(head[1:]))
        else:
            self.receive(head)

    def _receive_control(self, kind: str) -> None:
        if kind == packets.PONG:
            self.core.pongs.discard(self)
            self.core.pings.add(self)
        elif kind == packets.CLOSE:
            self.close(Reason.CLIENT_DISCONNECT, final=packets.NOOP_BODY, keep_commands=True)
        elif kind not in (packets.UPGRADE, packets.NOOP):
            self.close(Reason.TRANSPORT_ERROR, PROTOCOL_ERROR, "invalid packet")

    def hold_reading(self) -> None:
        """Inbound backpressure: too many messages wait for the running command."""
        if self.carrier is not None:
            self.carrier.hold_reading()

    def resume_reading(self) -> None:
        """The backlog has shrunk."""
        if self.carrier is not None:
            self.carrier.resume_reading()

    # The heartbeat and the connect timeout.

    def ping(self) -> None:
        """The heartbeat is due."""
        self.send_frame(packets.PING_FRAME)
        if self.state is _OPEN:
            self.core.pongs.add(self)

    def pong_overdue(self) -> None:
        """No pong came in time. While we are not reading, it may be there unread: the wait starts over."""
        if self.inbox.holds_reading_rightly():
            self.core.pongs.add(self)
        else:
            self.close(Reason.PING_TIMEOUT, INTERNAL_ERROR, "ping timeout")

    def connect_overdue(self) -> None:
        """The client opened a transport and never spoke Socket.IO."""
        self.close(Reason.TRANSPORT_ERROR, POLICY_VIOLATION, "connect timeout")

    def cancel_command(self) -> None:
        """The session has ended, and its running command has had its grace."""
        self.inbox.cancel()

    # Ending.

    def close(
        self,
        reason: str,
        code: int = NORMAL,
        text: str = "",
        *,
        final: bytes = packets.CLOSE_BODY,
        keep_commands: bool = False,
    ) -> None:
        """End the session: what is queued is sent, the transport closed, the disconnect event runs once.

        Commands that were received and not begun are dropped unless `keep_commands` says otherwise.
        """
        if self.state < _CLOSING:
            was_open = self._begin_end(reason)
            try:
                if self.carrier is not None:
                    linger = reason == Reason.SERVER_DISCONNECT
                    self.carrier.close(self.outbox, code, text, final, linger=linger)
            finally:
                self._end(was_open, keep_commands)

    def abort(self, reason: str) -> None:
        """End the session and cut its transport at once; what is queued is lost."""
        if self.state < _CLOSING:
            was_open = self._begin_end(reason)
            try:
                if self.carrier is not None:
                    self.carrier.abort()
            finally:
                self._end(was_open, keep_commands=False)

    def lost(self, reason: str) -> None:
        """The transport is gone. What the client sent before is still handled, in order."""
        if self.state < _CLOSING:
            self._end(self._begin_end(reason), keep_commands=True)

    def _begin_end(self, reason: str) -> bool:
        was_open = self.state is _OPEN
        self.state = _CLOSING
        self.reason = reason
        return was_open

    def _end(self, was_open: bool, keep_commands: bool) -> None:
        core = self.core
        core.pings.discard(self)
        core.pongs.discard(self)
        if core.connects is not None:
            core.connects.discard(self)
        core.recalls.discard(self)
        if self.carrier is not None:
            self.carrier.over()
        if self.probe is not None:
            self.probe.abandon()
        self.outbox.clear()
        self.taken_all()
        if not keep_commands:
            self.inbox.drop()
        if not self.inbox.idle:
            core.graces.add(self)
        elif was_open:
            asyncio.get_running_loop().call_soon(self._finish)

    def mark_connected(self) -> None:
        """The client spoke Socket.IO: the connect timeout is off, and longer messages are taken."""
        self.trusted = True
        if self.carrier is not None:
            self.carrier.trust()
        if self.core.connects is not None:
            self.core.connects.discard(self)

    def inbox_idle(self) -> None:
        """The last command is done."""
        if self.state is _CLOSING:
            self.core.graces.discard(self)
            asyncio.get_running_loop().call_soon(self._finish)

    def _finish(self) -> None:
        """Run the disconnect event; never from within a command or a broadcast, where it would change their ground."""
        disconnecting = ending.tell(self.core, self.sid, self.reason)
        if disconnecting is not None:
            self.inbox.task = self.core.spawn(self._finish_later(disconnecting))
        else:
            self.gone()

    async def _finish_later(self, disconnecting: Awaitable[Any]) -> None:
        try:
            await ending.ended(self.core, disconnecting)
        finally:
            self.inbox.task = None
            self.gone()

    def gone(self) -> None:
        """Nothing is left to do: the engine forgets the session."""
        self.state = State.CLOSED
        self._app_data = None
        self.core.on_gone(self)
        # No cycles: a session goes with its last reference, and does not wait for the garbage collector.
        self.carrier = None
        self.inbox.retire()
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    async def wait_closed(self) -> None:
        """Return once the disconnect event is over; at once where the caller is a part of the session itself."""
        if self.state is State.CLOSED or asyncio.current_task() is self.inbox.task:
            return
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._closed)
