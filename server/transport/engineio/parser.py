"""Reads RFC 6455 frames of clients, without I/O.

A text message comes out as `str`, a binary one as `bytes`, a control frame as `Control`. What breaks the protocol
raises `FrameError` with the close code to answer with (RFC 6455 section 7.4.1).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from server.transport.engineio.frames import (
    CLOSE,
    FIN_TEXT,
    INVALID_DATA,
    MAX_CONTROL_BYTES,
    PONG,
    PROTOCOL_ERROR,
    TOO_BIG,
    FrameError,
)
from server.transport.engineio.masking import apply_mask
from server.transport.engineio.messages import HEAD_BYTES, Control, Cut, Message

MAX_WHOLE_BYTES: Final = 65_536
"""The longest read that is looked at as one frame; its length fits into 16 bits."""

NO_END: Final = 1 << 62

_U16 = Struct("!H")
_U64 = Struct("!Q")


class FrameParser:
    """Takes bytes as they arrive and gives whole messages, one at a time, on request.

    Pulling lets the caller stop in the middle of what has arrived (backpressure). At most `keep_bytes` of a message
    are ever kept, above what one read of the transport brings: a longer one comes out as `Cut`, its rest is discarded
    as it arrives. One of more than `max_bytes` raises. `keep_bytes` is `max_bytes` where nothing else is said.
    """

    __slots__ = (
        "_buffer",
        "_fragments",
        "_keep_bytes",
        "_max_bytes",
        "_need",
        "_opcode",
        "_pos",
        "_size",
        "_skipped",
        "_to_skip",
        "_whole_bytes",
        "drained",
        "fragments_left",
    )

    def __init__(self, max_bytes: int, keep_bytes: int | None = None) -> None:
        self.bound(max_bytes, keep_bytes)
        self._size = 0  # of that message so far, as it arrived
        self._skipped: tuple[int, bytes, int] | None = None  # of a frame that is discarded: first byte, head, size
        self._to_skip = 0  # bytes of it that are still to come
        self._buffer: bytes | bytearray = b""
        self._pos = 0
        self._need = 0  # nothing to parse before so many bytes are there
        self._opcode = 0  # of the message that is being put together from fragments
        self._fragments: bytearray | None = None
        self.drained = True
        """Whether all that was fed has been given: there is no message to ask for."""
        self.fragments_left = NO_END
        """So many fragments are looked at before `next_message` gives None, to be asked again later."""

    @property
    def held_bytes(self) -> int:
        """Bytes of unfinished messages, and of those that nobody has asked for."""
        return len(self._buffer) - self._pos + len(self._fragments or ())

    def bound(self, max_bytes: int, keep_bytes: int | None = None) -> None:
        """Take messages of so many bytes from now on, and keep those of so many."""
        self._max_bytes = max_bytes
        self._keep_bytes = max_bytes if keep_bytes is None else max(HEAD_BYTES, min(max_bytes, keep_bytes))
        self._whole_bytes = min(self._keep_bytes, MAX_WHOLE_BYTES)

    def feed(self, data: bytes) -> bool:
        """Take what the transport read; true where it begins a message, so that `next_whole_text` may look first."""
        begins = self.drained
        if begins:
            self._buffer = data
            self.drained = not data
        else:
            if not isinstance(self._buffer, bytearray):
                self._buffer = bytearray(self._buffer)
            del self._buffer[: self._pos]
            self._buffer += data
        self._pos = 0
        return begins and self._fragments is None and self._skipped is None

    def whole_text(self, data: bytes) -> str | None:
        """The text in a read that is exactly one text frame, as nearly all are; None where it has to be fed."""
        size = len(data)
        if (
            not 6 <= size <= self._whole_bytes
            or data[0] != FIN_TEXT
            or not self.drained
            or self._fragments is not None
            or self._skipped is not None
        ):
            return None
        coded = data[1]
        if coded == 0x80 + size - 6 and coded < 0xFE:
            payload = apply_mask(data[6:], data[2:6])
        elif coded == 0xFE and data[2] << 8 | data[3] == size - 8:
            payload = apply_mask(data[8:], data[4:8])
        else:
            return None
        return _text(payload)

    def next_whole_text(self) -> str | None:
        """The next message, where `feed` has said that it may look, and it is a text frame that is all there.

        None where `next_message` has to look, which gives the same: this is the short way for reads of a few messages.
        """
        buffer, start = self._buffer, self._pos + 6
        total = len(buffer)
        if total < start or buffer[start - 6] != FIN_TEXT:
            return None
        size = buffer[start - 5] - 0x80
        if size == 126 and total >= start + 2:
            size = buffer[start - 4] << 8 | buffer[start - 3]
            start += 2
        elif not 0 <= size < 126:
            return None
        end = start + size
        if end > total or size > self._whole_bytes:
            return None
        payload = apply_mask(buffer[start:end], buffer[start - 4 : start])
        if end < total:
            self._pos = end
        else:
            self._buffer, self._pos, self.drained = b"", 0, True
        return _text(payload)

    def clear(self) -> None:
        """Forget everything that was fed."""
        self._buffer, self._pos, self._need, self._fragments = b"", 0, 0, None
        self._skipped, self._to_skip, self.drained = None, 0, True

    def next_message(self) -> Message | None:
        """The next message or control frame, or None where more bytes are needed. Raises `FrameError`."""
        while not self.drained:
            if self._skipped is not None:
                message = self._skip()
                if message is not None:
                    return message
                continue
            buffer, pos = self._buffer, self._pos
            available = len(buffer) - pos
            if available < 2 or available < self._need:
                return None
            first = buffer[pos]
            size = buffer[pos + 1] - 0x80
            if size < 0:
                raise FrameError(PROTOCOL_ERROR, "frame is not masked")
            start = pos + 6
            if size >= 126:
                wide = 2 if size == 126 else 8
                start += wide
                if available < 6 + wide:
                    self._need = 6 + wide
                    return None
                size = (_U16 if wide == 2 else _U64).unpack_from(buffer, pos + 2)[0]
            if size > self._max_bytes:
                raise FrameError(TOO_BIG, "message is too big")
            if size > self._keep_bytes:
                if not self._begin_to_skip(first, start, size):
                    return None
                continue
            end = start + size
            if end > len(buffer):
                self._need = end - pos
                return None
            payload = apply_mask(buffer[start:end], buffer[start - 4 : start])
            self._need = 0
            # As `_consume`, in place: this runs for each message of a read that brings several.
            if end < len(buffer):
                self._pos = end
            else:
                self._buffer, self._pos, self.drained = b"", 0, True
            if first == FIN_TEXT and self._fragments is None:
                return _text(payload)
            message = self._slow(first, payload, size)
            if message is not None:
                return message
            self.fragments_left -= 1
            if self.fragments_left <= 0:
                return None
        return None

    def _begin_to_skip(self, first: int, start: int, size: int) -> bool:
        """Discard a frame but for its head, which has to be there; false where it is not yet."""
        if first & 0x0F >= CLOSE:
            raise FrameError(PROTOCOL_ERROR, "control frame is malformed")
        end = start + HEAD_BYTES
        if end > len(self._buffer):
            self._need = end - self._pos
            return False
        head = apply_mask(self._buffer[start:end], self._buffer[start - 4 : start])
        self._skipped, self._to_skip = (first, head, size), size - HEAD_BYTES
        self._need = 0
        self._consume(end)
        return True

    def _skip(self) -> Message | None:
        """Discard what is there of the frame; what comes of it once all of it was."""
        taken = min(self._to_skip, len(self._buffer) - self._pos)
        self._to_skip -= taken
        self._consume(self._pos + taken)
        if self._to_skip or self._skipped is None:
            return None
        skipped, self._skipped = self._skipped, None
        return self._slow(*skipped)

    def _consume(self, end: int) -> None:
        if end < len(self._buffer):
            self._pos = end
        else:
            self._buffer, self._pos, self.drained = b"", 0, True

    def _slow(self, first: int, payload: bytes, size: int) -> Message | None:
        """Everything but an unfragmented text message (sections 5.4 and 5.5). Of `size` bytes, `payload` was kept."""
        if first & 0x70:
            raise FrameError(PROTOCOL_ERROR, "reserved bits are set")
        final, opcode = first >= 0x80, first & 0x0F
        if opcode >= CLOSE:
            if opcode > PONG or not final or len(payload) > MAX_CONTROL_BYTES:
                raise FrameError(PROTOCOL_ERROR, "control frame is malformed")
            return Control(opcode, bytes(payload))
        if opcode > 2:
            raise FrameError(PROTOCOL_ERROR, "opcode is reserved")
        if (opcode == 0) is (self._fragments is None):
            raise FrameError(PROTOCOL_ERROR, "fragments are out of order")
        if self._fragments is None:
            self._opcode, self._size = opcode, 0
            self._fragments = bytearray()
        if self._size <= self._keep_bytes:
            self._fragments += payload
        self._size += size
        if self._size > self._max_bytes:
            raise FrameError(TOO_BIG, "message is too big")
        if self._size > self._keep_bytes:
            del self._fragments[HEAD_BYTES:]
        if not final:
            return None
        whole, self._fragments = self._fragments, None
        return self._whole(whole) if self._size <= self._keep_bytes else self._cut(whole)

    def _cut(self, head: bytearray) -> Message:
        """The data message that is complete now, and was too long to be kept."""
        return Cut(bytes(head), self._opcode == 1, self._size)

    def _whole(self, payload: bytes | bytearray) -> Message:
        """The data message that is complete now."""
        return _text(payload) if self._opcode == 1 else bytes(payload)


def _text(payload: bytes | bytearray) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise FrameError(INVALID_DATA, "text is not UTF-8") from None
