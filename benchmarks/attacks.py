"""Hostile addresses against a server of one's own: what it weighs meanwhile, what others notice, what is left after.

`python -m benchmarks.attacks` (`make soak`) runs each attack from one address and from many, with the default budget,
and prints a line for each; with words behind it, only those attacks whose names have one of them in it. Bounded in
sockets, bytes and time; only ever against 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks import floods
from benchmarks.servers import resident_bytes
from benchmarks.sockets import ANSWER_LIMIT_S, GONE, MIB, Turned, Wire, frame, make_room
from tests.support.processes import ROOT, ServerProcess, server_process

SAMPLE_S = 0.02
SETTLE_LIMIT_S = 30.0
CALM_S = 2.0
"""In which others talk before it begins."""
TEXT = "🙂" * 4_000
"""What weighs most for its length."""


# The attacks. Each opens `count` sockets from these addresses in turn, and returns them.


async def _each(count: int, addresses: list[str], one: Callable[[str], Awaitable[Wire | None]]) -> list[Wire]:
    """Run `one` for each socket, a hundred at a time; whoever is turned away, or thrown out, is no loss."""
    wires: list[Wire] = []

    async def guarded(number: int) -> None:
        with contextlib.suppress(*GONE):
            wire = await asyncio.wait_for(one(addresses[number % len(addresses)]), ANSWER_LIMIT_S)
            if wire is not None:
                wires.append(wire)

    for start in range(0, count, 100):
        await asyncio.gather(*(guarded(number) for number in range(start, min(count, start + 100))))
    return wires


async def unfinished_before_connect(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Messages of 4 MB that never end, before CONNECT."""

    async def one(address: str) -> Wire:
        wire = await Wire.open(port, address)
        wire.writer.write(frame(b"4" + b"x" * 3_900_000, 4_000_000))
        with contextlib.suppress(*GONE):
            await asyncio.wait_for(wire.writer.drain(), 2)
        return wire

    return await _each(count, addresses, one)


async def unfinished_after_connect(port: int, addresses: list[str], count: int) -> list[Wire]:
    """The longest messages that are kept, which never end, after it."""

    async def one(address: str) -> Wire:
        wire = await Wire.connected(port, address)
        wire.writer.write(frame(b"4" + b"x" * 255_000, 260_000))
        with contextlib.suppress(*GONE):
            await asyncio.wait_for(wire.writer.drain(), 2)
        return wire

    return await _each(count, addresses, one)


async def histories(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Each socket fills the histories of eight rooms."""

    async def one(address: str) -> Wire:
        wire = await Wire.connected(port, address)
        for _ in range(8):
            try:
                room = await make_room(port, address)
            except Turned:
                break  # memory is at its bound: what it holds, it holds
            if not (await wire.request("join-room", roomId=room))["ok"]:
                break
            for _ in range(64):
                await wire.request("send-message", roomId=room, text=TEXT)
        return wire

    return await _each(count, addresses, one)


async def non_readers(port: int, addresses: list[str], count: int) -> list[Wire]:
    """A room where one talks and nobody reads."""
    wires = [await Wire.connected(port, addresses[0])]
    room = await make_room(port, addresses[0], capacity=1_000)
    await wires[0].request("join-room", roomId=room)

    async def one(address: str) -> Wire:
        wire = await Wire.connected(port, address)
        await wire.request("join-room", roomId=room)
        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]
        return wire

    wires += await _each(count, addresses, one)
    with contextlib.suppress(*GONE):
        for _ in range(600):
            await wires[0].request("send-message", roomId=room, text=TEXT)
    return wires


async def silent(port: int, addresses: list[str], count: int) -> list[Wire]:
    """Connections that say nothing, and some that begin and do not go on."""

    async def one(address: str) -> Wire:
        wire = await Wire.dial(port, address)
        if hash(wire.writer) % 2:
            wire.writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        return wire

    return await _each(count, addresses, one)


Attack = Callable[[int, list[str], int], Awaitable[list[Wire]]]
ATTACKS: dict[str, tuple[Attack, int]] = {
    "unfinished before CONNECT": (unfinished_before_connect, 200),
    "unfinished after CONNECT": (unfinished_after_connect, 1_000),
    "histories": (histories, 60),
    "non-readers": (non_readers, 200),
    "silent connections": (silent, 1_500),
    "unread responses": (floods.unread_responses, 400),
    "idle connections": (floods.idle_connections, 3_000),
    **{f"flood of {name}": (flood, 100) for name, flood in floods.FLOODS.items()},
}
"""name → the attack, and its sockets in full"""

ONE = ["127.0.0.66"]
MANY = [f"127.0.1.{n}" for n in range(1, 101)]


@dataclass
class Seen:
    """What an attack did."""

    start_bytes: int = 0
    peak_bytes: int = 0
    after_bytes: int = 0
    kept: int = 0
    began_at: float = 0.0
    delays_s: list[tuple[float, float]] = field(default_factory=list)
    """When others asked, and how long they waited for the acknowledgement."""

    @property
    def p99_s(self) -> float:
        """What others wait meanwhile."""
        return _p99([delay for at, delay in self.delays_s if at >= self.began_at])

    @property
    def calm_p99_s(self) -> float:
        """What they waited before: a machine that is busy with other things says so here."""
        return _p99([delay for at, delay in self.delays_s if at < self.began_at])


def _p99(delays_s: list[float]) -> float:
    ordered = sorted(delays_s)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


@asynccontextmanager
async def _bystander(port: int, seen: Seen) -> AsyncIterator[None]:
    """Somebody who talks in another room meanwhile, and has to get through (`benchmarks.bystander`)."""
    command = [sys.executable, "-m", "benchmarks.bystander", str(port)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT, limit=8 * MIB)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n", "the bystander did not get in"
        yield
        process.stdin.close()
        told, _ = await asyncio.wait_for(process.communicate(), ANSWER_LIMIT_S)
        assert process.returncode == 0, "the bystander was thrown out"
        seen.delays_s = json.loads(told)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def strike(server: ServerProcess, attack: Attack, addresses: list[str], count: int, back_bytes: int) -> Seen:
    """Attack, watch, let go, and wait until no more than `back_bytes` above the start is left, or half a minute."""
    seen = Seen()
    start_bytes = seen.start_bytes = resident_bytes(server.pid)

    async def watch() -> None:
        while True:
            seen.peak_bytes = max(seen.peak_bytes, resident_bytes(server.pid))
            await asyncio.sleep(SAMPLE_S)

    watching = asyncio.create_task(watch())
    async with _bystander(server.port, seen):
        await asyncio.sleep(CALM_S)
        seen.began_at = time.monotonic()
        wires = await attack(server.port, addresses, count)
        seen.kept = len(wires)
        await asyncio.sleep(1)
        for wire in wires:
            wire.abort()
        deadline = time.monotonic() + SETTLE_LIMIT_S
        while resident_bytes(server.pid) > start_bytes + back_bytes and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
    seen.after_bytes = resident_bytes(server.pid)
    watching.cancel()
    return seen


SETTINGS = {
    "ENVIRONMENT": "production",
    "EMPTY_ROOM_TTL_S": "1",
    "SEAT_GRACE_S": "1",
    "PING_INTERVAL_S": "5",
    "PING_TIMEOUT_S": "5",
    "LOG_LEVEL": "warning",
}
"""In production loopback is counted as anybody is. Rooms, and sessions that poll no more, are over soon, so that
what they held can be seen to go."""

UNHURRIED = {"EVENTS_PER_S": "0"}
"""For the attacks on memory, which would take minutes at the pace that connections are held to."""


def settings_for(attack: Attack) -> dict[str, str]:
    """A flood is met with the pace that connections are held to, as it is out there."""
    return SETTINGS if attack.__module__ == floods.__name__ else SETTINGS | UNHURRIED


def main() -> int:
    """Every attack, from one address and from many. Exit code 1 where a bound did not hold."""
    budget_mb, failed = int(os.environ.get("MEMORY_BUDGET_MB", "384")), False
    print(f"budget {budget_mb} MiB; at most a quarter more, others' p99 at most 100 ms")
    chosen = [name for name in ATTACKS if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    for name in chosen:
        attack, count = ATTACKS[name]
        for addresses in (ONE, MANY):
            with server_process(**settings_for(attack), MEMORY_BUDGET_MB=str(budget_mb)) as server:
                seen = asyncio.run(strike(server, attack, addresses, count, 40 * MIB))
                good = seen.peak_bytes <= budget_mb * MIB * 1.25 and seen.p99_s <= 0.1
                failed = failed or not good
                print(
                    f"{'ok ' if good else 'BAD'} {name}, {len(addresses)} address(es): peak {seen.peak_bytes / MIB:.0f}"
                    f" MiB, after {seen.after_bytes / MIB:.0f} MiB, others' p99 {seen.p99_s * 1000:.0f} ms"
                    f" ({seen.calm_p99_s * 1000:.0f} before),"
                    f" {seen.kept} of {count} sockets got in",
                    flush=True,
                )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
