"""The whole product in a process of its own: fifty members who never read, in a room where a hundred chat."""

from __future__ import annotations

import gc
import json
from dataclasses import replace

from benchmarks import load
from benchmarks.plan import by_name
from benchmarks.servers import EVENTS_PER_S
from tests.support.processes import server_process

MIB = 1_048_576
GROWTH_LIMIT = 50 * MIB
KEPT_LIMIT = 20 * MIB


def test_who_never_reads_is_dropped_and_costs_little_memory_and_not_for_long() -> None:
    scenario = replace(by_name("non-readers"), warm_s=0.5)
    with server_process(EVENTS_PER_S=str(EVENTS_PER_S), MAX_ROOM_CAPACITY="200", PING_INTERVAL_S="300") as server:
        job = load.job_of(scenario, target="mayfly", port=server.port, pid=server.pid)
        try:
            result = load.run(json.loads(job))
        finally:
            gc.enable()  # the load generator is at home in a process of its own, where it does without
        assert result["stillIn"] == 0, "all were dropped, and nobody else"
        assert result["growthBytes"] < GROWTH_LIMIT, f"{result['growthBytes'] / MIB:.0f} MiB"
        assert result["leftBytes"] < KEPT_LIMIT, f"{result['leftBytes'] / MIB:.0f} MiB are still there"
