"""Runs scenarios against servers in turn, a fresh server and a fresh load generator each time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.load import job_of
from benchmarks.plan import PACE, Scenario, Target, by_name
from benchmarks.servers import HEARTBEAT_S, PING_INTERVAL_S, measured_server
from tests.support.processes import ROOT

RUN_LIMIT_S = 240.0
LOAD_SHARE = 0.5
"""Latency is measured at this share of what the server that sets the pace can do at most."""


class Run(NamedTuple):
    """One server in one scenario, once."""

    scenario: str
    target: Target
    repeat: int
    result: dict[str, Any]


def run_once(scenario: Scenario, target: Target, rate_per_s: float = 0.0) -> dict[str, Any]:
    """A fresh server, a fresh load generator, one result; `{"failed": why}` where there is none."""
    if scenario.kind == "rejoin":  # the job itself starts its server, twice
        return _result(job_of(scenario, target=target))
    with measured_server(target, ping_s=HEARTBEAT_S if scenario.kind == "heartbeats" else PING_INTERVAL_S) as server:
        return _result(job_of(scenario, target=target, port=server.port, pid=server.pid, ratePerS=rate_per_s))


def _result(job: str) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load", job],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"no result within {RUN_LIMIT_S:.0f} s"}
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_all(scenarios: Sequence[Scenario], targets: Sequence[Target], repeats: int) -> Iterator[Run]:
    """All runs, the servers interleaved, so that a slow spell of the machine meets them all."""
    tops: dict[str, list[float]] = {}
    plain = [scenario for scenario in scenarios if scenario.kind != "latency"]
    paced = [scenario for scenario in scenarios if scenario.kind == "latency"]
    for scenario in plain:
        for run in _interleaved(scenario, targets, repeats, 0.0):
            if run.target == PACE and "ratePerS" in run.result:
                tops.setdefault(scenario.name, []).append(run.result["ratePerS"])
            yield run
    for scenario in paced:
        known = tops.get(scenario.rate_of) or [_top_rate(by_name(scenario.rate_of))]
        yield from _interleaved(scenario, targets, repeats, LOAD_SHARE * median(known))


def _top_rate(scenario: Scenario) -> float:
    return float(run_once(scenario, PACE)["ratePerS"])


def _interleaved(scenario: Scenario, targets: Sequence[Target], repeats: int, rate_per_s: float) -> Iterator[Run]:
    for repeat in range(repeats):
        for target in targets:
            if target not in scenario.skip:
                yield Run(scenario.name, target, repeat, run_once(scenario, target, rate_per_s))
