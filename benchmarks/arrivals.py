"""Connections themselves: how fast they come in, and what they weigh while nothing is said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.clients import Client, Fleet
from benchmarks.plan import Scenario, Target
from benchmarks.servers import HEARTBEAT_S, PAGE_BYTES, collect_garbage, cpu_seconds, resident_bytes

Guests = Callable[[int], list[Client]]
"""Makes the clients of so many new rooms."""

WARM_SHARE = 0.1
"""The part of the clients that comes in before the measurement, so that nothing is charged for loading code."""

SETTLE_S = 2.0
MICROSECONDS_PER_S = 1e6

MANY = 200_000
"""Idle connections that no test machine has the ports for; what they cost is extrapolated from as many as fit."""

MANY_HEARTBEAT_S = 25.0


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
        "cpuUs": server_cpu_s / len(clients) * MICROSECONDS_PER_S,
        "serverBusy": server_cpu_s / seconds,
        "loadBusy": (cpu_seconds(os.getpid()) - load_cpu_s) / seconds,
    }


def idle(fleet: Fleet, guests: Guests, scenario: Scenario, pid: int, target: Target) -> dict[str, float]:
    """Bytes that each further connection adds, its seat and its part of a new room included.

    Of the server's resident memory, and of the kernel's: both ends of every connection are on this machine, so that
    half of what the kernel takes is the server's.
    """
    warm = int(scenario.rooms * WARM_SHARE)
    fleet.bring_in(guests(warm), scenario.at_once)
    before, kernel_before = _quiet_memory(fleet, target, pid), kernel_bytes()
    clients = guests(scenario.rooms - warm)
    fleet.bring_in(clients, scenario.at_once)
    after, kernel_after = _quiet_memory(fleet, target, pid), kernel_bytes()
    each, of_kernel = (after - before) / len(clients), (kernel_after - kernel_before) / len(clients) / 2
    return {
        "bytesPerConnection": each,
        "kernelBytesPerConnection": of_kernel,
        "bytesOfMany": MANY * (each + of_kernel),
        "residentMiB": after / 1_048_576,
        "connections": float(len(fleet.by_fd)),
    }


def heartbeats(fleet: Fleet, guests: Guests, scenario: Scenario, pid: int) -> dict[str, float]:
    """Processor time of connections that say nothing but pong, for each heartbeat."""
    clients = guests(scenario.rooms)
    fleet.bring_in(clients, scenario.at_once)
    seconds = max(scenario.measured_s, 2 * HEARTBEAT_S)
    fleet.read_for(HEARTBEAT_S)
    answered, server_cpu_s = sum(client.pongs for client in clients), cpu_seconds(pid)
    fleet.read_for(seconds)
    answered, server_cpu_s = sum(client.pongs for client in clients) - answered, cpu_seconds(pid) - server_cpu_s
    if answered < len(clients):
        raise AssertionError(f"{answered} heartbeats of {len(clients)} connections in {seconds} s")
    each_s = server_cpu_s / answered
    return {
        "cpuUs": each_s * MICROSECONDS_PER_S,
        "coreOfMany": each_s * MANY / MANY_HEARTBEAT_S,
        "heartbeats": float(answered),
    }


def kernel_bytes() -> int:
    """What the kernel has allocated for itself, on the whole machine: its slabs and the buffers of TCP."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    slabs = int(fields["Slab"].split()[0]) * 1024
    (tcp,) = (line.split() for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
    return slabs + int(tcp[tcp.index("mem") + 1]) * PAGE_BYTES


def _quiet_memory(fleet: Fleet, target: Target, pid: int) -> int:
    fleet.settle(SETTLE_S)
    collect_garbage(target, pid)
    return resident_bytes(pid)
