"""Closed-loop load: a message leaves when an earlier one has arrived, so no queue grows and the server never rests."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any, NamedTuple

from benchmarks.clients import MAX_EVENTS, READ_BYTES, Client, Fleet
from benchmarks.plan import TEXT, Scenario
from benchmarks.servers import cpu_seconds
from benchmarks.wire import Counter, event_frame
from rooms.limits import SENDS_REMEMBERED

FRAMES_PER_SENDER = 2 * SENDS_REMEMBERED + 64
"""More than the server remembers `clientMessageId`s of a seat, so that none counts as a repetition."""

SWEEP_DELIVERIES = 3_200
"""Deliveries between two looks at those who only receive, at 100 of them some 10 KiB in each socket's buffer."""

SWEEP_LEAST_MESSAGES = 4

TURN_S = 0.2
DRAIN_S = 15.0
ACK_MARKER = b'[{"ok":true'
MARKERS = {"send-message": b'["message-received"', "ice-candidate": b'["ice-candidate-received"'}

CANDIDATE = {
    "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.17 rport 46154"
    " generation 0 ufrag EEtu network-cost 999",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "EEtu",
}


class Measured(NamedTuple):
    """One measured stretch. Deliveries are messages that arrived at a client, the acknowledgements not counted."""

    deliveries: int
    seconds: float
    server_cpu_s: float
    load_cpu_s: float
    reads: int

    def as_json(self) -> dict[str, float]:
        """Rates and shares."""
        return {
            "ratePerS": self.deliveries / self.seconds,
            "perCpuS": self.deliveries / max(self.server_cpu_s, 1e-9),
            "serverBusy": self.server_cpu_s / self.seconds,
            "loadBusy": self.load_cpu_s / self.seconds,
            "framesPerRead": self.deliveries / max(self.reads, 1),
        }


def frames_of(client: Client, event: str, prefix: str = "message", text: str = TEXT) -> list[bytes]:
    """The frames that a sender repeats, ready to be written. `prefix` keeps their `clientMessageId`s apart."""
    body: dict[str, Any] = {"roomId": client.room}
    if event == "ice-candidate":
        return [event_frame(event, {**body, "candidate": CANDIDATE, "negotiationId": "call-1"})]
    return [
        event_frame(event, {**body, "text": text, "clientMessageId": f"{prefix}-{number:08d}-of-{client.fd:06d}"})
        for number in range(FRAMES_PER_SENDER)
    ]


class Load:
    """Senders and receivers at work. `turn()` is the hot loop's body: count what came, send what may be sent."""

    def __init__(self, fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> None:
        self._poll = fleet.epoll.poll
        self._window = scenario.window
        self._receivers = scenario.receivers
        self._sockets = {fd: client.sock for fd, client in fleet.by_fd.items()}
        self._counters = {fd: Counter(MARKERS[scenario.event]) for fd in fleet.by_fd}
        self._senders = list(senders)
        self._frames = {client.fd: cycle(frames_of(client, scenario.event, text=scenario.text)) for client in senders}
        self._buffer = bytearray(READ_BYTES)
        self.sent = self.delivered = self.acked = self.reads = 0
        self._last = math.inf  # where `sent` has come so far, nothing more leaves

    def turn(self) -> None:
        """Handle what is there."""
        raise NotImplementedError

    def run(self, seconds: float) -> float:
        """Keep going for so long; returns how long it was."""
        began = now = time.monotonic()
        while now < began + seconds:
            self.turn()
            now = time.monotonic()
        return now - began

    def run_messages(self, count: int) -> None:
        """Exactly so many messages more, each of which has arrived and was acknowledged in the end."""
        self._last = self.sent + count
        self.begin()
        while self.sent < self._last:
            self.turn()
        self.drain()

    def begin(self) -> None:
        """Called when nothing is on its way: let the first messages leave."""

    def drain(self) -> None:
        """Send nothing more, and see every message arrive and acknowledged, none lost and none twice."""
        self._last = self.sent
        deadline = time.monotonic() + DRAIN_S
        while self._owed() and time.monotonic() < deadline:
            self.turn()
        if self._owed() or self.delivered != self.sent * self._receivers:
            raise AssertionError(
                f"{self.delivered} deliveries and {self.acked} acknowledgements of {self.sent} messages"
                f" to {self._receivers} each"
            )

    def _owed(self) -> bool:
        return self.delivered < self.sent * self._receivers or self.acked < self.sent

    def _send(self, fd: int) -> None:
        frame = next(self._frames[fd])
        if self._sockets[fd].send(frame) != len(frame):
            raise ConnectionError("the server does not read")
        self.sent += 1


class FanOutLoad(Load):
    """One sender; its acknowledgements let it go on, and everybody else is read in sweeps.

    A client that is read once in many messages costs this process next to nothing, so that the server alone decides the
    rate; what is not read yet waits in the sockets' buffers, which hold several times as much.
    """

    def __init__(self, fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> None:
        super().__init__(fleet, senders, scenario)
        self._sender = senders[0].fd
        self._acks = Counter(ACK_MARKER)
        self._swept = 0
        self._sweep_after = max(SWEEP_LEAST_MESSAGES, SWEEP_DELIVERIES // scenario.receivers)
        for fd in fleet.by_fd:
            if fd != self._sender:
                fleet.epoll.unregister(fd)

    def turn(self) -> None:
        """Count acknowledgements, top the window up, and sweep when it is time."""
        for fd, _ in self._poll(TURN_S if self.acked < self.sent else 0):
            self.acked += self._acks.count(self._buffer, self._sockets[fd].recv_into(self._buffer))
        while self.sent < self._last and self.sent - self.acked < self._window:
            self._send(self._sender)
        if self.sent >= self._last or self.acked - self._swept >= self._sweep_after:
            self._sweep()

    def _sweep(self) -> None:
        self._swept = self.acked
        buffer, counters = self._buffer, self._counters
        for fd, sock in self._sockets.items():
            if fd == self._sender:
                continue
            with suppress(BlockingIOError):
                size = sock.recv_into(buffer)
                self.delivered += counters[fd].count(buffer, size)
                self.reads += 1


class AckedLoad(Load):
    """Every sender keeps as many messages under way as the window allows; with 1, it waits for each acknowledgement."""

    def __init__(self, fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> None:
        super().__init__(fleet, senders, scenario)
        self._acks = {client.fd: Counter(ACK_MARKER) for client in senders}

    def begin(self) -> None:
        """Fill every sender's window."""
        for _ in range(self._window):
            for client in self._senders:
                if self.sent < self._last:
                    self._send(client.fd)

    def turn(self) -> None:
        """Count deliveries and acknowledgements; each of the latter lets its sender go on."""
        buffer, sockets, counters, acks = self._buffer, self._sockets, self._counters, self._acks
        events = self._poll(TURN_S, MAX_EVENTS)
        for fd, _ in events:
            size = sockets[fd].recv_into(buffer)
            self.delivered += counters[fd].count(buffer, size)
            if fd in acks:
                acked = acks[fd].count(buffer, size)
                self.acked += acked
                while acked and self.sent < self._last:
                    self._send(fd)
                    acked -= 1
        self.reads += len(events)


def load_of(fleet: Fleet, senders: Sequence[Client], scenario: Scenario) -> Load:
    """The load that the scenario asks for."""
    return (FanOutLoad if scenario.kind == "fan-out" else AckedLoad)(fleet, senders, scenario)


def measure(fleet: Fleet, senders: Sequence[Client], scenario: Scenario, pid: int) -> dict[str, float]:
    """Warm up, measure, and account for every message."""
    load = load_of(fleet, senders, scenario)
    load.begin()
    load.run(scenario.warm_s)
    before = (load.delivered, load.reads, cpu_seconds(pid), cpu_seconds(os.getpid()))
    seconds = load.run(scenario.measured_s)
    after = (load.delivered, load.reads, cpu_seconds(pid), cpu_seconds(os.getpid()))
    load.drain()
    deliveries, reads, server_cpu_s, load_cpu_s = (late - early for late, early in zip(after, before, strict=True))
    return Measured(int(deliveries), seconds, server_cpu_s, load_cpu_s, int(reads)).as_json()
