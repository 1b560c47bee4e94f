"""One loop turn of a real server handles a little of what a hundred sockets pour in, and then the others have theirs.

What is measured is the processor time of each turn, which no other program on the machine changes; the clients, who
pour, are another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import pytest

from benchmarks.floods import FLOODS
from server.app import HOST, create_app
from server.security.descriptors import Descriptors
from server.settings import Settings
from server.transport.engineio import turns
from server.transport.http.listener import Door
from server.transport.http.runner import Runner
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, ROOT

SOCKETS = 100
POURING_S = 3
LONGEST_S = 0.1
"""Far more than a turn is planned for: one request, a garbage collection, a new socket take what they take."""

POUR = (
    "import asyncio, sys; from benchmarks import floods; floods.FLOOD_S = float(sys.argv[3]);"
    "asyncio.run(floods.FLOODS[sys.argv[1]](int(sys.argv[2]), ['127.0.0.1'], int(sys.argv[4])))"
)


async def pouring(name: str, took_s: list[float]) -> None:
    """Note the processor time of each loop turn meanwhile, in seconds; the longest come first in the end."""
    settings = Settings(_env_file=None, environment="production", memory_budget_mb=0)  # type: ignore[call-arg]
    app = create_app(settings)
    engine = app[HOST].eio
    runner = Runner(app, engine.turns, engine.output, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    door = Door(runner.server, Descriptors(0), engine.turns)  # type: ignore[arg-type]
    listener = await asyncio.get_running_loop().create_server(door, LOOPBACK, 0, backlog=door.backlog)
    command = [
        sys.executable,
        "-c",
        POUR,
        name,
        str(listener.sockets[0].getsockname()[1]),
        str(POURING_S),
        str(SOCKETS),
    ]
    try:
        clients = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        ended = asyncio.create_task(clients.wait())
        while not ended.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            took_s.append(time.thread_time() - before)
        assert ended.result() == 0
    finally:
        listener.close()
        door.close()
        took_s.sort(reverse=True)
        await runner.cleanup()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FLOODS))
async def test_no_flood_makes_a_loop_turn_long(name: str) -> None:
    asyncio.get_running_loop().set_debug(False)
    took_s: list[float] = []
    await pouring(name, took_s)
    print(f"{len(took_s)} turns, the longest {', '.join(f'{one * 1000:.0f}' for one in took_s[:5])} ms")
    assert sum(took_s) > 0.3, "the flood never came"
    assert took_s[2] < LONGEST_S * PACE


@pytest.mark.slow
async def test_without_turns_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().set_debug(False)
    monkeypatch.setattr(turns, "TURN_S", 10.0)
    monkeypatch.setattr(turns, "STEPS_PER_TURN", 1_000_000)
    took_s: list[float] = []
    with contextlib.suppress(TimeoutError):
        await pouring("requests", took_s)
    assert took_s[2] > LONGEST_S
