"""Open-loop load: messages leave at fixed times whatever comes back, and each delivery is timed from when its message
left. Nothing that the server does makes a message leave later, so a slow server is not let off (no coordinated
omission); where this process itself had to wait for its core, that is told apart, as `lateP99Ms`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import cycle
from math import ceil

from benchmarks.clients import MAX_EVENTS, READ_BYTES, Client, Fleet
from benchmarks.plan import Scenario
from benchmarks.servers import cpu_seconds
from benchmarks.throughput import MARKERS, frames_of
from benchmarks.wire import Counter

OVERLOAD_BACKLOG_S = 1.0
"""A server that owes so much of the rate cannot keep up with it, and is not asked for a percentile."""

DRAIN_S = 5.0


class Overloaded(Exception):
    """The server does not keep up with the rate."""


class PacedLoad:
    """Messages at a fixed rate, each sender in turn, and the latency of every delivery in seconds.

    In a room with one sender, and in one of two people, what a client gets comes in the order sent; so the n-th message
    that arrives at a client is the n-th that left for it, and none need be read.
    """

    def __init__(
        self, fleet: Fleet, senders: Sequence[Client], scenario: Scenario, rate_per_s: float, *, text: str | None = None
    ) -> None:
        self._fleet = fleet
        self._interval_s = scenario.receivers / rate_per_s
        self._overload = OVERLOAD_BACKLOG_S * rate_per_s
        self._turns = cycle(senders)
        self._frames = {c.fd: cycle(frames_of(c, scenario.event, text=text or scenario.text)) for c in senders}
        self._counters = {fd: Counter(MARKERS[scenario.event]) for fd in fleet.by_fd}
        others = {c.fd: [o.fd for o in fleet.by_fd.values() if o.room == c.room and o is not c] for c in senders}
        self._left: dict[int, list[float]] = {fd: [] for fd in fleet.by_fd}
        self._receivers = others
        self._seen = dict.fromkeys(fleet.by_fd, 0)
        self._buffer = bytearray(READ_BYTES)
        self.latencies: list[float] = []
        self.late: list[float] = []
        self.expected = 0

    def run(self, seconds: float) -> None:
        """Send for so long, then wait for what is on its way."""
        began = time.perf_counter()
        due, now = began, began
        while due < began + seconds:
            now = time.perf_counter()
            if now >= due:
                self._send(now)
                self.late.append(now - due)
                due += self._interval_s
            self._read(0)
            if self.expected - len(self.latencies) > self._overload:
                raise Overloaded
        while len(self.latencies) < self.expected:
            self._read(0)
            if time.perf_counter() - due > DRAIN_S:
                raise Overloaded

    def forget(self) -> None:
        """Leave out what was measured so far."""
        self.latencies.clear()
        self.late.clear()
        self.expected = 0

    def _send(self, now: float) -> None:
        client = next(self._turns)
        client.send(next(self._frames[client.fd]))
        for fd in self._receivers[client.fd]:
            self._left[fd].append(now)
        self.expected += len(self._receivers[client.fd])

    def _read(self, timeout_s: float) -> None:
        for fd, _ in self._fleet.epoll.poll(timeout_s, MAX_EVENTS):
            size = self._fleet.by_fd[fd].sock.recv_into(self._buffer)
            now = time.perf_counter()
            found = self._counters[fd].count(self._buffer, size)
            first = self._seen[fd]
            self._seen[fd] = first + found
            self.latencies += [now - left for left in self._left[fd][first : first + found]]


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def measure(
    fleet: Fleet, senders: Sequence[Client], scenario: Scenario, pid: int, rate_per_s: float
) -> dict[str, float | bool]:
    """Median and 99th percentile at `rate_per_s` deliveries a second, in milliseconds."""
    load = PacedLoad(fleet, senders, scenario, rate_per_s)
    try:
        load.run(scenario.warm_s)
        load.forget()
        server_cpu_s = cpu_seconds(pid)
        load.run(scenario.measured_s)
    except Overloaded:
        return {"overloaded": True}
    return {
        "p50Ms": percentile(load.latencies, 0.50) * 1000,
        "p99Ms": percentile(load.latencies, 0.99) * 1000,
        "lateP99Ms": percentile(load.late, 0.99) * 1000,
        "offeredPerS": rate_per_s,
        "serverBusy": (cpu_seconds(pid) - server_cpu_s) / scenario.measured_s,
    }
