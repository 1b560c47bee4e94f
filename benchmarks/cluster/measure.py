"""The sides of a row take turns, all of them up at once, so that a slow spell of the machine meets them all."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, NamedTuple

from benchmarks.clients import Client, Fleet
from benchmarks.cluster.loads import load_of
from benchmarks.cluster.plan import Row, Setup, Side
from benchmarks.cluster.servers import WORKING_TREE, Cluster, Trees, running
from benchmarks.latency import PacedLoad, percentile
from benchmarks.load import check
from benchmarks.plan import Scenario, Target
from benchmarks.servers import make_rooms

WARM_SHARE = 0.5
QUIET_S = 0.3
TURN_LIMIT_S = 60
"""A turn that takes longer is stuck."""


class Turn(NamedTuple):
    """One turn of one side: seconds of processor time and of the wall, for so many deliveries."""

    nodes_s: float
    redis_s: float
    seconds: float
    deliveries: int

    @property
    def cpu_us(self) -> float:
        """Of all parts, for each delivery."""
        return (self.nodes_s + self.redis_s) / self.deliveries * 1e6


class Start(NamedTuple):
    """What one side did in all turns of one start of its processes; or why there is nothing.

    `figures`: medians of its turns. `beside`: by the name of another side, what it does for a CPU second as a multiple
    of what that one does, the median of neighbouring turns.
    """

    side: str
    figures: dict[str, float]
    beside: dict[str, float]
    failed: str = ""


class People:
    """The people of one side, in their rooms."""

    def __init__(self, side: Side, cluster: Cluster, scenario: Scenario, fleet: Fleet) -> None:
        self.side = side
        self.cluster = cluster
        self.clients = clients_of(side, cluster, scenario)
        fleet.bring_in(self.clients, scenario.at_once)
        fleet.settle(QUIET_S)
        self.senders = [client for n, client in enumerate(self.clients) if n % scenario.people < scenario.senders]
        check(fleet, self.clients, self.senders[0], scenario)


def clients_of(side: Side, cluster: Cluster, scenario: Scenario) -> list[Client]:
    """Clients for the rooms of a scenario, each node having as many of the rooms."""
    nodes = cluster.nodes
    product: Target = "mayfly" if cluster.setup.product == "mayfly" else "node"
    clients = []
    for number in range(scenario.rooms):
        owner = number % len(nodes)
        (room,) = make_rooms(product, nodes[owner].port, 1, scenario.people)
        for person in range(scenario.people):
            step = {"here": 0, "apart": person, "elsewhere": 1}[side.placing]
            clients.append(Client(nodes[(owner + step) % len(nodes)].port, room, f"Guest {person}"))
    return clients


def start(row: Row, turns: int, trees: Trees = WORKING_TREE) -> list[Start]:
    """Start everything, take turns, end everything."""
    with ExitStack() as stack:
        clusters: dict[Setup, Cluster] = {}
        for side in row.sides:
            if side.setup not in clusters:
                clusters[side.setup] = stack.enter_context(running(side.setup, trees))
        workers = {}
        for side in row.sides:
            fleet = stack.enter_context(Fleet())
            people = People(side, clusters[side.setup], row.scenario, fleet)
            workers[side.name] = (_Latency if row.is_latency else _Costs)(row, people, fleet)
        return _in_turns(row.sides, workers, turns)


def _in_turns(sides: Sequence[Side], workers: Mapping[str, Any], turns: int) -> list[Start]:
    failed: dict[str, str] = {}
    with _no_pauses():
        for number in range(turns + 1):  # the first of all is not counted
            for side in order_of(sides, number):
                if side.name in failed:
                    continue
                try:
                    with _limit(TURN_LIMIT_S):
                        workers[side.name].turn(counted=number > 0)
                except (AssertionError, OSError, RuntimeError) as why:
                    failed[side.name] = f"{type(why).__name__}: {why}"
    return [
        Start(side.name, {}, {}, failed[side.name])
        if side.name in failed
        else Start(
            side.name,
            workers[side.name].figures(),
            {
                goal.against: workers[side.name].beside(workers[goal.against])
                for goal in side.goals
                if goal.against not in failed
            },
        )
        for side in sides
    ]


def order_of(sides: Sequence[Side], number: int) -> Sequence[Side]:
    """Of one turn: another side begins each time. To and fro, the first and the last of them would have two turns one
    after the other, the second in a warm cache.
    """
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


class _Costs:
    """Closed-loop load, and what it costs."""

    def __init__(self, row: Row, people: People, fleet: Fleet) -> None:
        self._count = row.messages
        self._receivers = row.scenario.receivers
        self._cluster = people.cluster
        self._load = load_of(fleet, people.senders, row.scenario)
        self.turns: list[Turn] = []

    def turn(self, *, counted: bool) -> None:
        """So many messages, none under way before or after."""
        count = self._count if counted else max(1, int(self._count * WARM_SHARE))
        before, began = self._cluster.spent(), time.perf_counter()
        self._load.run_messages(count)
        seconds, after = time.perf_counter() - began, self._cluster.spent()
        if counted:
            spent = (after.nodes - before.nodes, after.redis - before.redis)
            self.turns.append(Turn(*spent, seconds, count * self._receivers))

    def figures(self) -> dict[str, float]:
        """Medians of all turns."""
        return {
            "cpuUs": median(turn.cpu_us for turn in self.turns),
            "redisUs": median(turn.redis_s / turn.deliveries * 1e6 for turn in self.turns),
            "ratePerS": median(turn.deliveries / turn.seconds for turn in self.turns),
        }

    def beside(self, other: _Costs) -> float:
        """What is done here for a CPU second, as a multiple of what the other side does."""
        return median(theirs.cpu_us / mine.cpu_us for mine, theirs in zip(self.turns, other.turns, strict=True))


class _Latency:
    """Open-loop load, and how long each delivery takes."""

    def __init__(self, row: Row, people: People, fleet: Fleet) -> None:
        self._seconds = row.turn_s
        self._load = PacedLoad(fleet, people.senders, row.scenario, row.rate_per_s)
        self.p50: list[float] = []
        self.p99: list[float] = []

    def turn(self, *, counted: bool) -> None:
        """Some seconds of a steady rate. Raises `Overloaded`."""
        self._load.forget()
        self._load.run(self._seconds)
        if counted:
            self.p50.append(percentile(self._load.latencies, 0.50) * 1000)
            self.p99.append(percentile(self._load.latencies, 0.99) * 1000)

    def figures(self) -> dict[str, float]:
        """Medians of all turns, in milliseconds."""
        return {"p50Ms": median(self.p50), "p99Ms": median(self.p99)}


@contextmanager
def _no_pauses() -> Iterator[None]:
    """None of this process's own collector in the figures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """`TimeoutError` in whatever takes longer."""

    def over(*_: object) -> None:
        raise TimeoutError(f"not done within {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
