"""What goes wrong on one connection, and what became of it so far."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from rooms.errors import Code
from server.faults.line import Line
from server.faults.spelling import Fault, Kind, Wish

MAX_RUNS = 1_000
"""Names under which faults are counted; the one that was not used for longest goes first."""

Receiver = Callable[[str | bytes], Awaitable[Any] | None]


class Counts:
    """run → fault → how often it has happened."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, dict[str, int]] = OrderedDict()

    def of(self, run: str) -> dict[str, int]:
        """Those of a run, to be changed in place; without a name, new ones."""
        if not run:
            return {}
        counts = self._runs.setdefault(run, {})
        self._runs.move_to_end(run)
        if len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)
        return counts


def happens(fault: Fault, counts: dict[str, int]) -> bool:
    """Whether a fault happens once more; it is counted."""
    if fault.times and counts.get(fault.text, 0) >= fault.times:
        return False
    if fault.times:
        counts[fault.text] = counts.get(fault.text, 0) + 1
    return True


class Plan:
    """One connection for which something is to go wrong."""

    def __init__(self, wish: Wish, counts: dict[str, int], cut: Callable[[], None]) -> None:
        self._faults = wish.faults
        self._counts = counts
        self._timers: list[asyncio.TimerHandle] = []
        delay_s = sum(fault.seconds for fault in wish.faults if fault.kind is Kind.DELAY)
        self._incoming = Line(delay_s, cut) if delay_s else None
        self._outgoing = Line(delay_s, cut) if delay_s else None
        self.silent = False
        """Nothing passes any more, neither way."""
        self.receiver: Receiver | None = None
        """Whom the client's messages are for; None: the namespace."""
        self.namespace: Receiver = lambda _: None

    def begin(self, doing: dict[Kind, Callable[[], None]]) -> None:
        """The connection is there. `doing` has what is done when the time of a fault has come."""
        loop = asyncio.get_running_loop()
        for fault in self._faults:
            act = doing.get(fault.kind)
            if act is not None:
                self._timers.append(loop.call_later(fault.seconds, self._act, fault, act))

    def end(self) -> None:
        """The connection is gone."""
        for timer in self._timers:
            timer.cancel()
        for line in (self._incoming, self._outgoing):
            if line is not None:
                line.end()

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something then, if the connection is still there."""
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, act))

    def send(self, size: int, act: Callable[..., None], *arguments: Any) -> None:
        """Something is on its way to the client."""
        if self.silent:
            return
        if self._outgoing is None:
            act(*arguments)
        else:
            self._outgoing.put(size, act, *arguments)

    def receive(self, data: str | bytes) -> Awaitable[Any] | None:
        """Something has come from the client."""
        if self.silent:
            return None
        if self._incoming is None:
            return self._deliver(data)
        self._incoming.put(len(data), self._deliver, data)
        return None

    def refuses(self, event: str) -> Code | None:
        """The code with which this request is refused."""
        for fault in self._faults:
            if fault.kind is Kind.REFUSE and fault.event == event and happens(fault, self._counts):
                return fault.code
        return None

    def drops_answer(self, event: str) -> bool:
        """Whether the connection is cut in place of the answer to this request."""
        return any(
            fault.kind is Kind.DROP_ANSWER and fault.event == event and happens(fault, self._counts)
            for fault in self._faults
        )

    def _deliver(self, data: str | bytes) -> Awaitable[Any] | None:
        return (self.receiver or self.namespace)(data)

    def _act(self, fault: Fault, act: Callable[[], None]) -> None:
        if happens(fault, self._counts):
            act()
