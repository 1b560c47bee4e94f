"""Connections themselves: how fast they come in, and what they weigh while nothing is said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from benchmarks.clients import Client, Fleet
from benchmarks.plan import Scenario, Target
from benchmarks.servers import collect_garbage, cpu_seconds, resident_bytes

Guests = Callable[[int], list[Client]]
"""Makes the clients of so many new rooms."""

WARM_SHARE = 0.1
"""The part of the clients that comes in before the measurement, so that nothing is charged for loading code."""

SETTLE_S = 2.0


def storm(fleet: Fleet, guests: Guests, scenario: Scenario, pid: int) -> dict[str, float]:
    """Connections a second: TCP, upgrade, CONNECT, join, each step when the one before it was answered."""
    warm = int(scenario.rooms * WARM_SHARE)
    fleet.bring_in(guests(warm), scenario.at_once)
    clients = guests(scenario.rooms - warm)
    began, server_cpu_s, load_cpu_s = time.monotonic(), cpu_seconds(pid), cpu_seconds(os.getpid())
    fleet.bring_in(clients, scenario.at_once)
    seconds = time.monotonic() - began
    server_cpu_s = cpu_seconds(pid) - server_cpu_s
    return {
        "ratePerS": len(clients) / seconds,
        "perCpuS": len(clients) / max(server_cpu_s, 1e-9),
        "serverBusy": server_cpu_s / seconds,
        "loadBusy": (cpu_seconds(os.getpid()) - load_cpu_s) / seconds,
    }


def idle(fleet: Fleet, guests: Guests, scenario: Scenario, pid: int, target: Target) -> dict[str, float]:
    """Bytes of resident memory that each further connection adds, its seat and its part of a new room included."""
    warm = int(scenario.rooms * WARM_SHARE)
    fleet.bring_in(guests(warm), scenario.at_once)
    before = _quiet_memory(fleet, target, pid)
    clients = guests(scenario.rooms - warm)
    fleet.bring_in(clients, scenario.at_once)
    after = _quiet_memory(fleet, target, pid)
    return {
        "bytesPerConnection": (after - before) / len(clients),
        "residentMiB": after / 1_048_576,
        "connections": float(len(fleet.by_fd)),
    }


def _quiet_memory(fleet: Fleet, target: Target, pid: int) -> int:
    fleet.settle(SETTLE_S)
    collect_garbage(target, pid)
    return resident_bytes(pid)
