"""What is told of each kind of scenario: keys of the results, units, and which side is the good one."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.plan import Kind, Scenario

KIB, MIB, GIB = 1024.0, 1_048_576.0, 1_073_741_824.0


class Figure(NamedTuple):
    """The key in the results, its unit, by what to divide it and how many digits to print.

    `less` is better, or more. The goals of a scenario are about the figures that `decide`; where one is the inverse of
    what the goal is written for, the goal is `turned`. Of figures that say the same, one is `pictured`.
    """

    key: str
    unit: str
    divide: float = 1.0
    digits: int = 0
    less: bool = False
    decides: bool = True
    pictured: bool = False
    turned: bool = False


def _told(key: str, unit: str, divide: float = 1.0, digits: int = 0) -> Figure:
    """A figure without a goal, of which less is better."""
    return Figure(key, unit, divide, digits, less=True, decides=False)


# In the picture is the one of a pair that other programs disturb less.
RATE = Figure("ratePerS", "deliveries/s")
PER_CPU = Figure("perCpuS", "deliveries/CPU s", pictured=True)
ARRIVALS = Figure("ratePerS", "connections/s", turned=True)
ARRIVAL_CPU = Figure("cpuUs", "CPU µs/connection", less=True, pictured=True)
MEMORY = Figure("bytesPerConnection", "KiB/connection", KIB, 1, less=True, pictured=True)
P99 = Figure("p99Ms", "p99, ms", digits=2, less=True, pictured=True)

CANDIDATE_BYTES = (
    _told("candidateSentBytes", "bytes sent for a candidate"),
    _told("candidateAckBytes", "bytes of its acknowledgement"),
    _told("candidateBytes", "bytes of a candidate received"),
)
BYTES = (
    Figure("joinBytes", "bytes to who comes in", less=True),
    Figure("joinWithBacklogBytes", "the same after 50 messages", less=True),
    _told("joinSentBytes", "bytes from who comes in"),
    _told("joinToldBytes", "bytes to each other in the room"),
    _told("messageSentBytes", "bytes sent for a message"),
    _told("messageAckBytes", "bytes of its acknowledgement"),
    _told("messageBytes", "bytes of a message received"),
)

FIGURES: dict[Kind, tuple[Figure, ...]] = {
    "fan-out": (RATE, PER_CPU),
    "acked": (RATE, PER_CPU),
    "storm": (ARRIVALS, ARRIVAL_CPU),
    "rejoin": (
        _told("outageS", "s from SIGTERM until all are in", digits=2),
        _told("untilListeningS", "s of these until it listens", digits=2),
        _told("cpuUs", "CPU µs/connection"),
    ),
    "idle": (
        MEMORY,
        _told("kernelBytesPerConnection", "KiB/connection of the kernel", KIB, 1),
        _told("bytesOfMany", "GiB with the kernel's, 200,000 by extrapolation", GIB, 2),
    ),
    "heartbeats": (
        _told("cpuUs", "CPU µs/heartbeat", digits=1),
        _told("coreOfMany", "cores, 200,000 each 25 s by extrapolation", digits=2),
    ),
    "latency": (_told("p50Ms", "p50, ms", digits=2), P99),
    "non-readers": (
        Figure("p99Ratio", "p99, × without", digits=2, less=True),
        _told("growthBytes", "MiB more", MIB, 1),
    ),
    "bytes": BYTES,
}


def figures_of(scenario: Scenario) -> tuple[Figure, ...]:
    """The figures of a scenario, in the order of the table."""
    candidates = scenario.kind == "bytes" and scenario.people == 2
    return FIGURES[scenario.kind] + (CANDIDATE_BYTES if candidates else ())
