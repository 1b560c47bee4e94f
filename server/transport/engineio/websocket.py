"""A WebSocket right on the transport: frames go from `data_received` to the session without a queue or a task."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Final

from engineio import AsyncServer

from server.transport.engineio import frames
from server.transport.engineio.core import Core
from server.transport.engineio.frames import FrameError
from server.transport.engineio.messages import Control, Cut
from server.transport.engineio.outbox import Outbox
from server.transport.engineio.parser import FrameParser
from server.transport.engineio.ports import Owner
from server.transport.engineio.unacknowledged import unacknowledged


class _Phase(IntEnum):
    OPEN = 0
    CLOSING = 1  # our close frame is out
    CLOSED = 2


_OPEN: Final = _Phase.OPEN
_CLOSED: Final = _Phase.CLOSED


class WebSocketCarrier:
    """Carries one session over one connection, from after the 101 response to the end.

    It is an `asyncio.Protocol` by what it does alone: as a subclass of an interpreted one it would be compiled to
    something slower.
    """

    __slots__ = ("_core", "_counted", "_held", "_parser", "_phase", "_slow", "_transport", "_written", "owner")

    name = "websocket"

    def __init__(self, core: Core, transport: asyncio.Transport, owner: Owner) -> None:
        self._core = core
        self._transport = transport
        self._parser = FrameParser(*core.first_bounds)
        self._counted = False  # some of what was read is kept for later
        self._phase = _OPEN
        self._slow = False  # the transport's buffer is above its high-water mark
        self._held = False  # we do not read
        self._written = 0  # bytes that the transport was given
        self.owner = owner
        core.websockets += 1

    # Called by the transport.

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._phase is _OPEN and not self._held:
            try:
                text = self._parser.whole_text(data)
            except FrameError as error:
                self._fail(error)
                return
            if text is not None:
                self.owner.receive(text)
                return
        if self._phase is not _CLOSED:
            self._read_several(data)
            if self._counted or not self._parser.drained:
                self._count()

    def _read_several(self, data: bytes) -> None:
        """Handle a few messages at once where nobody waits; for the rest it has to be our turn."""
        parser = self._parser
        if parser.feed(data) and self._phase is _OPEN and not self._held and not self._core.turns:
            try:
                for _ in range(self._core.limits.messages_at_once):
                    text = parser.next_whole_text()
                    if text is None:
                        break
                    self.owner.receive(text)
                    if parser.drained or self._held or self._phase is not _OPEN:
                        break
            except FrameError as error:
                self._fail(error)
        if not (parser.drained or self._held):
            if self._core.turns.take():
                self._handle_frames()
            else:
                self._go_on_later()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Never called: it takes over a connection that is there."""

    def eof_received(self) -> None:
        """The client sends nothing more: the transport closes itself."""

    def pause_writing(self) -> None:
        """The client reads too slowly: from now on packets wait in the outbox, which has a bound."""
        self._slow = True
        self.owner.slow(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._slow = False
        if self._phase is _OPEN:
            self.owner.slow(0)
            self.owner.flush()
            if not self._slow:
                self.owner.taken_all()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._core.closing.discard(self)
        self._core.websockets -= 1
        was_open = self._phase is _OPEN
        self._phase = _Phase.CLOSED
        self._forget()
        if was_open:
            self.owner.lost(AsyncServer.reason.TRANSPORT_CLOSE)

    # Called by the session.

    def trust(self) -> None:
        """Take longer messages."""
        self._parser.bound(*self._core.later_bounds)

    def flush(self, outbox: Outbox) -> None:
        """Write what waits, in one piece."""
        if not self._slow and self._phase is _OPEN:
            # As `write`, in one step: this runs for each message.
            frames = outbox.frames
            data = frames.pop() if len(frames) == 1 else outbox.take_bytes()
            outbox.size = 0  # and `uncounted` is what it may be, one too many
            if not self._transport.is_closing():
                self._transport.write(data)
                self._written += len(data)

    def has_taken_all(self, outbox: Outbox) -> bool:
        """Whether the transport's buffer is below its high-water mark: what waits then leaves in this loop turn."""
        return not self._slow

    def write(self, frame: bytes) -> None:
        """Write now. A transport that is closing already (uvloop's would raise) gets nothing more."""
        if self._phase is _OPEN and not self._transport.is_closing():
            self._transport.write(frame)
            self._written += len(frame)

    def recall(self, outbox: Outbox) -> int:
        """All that was written before, and what waits; 0 where the kernel has everything."""
        waiting = sum(map(len, outbox.frames))
        return self._written + waiting if waiting or self._transport.get_write_buffer_size() else 0

    def has_sent(self, mark: int, outbox: Outbox) -> bool:
        """Whether the kernel has so much. Where it has everything, too: what was compressed on the way was less."""
        unsent = self._transport.get_write_buffer_size()
        return self._written - unsent >= mark or not (unsent or outbox.frames)

    def progress(self) -> int:
        """What was written, less what the client has not taken."""
        return self._written - unacknowledged(self._transport)

    def over(self) -> None:
        """Nothing: its connection ends with it."""

    def hold_reading(self) -> None:
        """Read nothing more; what has arrived waits in the parser."""
        if not self._held and self._phase is not _CLOSED:
            self._held = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again, first what has arrived already, when it is our turn."""
        if self._held:
            self._core.turns.stand_in_line(self._resume)

    def close(self, outbox: Outbox, code: int, text: str, final: bytes, *, linger: bool) -> None:
        """Write what waits, then close."""
        if len(outbox):
            self.write(outbox.take_bytes())
        self.shut(code, text)

    def shut(self, code: int, text: str) -> None:
        """Write a close frame; the connection is cut where the client does not answer in time."""
        if self._phase is _OPEN:
            self.write(frames.close_frame(code, text))
            self._phase = _Phase.CLOSING
            self._core.closing.add(self)
            self.resume_reading()

    def abort(self) -> None:
        """Cut the connection."""
        self._phase = _Phase.CLOSED
        self._forget()
        self._transport.abort()

    def shed(self) -> None:
        """Close: all together have sent too much that is unfinished, and this client the most."""
        self._fail(FrameError(frames.TRY_AGAIN_LATER, "too much unfinished input"))

    # Frames.

    def _count(self) -> None:
        held = self._parser.held_bytes
        if held or self._counted:
            self._counted = held > 0
            self._core.input.note(self, held)

    def _forget(self) -> None:
        self._parser.clear()
        self._count()

    def _resume(self) -> None:
        if not self._held or self._phase is _Phase.CLOSED:
            return
        self._held = False
        self._handle_frames()
        self._count()
        if not self._held and not self._transport.is_closing():
            self._transport.resume_reading()

    def _handle_frames(self) -> None:
        parser = self._parser
        parser.fragments_left = self._core.limits.fragments_per_turn
        budget = self._core.limits.messages_per_turn
        try:
            while (message := parser.next_message()) is not None:
                if isinstance(message, Control):
                    self._handle_control(message)
                elif isinstance(message, Cut):
                    if self._phase is _OPEN:
                        self.owner.receive_head(message.text())
                elif self._phase is _OPEN:
                    self.owner.receive(message)
                if parser.drained or self._held or self._phase is _CLOSED:
                    return
                budget -= 1
                if not budget:
                    self._go_on_later()
                    return
            if parser.fragments_left <= 0 and not parser.drained:
                self._go_on_later()
        except FrameError as error:
            self._fail(error)

    def _go_on_later(self) -> None:
        """Let others have their turn."""
        self.hold_reading()
        self.resume_reading()

    def _handle_control(self, frame: Control) -> None:
        if frame.opcode == frames.CLOSE:
            self._handle_close(frame.payload)
        elif frame.opcode == frames.PING and self._phase is _OPEN:
            self.owner.send_frame(frames.control_frame(frames.PONG, frame.payload))

    def _handle_close(self, payload: bytes) -> None:
        code = frames.close_code(payload)
        if self._phase is _OPEN:
            answer = payload[:2] if code != frames.NO_STATUS else b""
            self.write(frames.control_frame(frames.CLOSE, answer))
            self._over(AsyncServer.reason.TRANSPORT_CLOSE)
        else:
            self._over("")

    def _fail(self, error: FrameError) -> None:
        self.write(frames.close_frame(error.code, error.reason))
        self._over(AsyncServer.reason.TRANSPORT_ERROR)

    def _over(self, reason: str) -> None:
        """Both sides are done, or the client broke the protocol: close the connection once the rest is written."""
        was_open = self._phase is _OPEN
        self._phase = _Phase.CLOSED
        self._forget()
        self._core.closing.add(self)
        self._transport.close()
        if was_open:
            self.owner.lost(reason)
