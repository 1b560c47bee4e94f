"""A real server process with a small memory budget, under each attack, from one address and from many."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks import floods
from benchmarks.attacks import MANY, ONE, SETTINGS, Attack, Seen, histories, non_readers, settings_for, silent, strike
from benchmarks.attacks import unfinished_after_connect as after_connect
from benchmarks.attacks import unfinished_before_connect as before_connect
from benchmarks.sockets import GONE, MIB, Turned, Wire
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, launch, server_process

BUDGET_MB = 128
P99_LIMIT_S = 0.1 * PACE
BUSY_S = 0.02
"""Where others waited so long before the attack, the machine has other things to do, and waits tell little."""

BUSY_P99_LIMIT_S = 1.0 * PACE

BACK_BYTES = 24 * MIB
"""Of what a process that has worked needs more than one that has only started."""


def others_are_served(seen: Seen) -> bool:
    """How long a loop turn may last, whatever else the machine does, is tested in `test_fair_turns`."""
    print(f"peak {seen.peak_bytes / MIB:.0f} MiB, after {seen.after_bytes / MIB:.0f}")
    print(f"others' p99 {seen.p99_s * 1000:.0f} ms, {seen.calm_p99_s * 1000:.0f} ms before")
    return seen.p99_s < (P99_LIMIT_S if seen.calm_p99_s < BUSY_S else BUSY_P99_LIMIT_S)


def struck() -> Iterator[object]:
    """Each attack from one address or from many; the other way, too, in a soak."""
    attacks: dict[str, tuple[Attack, int]] = {
        "before CONNECT": (before_connect, 100),
        "after CONNECT": (after_connect, 300),
        "histories": (histories, 8),
        "non-readers": (non_readers, 60),
        "silent": (silent, 600),
        "unread responses": (floods.unread_responses, 150),
        "idle": (floods.idle_connections, 1_500),
    }
    from_many = {"after CONNECT", "histories", "silent", "unread responses"}
    for name, (attack, count) in attacks.items():
        for who, addresses in (("one address", ONE), ("many", MANY)):
            marks = () if (who == "many") == (name in from_many) else pytest.mark.soak
            yield pytest.param(attack, count, addresses, id=f"{name}-{who}", marks=marks)


@pytest.mark.parametrize(("attack", "count", "addresses"), [*struck()])
def test_memory_stays_within_its_budget_others_are_served_and_all_of_it_returns(
    attack: Attack, count: int, addresses: list[str]
) -> None:
    with server_process(**settings_for(attack), MEMORY_BUDGET_MB=str(BUDGET_MB)) as server:
        seen = asyncio.run(strike(server, attack, addresses, count, BACK_BYTES))
    assert others_are_served(seen)
    assert seen.peak_bytes < BUDGET_MB * MIB * 1.25
    assert seen.after_bytes <= seen.start_bytes + BACK_BYTES


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "CONNECT cycles",
        "binary events",
        *(pytest.param(one, marks=pytest.mark.soak) for one in ("namespaces", "crumbs")),
    ],
)
def test_beside_a_flood_others_are_served(name: str) -> None:
    with server_process(**SETTINGS, MEMORY_BUDGET_MB=str(BUDGET_MB)) as server:
        seen = asyncio.run(strike(server, floods.FLOODS[name], MANY, 100, BACK_BYTES))
    assert others_are_served(seen)
    assert seen.peak_bytes < BUDGET_MB * MIB * 1.25


class FewDescriptors(ServerProcess):
    """A server that may have 256 file descriptors."""

    def __init__(self, port: int) -> None:
        super().__init__(port, {**SETTINGS, "LOG_LEVEL": "info"})
        self.command = ["prlimit", "--nofile=128:256", *self.command]


def health(server: ServerProcess) -> int:
    with urllib.request.urlopen(f"{server.url}/health", timeout=10) as answer:
        return int(answer.status)


def figures_of(server: ServerProcess) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_at_the_descriptor_limit_sockets_are_refused_and_health_answers() -> None:
    with ExitStack() as stack:
        server = launch(FewDescriptors)
        stack.callback(server.close)

        async def fill() -> list[str]:
            refused: list[str] = []
            wires = []
            for number in range(300):
                try:
                    wires.append(await Wire.open(server.port, MANY[number % 100]))
                except Turned as turned:
                    refused.append(str(turned))
                except GONE as gone:
                    refused.append(type(gone).__name__)
            assert await asyncio.to_thread(health, server) == 200
            figures = await asyncio.to_thread(figures_of, server)
            assert figures["mayfly_file_descriptors_limit"] == 256, "raised from 128 to what is allowed"
            assert figures["mayfly_file_descriptors"] < 256
            for wire in wires:
                wire.abort()
            return refused

        refused = asyncio.run(fill())
        assert len(refused) > 80
        assert set(refused) == {"503"}
        assert server.log().count("file descriptors are in use") == 1


def test_silent_connections_beyond_the_limit_do_not_keep_others_out() -> None:
    with ExitStack() as stack:
        server = launch(FewDescriptors)
        stack.callback(server.close)
        seen = asyncio.run(strike(server, silent, MANY, 1_500, BACK_BYTES))
        assert health(server) == 200
        assert others_are_served(seen)
        again = asyncio.run(strike(server, silent, ONE, 1_500, BACK_BYTES))
        assert health(server) == 200
        assert others_are_served(again)
