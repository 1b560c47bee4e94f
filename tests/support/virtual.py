"""Event loops without a clock or a network of their own: a scheduler lets each go on, one turn at a time.

Each node of a simulation has a loop. A node that is stopped is one whose loop gets no turn; what is sent to it waits.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from typing import Any

TURNS_TO_END = 8
"""Of a loop that is given up: by then every task of it has been cancelled and is over."""

IDLE_S = 0.1
"""How much time passes where nothing is left to happen."""

TURN_AT_MOST_S = 0.002
"""Of the simulated time, what one turn of a loop takes."""

EARLY_S = 1e-9
"""A timer that is due so soon is due now, as in `asyncio`."""


CLEARED_ABOVE = 100
"""Timers, of which more than half were cancelled (`asyncio.base_events`)."""


class VirtualHandle:
    """What a loop is to call, and may be kept from."""

    __slots__ = ("_act", "_arguments", "_cancelled", "_context", "_loop", "_when")

    def __init__(self, act: Callable[..., Any], arguments: tuple[Any, ...], context: Context | None) -> None:
        self._act = act
        self._arguments = arguments
        self._context = context
        self._cancelled = False
        self._when = 0.0
        self._loop: VirtualLoop | None = None  # while it is planned there

    def __lt__(self, other: VirtualHandle) -> bool:
        return self._when < other._when

    def when(self) -> float:
        """When it is due, of a timer."""
        return self._when

    def cancel(self) -> None:
        """Do not call it."""
        if self._loop is not None and not self._cancelled:
            self._loop.cancelled += 1
        self._cancelled = True

    def cancelled(self) -> bool:
        """Whether it is not to be called."""
        return self._cancelled


class VirtualLoop(asyncio.AbstractEventLoop):
    """A loop whose time is the world's: what of `asyncio`'s needs neither a file nor a thread."""

    def __init__(self, world: VirtualWorld) -> None:
        self._world = world
        self._ready: deque[VirtualHandle] = deque()
        self._planned: list[VirtualHandle] = []
        self.cancelled = 0
        """About how many of the planned are not to be called."""

    def time(self) -> float:
        """The world's."""
        return self._world.now

    def get_debug(self) -> bool:
        return False

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._world.faults.append(context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **about: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        return asyncio.Task(coro, loop=self, **about)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> VirtualHandle:
        handle = VirtualHandle(callback, args, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> VirtualHandle:
        return self.call_at(self._world.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> VirtualHandle:
        handle = VirtualHandle(callback, args, context)
        handle._when, handle._loop = when, self
        heapq.heappush(self._planned, handle)
        return handle

    def due_at(self) -> float | None:
        """When it has something to do; None where nothing is planned."""
        if self._ready:
            return self._world.now
        planned = self._planned
        while planned and planned[0]._cancelled:
            heapq.heappop(planned)
        return planned[0]._when if planned else None

    def is_due(self, now: float) -> bool:
        """Whether a timer is due."""
        planned = self._planned
        while planned and planned[0]._cancelled:
            heapq.heappop(planned)
        return bool(planned) and planned[0]._when <= now

    def abandon(self) -> None:
        """Close it, whatever is pending."""
        for _ in range(TURNS_TO_END):
            for task in asyncio.all_tasks(self):
                task.cancel()
            self.turn()

    def _clear(self) -> None:
        """As `asyncio` does it, also in what that does to the order of timers that are due at one moment."""
        planned = self._planned
        if len(planned) > CLEARED_ABOVE and self.cancelled / len(planned) > 0.5:
            self._planned = [handle for handle in planned if not handle._cancelled]
            heapq.heapify(self._planned)
            self.cancelled = 0
            return
        while planned and planned[0]._cancelled:
            self.cancelled -= 1
            heapq.heappop(planned)._loop = None

    def turn(self) -> None:
        """Do what is due."""
        ready, planned, end = self._ready, self._planned, self._world.now + EARLY_S
        if self.cancelled:
            self._clear()
            planned = self._planned
        while planned and planned[0]._when < end:
            handle = heapq.heappop(planned)
            handle._loop = None
            ready.append(handle)
        earlier = events._get_running_loop()
        events._set_running_loop(self)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            context = handle._context
            try:
                if context is None:
                    handle._act(*handle._arguments)
                else:
                    context.run(handle._act, *handle._arguments)
            except Exception as problem:
                self.call_exception_handler({"message": repr(handle._act), "exception": problem})
        events._set_running_loop(earlier)


class VirtualWorld:
    """The time, what is under way, and who gets the next turn."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now = 1_000.0
        self.loops: dict[VirtualLoop, float] = {}
        """loop → until when it is stopped"""
        self.faults: list[dict[str, Any]] = []
        """What callbacks and tasks of any loop have raised."""
        self._under_way: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def loop(self) -> VirtualLoop:
        """One more node."""
        made = VirtualLoop(self)
        self.loops[made] = 0.0
        return made

    def end(self, loop: VirtualLoop) -> None:
        """A node is no more: nothing of it runs again."""
        self.loops.pop(loop, None)

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Have something happen that needs no node, at a moment."""
        heapq.heappush(self._under_way, (max(moment, self.now), next(self._numbers), act))

    def step(self) -> None:
        """Let one thing happen: the next that is due, of whatever is due one by chance."""
        now, under_way = self.now, self._under_way
        ready = []
        for loop, until in self.loops.items():
            if until <= now and (loop._ready or (loop._planned and loop.is_due(now))):
                ready.append(loop)
        choices = len(ready) + bool(under_way and under_way[0][0] <= now)
        if not choices:
            self._wait()
            return
        bits, draw = choices.bit_length(), self.rng.getrandbits
        chosen = draw(bits)
        while chosen >= choices:  # as in `randrange`, which costs four times as much
            chosen = draw(bits)
        if chosen == len(ready):
            heapq.heappop(under_way)[2]()
        else:
            ready[chosen].turn()
            self.now += TURN_AT_MOST_S * self.rng.random()

    def _wait(self) -> None:
        moments = [max(due, until) for loop, until in self.loops.items() if (due := loop.due_at()) is not None]
        if self._under_way:
            moments.append(self._under_way[0][0])
        self.now = max(self.now, min(moments, default=self.now + IDLE_S)) + 1e-6
