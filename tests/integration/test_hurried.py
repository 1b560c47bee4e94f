"""One client that sends 10,000 events a second: it is told that it is too fast, then closed; others hardly notice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter

from benchmarks.attacks import ONE, SETTINGS, strike
from benchmarks.sockets import GONE, Wire, frame
from server.usecases.connections import BURST_FACTOR, REFUSED_AT_ONCE
from tests.support.pace import PACE
from tests.support.processes import server_process

PER_S = 10_000
BLOCK = 100
LASTS_S = 8.0
EVENTS_PER_S = 50
NOISE_S = 0.1 * PACE
"""What a quiet server's p99 of a few hundred samples may differ by from one run to the next, on two cores."""

EVENT = frame(b'427["send-message",{"roomId":"x","text":"x"}]') * BLOCK


class Hurried:
    """An attack of `benchmarks.attacks`: it comes back as often as it is closed, and counts what it is told."""

    def __init__(self) -> None:
        self.told: list[Counter[str]] = []
        self.lasted_s: list[float] = []

    async def __call__(self, port: int, addresses: list[str], count: int) -> list[Wire]:
        until = time.monotonic() + LASTS_S
        while time.monotonic() < until:
            await self._once(await Wire.connected(port, addresses[0]), until)
        return []

    async def _once(self, wire: Wire, until: float) -> None:
        told: Counter[str] = Counter()
        began, pouring = time.monotonic(), asyncio.create_task(self._pour(wire))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until - began):
                await self._read(wire, told)
            self.told.append(told)
            self.lasted_s.append(time.monotonic() - began)
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        wire.abort()

    async def _pour(self, wire: Wire) -> None:
        """By a socket of its own: a transport whose write fails throws away what there is to be read."""
        loop, began, sent = asyncio.get_running_loop(), time.monotonic(), 0
        with wire.writer.get_extra_info("socket").dup() as own, contextlib.suppress(*GONE):
            while True:
                await loop.sock_sendall(own, EVENT)
                sent += BLOCK
                await asyncio.sleep(max(0.0, began + sent / PER_S - time.monotonic()))

    async def _read(self, wire: Wire, told: Counter[str]) -> None:
        with contextlib.suppress(*GONE):
            while True:
                told["RATE_LIMITED" if "RATE_LIMITED" in await wire.text() else "answered"] += 1


def test_it_is_limited_then_closed_and_a_chat_beside_it_is_served() -> None:
    hurried = Hurried()
    with server_process(**SETTINGS, EVENTS_PER_S=str(EVENTS_PER_S)) as server:
        seen = asyncio.run(strike(server, hurried, ONE, 1, 10**9))
    print(f"closed {len(hurried.told)} times, after {max(hurried.lasted_s):.2f} s at most; {hurried.told[0]}")
    print(f"others' p99 {seen.p99_s * 1_000:.1f} ms, {seen.calm_p99_s * 1_000:.1f} ms before")
    assert len(hurried.told) > 1
    for told, lasted_s in zip(hurried.told, hurried.lasted_s, strict=True):
        assert told["answered"] <= EVENTS_PER_S * (BURST_FACTOR + lasted_s) + 1
        assert REFUSED_AT_ONCE <= told["RATE_LIMITED"] <= REFUSED_AT_ONCE + EVENTS_PER_S * lasted_s + 1
    assert seen.p99_s < 2 * seen.calm_p99_s + NOISE_S
