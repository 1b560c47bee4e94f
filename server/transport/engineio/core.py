"""What all sessions of one engine share: bounds, clocks, counters, and the one flush of each loop turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from server.transport.engineio.budget import Budget
from server.transport.engineio.complaints import Complaints
from server.transport.engineio.deadlines import Deadlines
from server.transport.engineio.deflater import Deflater
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.ports import Abortable, Clocked, Flushable, Identified, Timed
from server.transport.engineio.recall import Recalls
from server.transport.engineio.turns import Turns

Handler = Callable[..., Awaitable[Any] | Any]


class Stats:
    """Counters since the start, for metrics."""

    __slots__ = ("closed", "messages_in", "opened", "overflows", "upgraded")

    def __init__(self) -> None:
        self.opened = 0
        self.upgraded = 0
        self.closed: Counter[str] = Counter()
        """Sessions that ended, by reason."""
        self.messages_in = 0
        self.overflows = 0
        """Sessions that were dropped because they did not read."""


class Core:
    """The part of the engine that sessions see."""

    __slots__ = (
        "_dirty",
        "closing",
        "complaints",
        "connects",
        "deflater",
        "first_bounds",
        "graces",
        "handlers",
        "input",
        "later_bounds",
        "limits",
        "max_payload",
        "on_gone",
        "output",
        "pings",
        "pongs",
        "probes",
        "recalls",
        "stats",
        "tasks",
        "turns",
        "websockets",
    )

    def __init__(
        self,
        limits: EngineLimits,
        *,
        handlers: dict[str, Handler],
        on_gone: Callable[[Identified], None],
        max_payload: int,
        ping_interval_s: float,
        ping_timeout_s: float,
        connect_timeout_s: float | None,
    ) -> None:
        self.limits = limits
        self.handlers = handlers
        self.on_gone = on_gone
        self.max_payload = max_payload
        self.later_bounds = (max_payload, limits.kept_bytes or max_payload)
        """The longest message that is taken, and that is kept."""
        self.first_bounds = (limits.unconnected_bytes,) * 2 if limits.unconnected_bytes else self.later_bounds
        """The same before the client is connected."""
        self.input = Budget(limits.input_bytes)
        self.output = Budget(limits.output_bytes)
        self.websockets = 0
        """WebSockets whose connections are not gone yet."""
        self.stats = Stats()
        self.complaints = Complaints()
        self.turns = Turns(self.complaints)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.deflater: Deflater | None = None
        """Set where WebSockets may agree on permessage-deflate."""
        self._dirty: list[Flushable] = []
        self.pings: Deadlines[Clocked] = Deadlines(ping_interval_s, lambda session: session.ping())
        self.pongs: Deadlines[Clocked] = Deadlines(ping_timeout_s, lambda session: session.pong_overdue())
        self.connects: Deadlines[Clocked] | None = None
        if connect_timeout_s:
            self.connects = Deadlines(connect_timeout_s, lambda session: session.connect_overdue())
        self.graces: Deadlines[Clocked] = Deadlines(limits.command_grace_s, lambda session: session.cancel_command())
        self.closing: Deadlines[Abortable] = Deadlines(limits.close_timeout_s, lambda carrier: carrier.abort())
        self.recalls = Recalls(limits.recall_look_s, limits.recall_looks, limits.recall_least_bytes)
        self.probes: Deadlines[Timed] = Deadlines(limits.upgrade_timeout_s, lambda probe: probe.timed_out())

    def flush_soon(self, session: Flushable) -> None:
        """Flush a session at the end of this loop turn: all that it is sent until then leaves in one write."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(session)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for session in dirty:
            try:
                session.flush()
            except Exception as error:
                self.complaints.say("flush", error)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as a task that the engine holds on to until it ends."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def stop_clocks(self) -> None:
        """Give up every deadline: the engine is going down."""
        for clock in (self.pings, self.pongs, self.connects, self.graces, self.closing, self.probes):
            if clock is not None:
                clock.clear()
        self.recalls.clear()
