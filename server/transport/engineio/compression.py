"""WebSockets that agreed on permessage-deflate. The others know nothing of it: their parser and carrier are as ever."""

from __future__ import annotations

import asyncio

from server.transport.engineio.core import Core
from server.transport.engineio.deflate import Agreement, inflate, inflate_head
from server.transport.engineio.deflater import Deflater
from server.transport.engineio.frames import RSV1
from server.transport.engineio.messages import HEAD_BYTES, Cut, Message
from server.transport.engineio.outbox import Outbox
from server.transport.engineio.parser import FrameParser
from server.transport.engineio.ports import Owner
from server.transport.engineio.websocket import WebSocketCarrier


class InflatingParser(FrameParser):
    """Takes RSV1 on the first frame of a data message (RFC 7692 section 6), and gives the message inflated.

    It stops giving messages once `budget`, in inflated bytes, is used up. A message is kept where neither its
    compressed nor its inflated bytes are more than what is kept; `max_bytes` are of the one or the other.
    """

    __slots__ = ("_deflated", "budget")

    def __init__(self, max_bytes: int, keep_bytes: int | None = None) -> None:
        super().__init__(max_bytes, keep_bytes)
        self._deflated = False  # the message that is being put together
        self.budget = 0

    def next_message(self) -> Message | None:
        """As ever, or None where the budget is used up."""
        return super().next_message() if self.budget > 0 else None

    def _slow(self, first: int, payload: bytes, size: int) -> Message | None:
        if self._fragments is None and first & 0x0F in (1, 2):
            self._deflated = first & RSV1 != 0
            first &= ~RSV1
        return super()._slow(first, payload, size)

    def _whole(self, payload: bytes | bytearray) -> Message:
        if self._deflated:
            payload = inflate(payload, self._max_bytes)
            self.budget -= len(payload)
            if len(payload) > self._keep_bytes:
                return Cut(payload[:HEAD_BYTES], self._opcode == 1, len(payload))
        return super()._whole(payload)

    def _cut(self, head: bytearray) -> Message:
        return super()._cut(inflate_head(head, HEAD_BYTES) if self._deflated else head)


class DeflatingCarrier(WebSocketCarrier):
    """Compresses long messages as they are flushed; takes compressed ones."""

    __slots__ = ("_deflater", "_inflating", "_window_bits")

    def __init__(
        self, core: Core, transport: asyncio.Transport, owner: Owner, deflater: Deflater, agreement: Agreement
    ) -> None:
        super().__init__(core, transport, owner)
        self._parser = self._inflating = InflatingParser(*core.first_bounds)
        self._deflater = deflater
        self._window_bits = agreement.window_bits

    def flush(self, outbox: Outbox) -> None:
        """Write what waits, in one piece, the long messages compressed."""
        if not self._slow:
            self.write(self._deflater.join(outbox.take_frames(), self._window_bits))

    def _handle_frames(self) -> None:
        # A few bytes may inflate to megabytes: it is what they become that others have to wait for.
        parser = self._inflating
        parser.budget = self._core.limits.inflated_bytes_per_turn
        super()._handle_frames()
        if parser.budget <= 0 and not parser.drained and not self._held:
            self._go_on_later()
