"""What waits to be sent to one client."""

from __future__ import annotations

from server.transport.engineio.budget import Budget, Holder
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.packets import encode_payload


class OutboxFull(Exception):
    """The reader is too slow: what waits for it has crossed a bound."""


class Outbox:
    """Packets of one session, as WebSocket frames, in order; bounded by bytes and by packets.

    Parts of an answer do not count: a client that asked for something long has not been slow to read it. Whoever
    queues them sees to it that the client gets the next such answer only when it has taken this one. In the budget of
    all sessions they do count, where the reader is slow.
    """

    __slots__ = (
        "_holder",
        "_transport_bytes",
        "answer_bytes",
        "budget",
        "frames",
        "limits",
        "size",
        "uncounted",
    )

    def __init__(self, limits: EngineLimits) -> None:
        self.limits = limits
        self.frames: list[bytes] = []
        """What waits, in order. A session adds to it itself, where no bound is near: see `Sender.send_frame`."""
        self.size = 0
        """Bytes that wait, less those of answers."""
        self.uncounted = 0
        """How many of the packets that wait are parts of an answer; may be one too many once they have left."""
        self.answer_bytes = 0
        """Bytes of those parts; may be too many once they have left."""
        self.budget: Budget | None = None
        """Of all sessions, where this reader is slow."""
        self._holder: Holder | None = None
        self._transport_bytes = 0

    def count_in(self, budget: Budget, holder: Holder, transport_bytes: int = 0) -> None:
        """The reader is slow: from now on what waits for it, here and in its transport, counts in a budget."""
        if not self.frames:
            self.size = self.uncounted = self.answer_bytes = 0  # what was handed over may have left them behind
        self.budget, self._holder, self._transport_bytes = budget, holder, transport_bytes
        self._count()

    def count_out(self) -> None:
        """It is not slow any more."""
        budget, holder, self.budget, self._holder = self.budget, self._holder, None, None
        if budget is not None and holder is not None:
            budget.note(holder, 0)

    def _count(self) -> None:
        if self.budget is not None and self._holder is not None:
            self.budget.note(self._holder, self._transport_bytes + self.size + self.answer_bytes)

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, frame: bytes) -> bool:
        """Queue a frame; true where it is the first to wait. Raises `OutboxFull`, without keeping the frame."""
        frames = self.frames
        if not frames:
            frames.append(frame)
            self.size = len(frame)
            return True
        size = self.size + len(frame)
        if size > self.limits.outbox_bytes or len(frames) - self.uncounted >= self.limits.outbox_packets:
            raise OutboxFull
        frames.append(frame)
        self.size = size
        if self.budget is not None:
            self._count()
        return False

    def add_answer(self, frame: bytes) -> bool:
        """Queue a part of an answer, which does not count; true where it is the first to wait."""
        is_first = not self.frames
        if is_first:
            self.size = self.uncounted = self.answer_bytes = 0
        self.frames.append(frame)
        self.uncounted += 1
        self.answer_bytes += len(frame)
        if self.budget is not None:
            self._count()
        return is_first

    def take_bytes(self) -> bytes:
        """Everything that waits, as it goes over a WebSocket."""
        frames = self.frames
        self.size = self.uncounted = self.answer_bytes = 0
        if len(frames) == 1:
            return frames.pop()
        data = b"".join(frames)
        frames.clear()
        return data

    def take_frames(self) -> list[bytes]:
        """Everything that waits, frame by frame."""
        frames, self.frames = self.frames, []
        self.size = self.uncounted = self.answer_bytes = 0
        return frames

    def take_payload(self) -> bytes:
        """Everything that waits, as the body of a polling response."""
        data = encode_payload(self.frames)
        self.clear()
        return data

    def clear(self) -> None:
        """Drop everything that waits."""
        self.count_out()
        self.frames.clear()
        self.size = self.uncounted = self.answer_bytes = 0
