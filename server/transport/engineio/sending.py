"""The sending side of a session: its transport, what waits for it, and the bounds of that."""

from __future__ import annotations

import asyncio
from typing import Final

from engineio import AsyncServer

from server.transport.engineio.core import Core
from server.transport.engineio.outbox import Outbox, OutboxFull
from server.transport.engineio.ports import Carrier
from server.transport.engineio.states import State

Reason: Final = AsyncServer.reason

_OPEN = State.OPEN
_CLOSING = State.CLOSING


class Sender:
    """Queues packets, and hands them to the transport that carries the session at the moment."""

    __slots__ = ("_catching_up", "carrier", "core", "outbox", "sid", "state")

    def __init__(self, core: Core, sid: str) -> None:
        self.core = core
        self.sid = sid
        self.state = State.OPENING
        self.carrier: Carrier | None = None
        self.outbox = Outbox(core.limits)
        self._catching_up: asyncio.Future[None] | None = None

    @property
    def upgraded(self) -> bool:
        """Whether a WebSocket carries the session."""
        return self.carrier is not None and self.carrier.name == "websocket"

    @property
    def connected(self) -> bool:
        """Whether the client was let in and has not left."""
        return self.state is _OPEN

    @property
    def closing(self) -> bool:
        """Whether the session is ending."""
        return self.state >= _CLOSING

    @property
    def closed(self) -> bool:
        """Whether the disconnect event is over."""
        return self.state is State.CLOSED

    def send_frame(self, frame: bytes) -> None:
        """Queue a packet; it leaves at the end of this loop turn. Ignored once the session is ending."""
        if self.state >= _CLOSING:
            return
        outbox = self.outbox
        frames, limits = outbox.frames, outbox.limits
        if not frames:
            frames.append(frame)
            outbox.size = len(frame)
            self.core.flush_soon(self)
            return
        # As `Outbox.add`, in place: this runs for each reader of each message.
        size = outbox.size + len(frame)
        if size <= limits.outbox_bytes and len(frames) < limits.outbox_packets and outbox.budget is None:
            frames.append(frame)
            outbox.size = size
            return
        try:
            outbox.add(frame)
        except OutboxFull:
            self.shed()

    def send_answer(self, frame: bytes) -> None:
        """Queue a part of an answer. It never counts as unread; `caught_up` says when there may be another one."""
        if self.state >= _CLOSING:
            return
        if self.outbox.add_answer(frame):
            self.core.flush_soon(self)
        if self.outbox.answer_bytes >= self.core.limits.answer_bytes_per_write:
            # At once: what the transport cannot take is counted from now on, also where many ask in one loop turn.
            self.flush()

    @property
    def is_behind(self) -> bool:
        """Whether a part of an answer may wait: then `caught_up` has something to wait for."""
        return self.outbox.uncounted > 0

    async def caught_up(self) -> None:
        """Return once the transport has taken all that was queued before, or the session is ending."""
        if not self.is_behind:
            return
        await asyncio.sleep(0)  # what was queued in this loop turn is on its way
        # Once is enough, and not until nothing waits: in a busy room there is always something.
        if self.state is _OPEN and self.carrier is not None and not self.carrier.has_taken_all(self.outbox):
            if self._catching_up is None:
                self._catching_up = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._catching_up)

    def taken_all(self) -> None:
        """The transport takes more again, or nothing any more."""
        waiting, self._catching_up = self._catching_up, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def recall(self) -> None:
        """Something that this client was sent is taken back: where it may still wait, it leaves soon, or is cut."""
        if self.carrier is not None and self.state is _OPEN:
            mark = self.carrier.recall(self.outbox)
            if mark:
                self.core.recalls.watch(self, mark)

    def has_sent(self, mark: int) -> bool:
        """Whether all that waited when this mark was made has left."""
        return self.carrier is None or self.carrier.has_sent(mark, self.outbox)

    def progress(self) -> int:
        """Bytes that the client has taken; only the difference of two says something."""
        return self.carrier.progress() if self.carrier is not None else 0

    def stalled(self) -> None:
        """What was taken back waits, and the client does not read."""
        self.abort(Reason.TRANSPORT_ERROR)

    def flush(self) -> None:
        """Hand what waits to the transport, if it takes it."""
        if self.carrier is not None and self.outbox.frames and self.state is _OPEN:
            self.carrier.flush(self.outbox)

    def slow(self, buffered_bytes: int) -> None:
        """The client reads too slowly: what waits for it counts in the budget of all. 0: it has caught up."""
        if buffered_bytes:
            self.outbox.count_in(self.core.output, self, buffered_bytes)
        else:
            self.outbox.count_out()

    def shed(self) -> None:
        """Too much waits for this reader, or for all slow ones together and for this one the most."""
        self.core.stats.overflows += 1
        self.abort(Reason.TRANSPORT_ERROR)

    def abort(self, reason: str) -> None:
        """End the session and cut its transport at once; what is queued is lost."""
        raise NotImplementedError
