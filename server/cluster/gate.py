"""Commit before tell: what a room's change makes known leaves only once the change is kept (decision 0060).

Use cases know nothing of it. While a change is on its way to Redis, whatever is sent waits in order, also what follows
later, so that each connection is sent everything in the order in which it was made. Where a change is refused, because
somebody else runs the room, what was to be told of it is dropped, and who asked is answered with UNAVAILABLE.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from rooms.errors import Code, Refused
from server.protocol.acknowledgements import envelope, refusal

SILENT_S = 5.0
"""Whoever waits longer for an answer, because changes are not confirmed, is answered with UNAVAILABLE."""

LINGER_S: Final = 0.001
"""So long what is kept waits at most for what was written just after it."""

MAX_HELD_BYTES: Final = 64 * 1_048_576
"""Of what waits for all changes; while it is more, nobody's request is run."""

HELD_OVERHEAD: Final = 200
"""Bytes that a thing that waits takes besides what is sent."""

REFUSAL = orjson.dumps((envelope(refusal(Refused(Code.UNAVAILABLE, "The room has moved.", retry_after_ms=500))),))


_Held = tuple[str | None, Callable[..., None], tuple[Any, ...], bool]
"""The room that it is about, what is to be done with which arguments, and whether that is a part of an answer."""


@dataclass(slots=True, eq=False)
class Batch:
    """What waits for the changes of one loop turn."""

    since: float
    open: bool = True
    """Whether more changes may come to it."""
    pending: int = 0
    """Changes that are not confirmed."""
    refused: set[str] = field(default_factory=set)
    held: list[_Held] = field(default_factory=list)
    held_bytes: int = 0
    answered: set[str] = field(default_factory=set)
    """The connections among whose `held` is a part of an answer."""


class Gate:
    """Holds what is sent while changes are on their way."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.queue: deque[Batch] = deque()
        """What waits, oldest first: for `GatedEngine` alone."""
        self._awaited: Batch | None = None  # what is kept already waits for this one, for a while
        self._lingering: asyncio.TimerHandle | None = None
        self.held_bytes = 0
        self.unlogged = False
        """Whether nothing waits, although nothing is kept: there is nobody else, and Redis is gone."""
        self.room_id: str | None = None
        """The room that whatever is sent now tells of, or answers about."""

    @property
    def holds(self) -> bool:
        """Whether anything waits."""
        return bool(self.queue)

    @property
    def is_stuck(self) -> bool:
        """Whether too much waits for more to be done, or has waited for too long."""
        return bool(self.queue) and (self.is_full or self._monotonic() - self.queue[0].since > SILENT_S)

    @property
    def is_full(self) -> bool:
        """Whether too much waits for more to be done."""
        return self.held_bytes > MAX_HELD_BYTES

    def holds_answer(self, sid: str) -> bool:
        """Whether a part of an answer to a connection waits. It is asked before each request: nothing is looked for."""
        return any(sid in batch.answered for batch in self.queue)

    def hold(self, room_id: str) -> None:
        """A change of a room is about to be written: what is sent from now on waits for it."""
        self.room_id = room_id
        if self.unlogged:
            return
        if not self.queue or not self.queue[-1].open:
            self.queue.append(Batch(self._monotonic()))

    def close(self, changes: int) -> Batch | None:
        """So many changes of this turn are on their way; each is to be told to `confirm`."""
        if not self.queue or not self.queue[-1].open:
            return None
        batch = self.queue[-1]
        batch.open, batch.pending = False, changes
        if not changes:
            self._release()
        return batch

    def confirm(self, batch: Batch, room_id: str, *, kept: bool) -> None:
        """A change is kept, or refused."""
        batch.pending -= 1
        if not kept:
            batch.refused.add(room_id)
        if batch.pending:
            return
        if self._awaited is not None:
            if not self._awaited.pending:
                self._release()
        elif not self._waits_for_more():
            self._release()

    def _waits_for_more(self) -> bool:
        """Whether more was written meanwhile, which leaves together with what is kept: one write for each connection,
        where two cost twice as much."""
        under_way = [batch for batch in self.queue if not batch.open]
        if not under_way or under_way[0].pending or not under_way[-1].pending:
            return False
        self._awaited = under_way[-1]
        self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self._release)
        return True

    def go_on(self) -> None:
        """Let everything go its way from now on, kept or not."""
        self.unlogged = True
        for batch in self.queue:
            batch.open, batch.pending = False, 0
        self._release()

    def wait_again(self) -> None:
        """Changes are kept again before they are told."""
        self.unlogged = False

    def pass_on(self, act: Callable[..., None], *arguments: Any) -> None:
        """Carry something out, once whatever was before it is."""
        if not self.hold_back(act, arguments):
            act(*arguments)

    def pass_answer(self, act: Callable[[str, str | bytes], None], sid: str, text: str | bytes) -> None:
        """The same, of a part of an answer to a connection."""
        if self.hold_back(act, (sid, text), len(text), is_answer=True):
            self.queue[-1].answered.add(sid)
        else:
            act(sid, text)

    def hold_back(
        self, act: Callable[..., None], arguments: tuple[Any, ...], size: int = 0, is_answer: bool = False
    ) -> bool:
        """Carry something out once what waits now is done; false where nothing waits. `size`: bytes that it keeps."""
        if not self.queue:
            return False
        batch = self.queue[-1]
        batch.held.append((self.room_id, act, arguments, is_answer))
        size += HELD_OVERHEAD
        batch.held_bytes += size
        self.held_bytes += size
        return True

    async def passed(self) -> None:
        """Return once whatever waits now has gone its way."""
        if self.queue:
            done = asyncio.get_running_loop().create_future()
            self.queue[-1].held.append((None, _resolve, (done,), False))
            await done

    async def settled(self) -> None:
        """Return once all changes so far are kept. Refused with UNAVAILABLE where that takes longer than `SILENT_S`."""
        try:
            async with asyncio.timeout(SILENT_S):
                await self.passed()
        except TimeoutError:
            raise Refused(Code.UNAVAILABLE, "What was asked could not be kept yet.", retry_after_ms=1_000) from None

    def refuse_late(self) -> None:
        """Answer those who have waited too long. What they asked for may have been done: they may repeat it."""
        limit = self._monotonic() - SILENT_S
        for batch in self.queue:
            if batch.since > limit:
                return
            rest: list[_Held] = []
            for one in batch.held:
                _, act, arguments, _ = one
                acknowledgement = _acknowledgement(arguments)
                if acknowledgement is None:
                    rest.append(one)
                else:
                    # By the same way, which may keep count of it; past those that wait.
                    act(arguments[0], _refused(acknowledgement))
            batch.held[:] = rest
            batch.answered = {arguments[0] for _, _, arguments, is_answer in rest if is_answer}

    def _release(self) -> None:
        queue, self._awaited = self.queue, None
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        while queue and not queue[0].open and not queue[0].pending:
            batch = queue.popleft()
            self.held_bytes -= batch.held_bytes
            refused = batch.refused
            for room_id, act, arguments, _ in batch.held:
                if not refused or room_id is None or room_id not in refused:
                    act(*arguments)
                    continue
                acknowledgement = _acknowledgement(arguments)
                if acknowledgement is not None:
                    act(arguments[0], _refused(acknowledgement))


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _acknowledgement(arguments: tuple[Any, ...]) -> bytes | None:
    """The packet, where it is a Socket.IO ACK to one connection (Socket.IO protocol v5, type 3)."""
    packet = arguments[1] if len(arguments) > 1 else None
    return packet if isinstance(packet, bytes) and packet[:1] == b"3" and isinstance(arguments[0], str) else None


def _refused(acknowledgement: bytes) -> bytes:
    return acknowledgement[: acknowledgement.index(b"[")] + REFUSAL
