"""What is measured of a pair of servers: the rows of docs/benchmarks.md that a change can make slower or heavier.

A row is measured in slices of equally many units, some 20 ms each on a calm machine, that go to the servers in turn.
A shared machine's speed changes by half from one second to the next, seldom between two neighbouring slices: these are
compared, and the median of their ratios is the pair's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from statistics import median
from typing import NamedTuple

from benchmarks.clients import Client, Fleet
from benchmarks.load import check, make_clients
from benchmarks.plan import Scenario, by_name
from benchmarks.servers import MeasuredServer, cpu_seconds, resident_bytes
from benchmarks.throughput import load_of

OLD, NEW = 0, 1


class Costs(NamedTuple):
    """What one unit of work costs the old and the new server, and how many times as much the old one."""

    old: float
    new: float
    ratio: float


WARM_SHARE = 0.5
QUIET_S = 0.1
MICROSECOND = 1e-6


class Row(NamedTuple):
    """One scenario of `benchmarks/plan.py`, in slices of `units` (messages; connections for storm and idle)."""

    scenario: Scenario
    units: int
    unit: str

    @property
    def name(self) -> str:
        """As on the command line."""
        return self.scenario.name


ROWS = (
    Row(by_name("idle"), 800, "KiB a connection"),
    Row(by_name("storm"), 64, "µs a connection"),
    Row(by_name("fanout-100"), 130, "µs a message"),
    Row(by_name("fanout-1k"), 100, "µs a message"),
    Row(by_name("fanout-1000"), 12, "µs a message"),
    Row(by_name("fanout-single"), 60, "µs a message"),
    Row(by_name("busy-room"), 300, "µs a message"),
    Row(by_name("relay"), 1_200, "µs a message"),
    Row(by_name("relay-four"), 1_300, "µs a message"),
    Row(by_name("relay-1k"), 1_000, "µs a message"),
    Row(by_name("candidates"), 1_300, "µs a message"),
)


def measure(row: Row, servers: Sequence[MeasuredServer], order: Sequence[int], *, checked: bool) -> Costs:
    """The cost of a unit on each server. `order` says whose turn each slice is; `checked` reads one message in full."""
    if row.scenario.kind == "idle":
        return _memory(row, servers)
    spent: tuple[list[float], list[float]] = ([], [])
    with _slices(row, servers, order, checked) as slices:
        for side in order:
            began = cpu_seconds(servers[side].pid)
            units = slices[side](row.units)
            spent[side].append((cpu_seconds(servers[side].pid) - began) / units / MICROSECOND)
    return costs_of(*spent)


def costs_of(old: Sequence[float], new: Sequence[float]) -> Costs:
    """From the costs of slices; the n-th of either side are neighbours."""
    return Costs(median(old), median(new), median(before / after for before, after in zip(old, new, strict=True)))


Slice = Callable[[int], int]
"""Has a server do so many units of work; returns how many they were."""


@contextmanager
def _slices(row: Row, servers: Sequence[MeasuredServer], order: Sequence[int], checked: bool) -> Iterator[list[Slice]]:
    warm = int(row.units * WARM_SHARE)
    with ExitStack() as stack:
        slices = []
        for side, server in enumerate(servers):
            fleet = stack.enter_context(Fleet())
            if row.scenario.kind == "storm":
                slices.append(_arrivals(row.scenario, server, fleet, warm + order.count(side) * row.units))
            else:
                slices.append(_messages(row.scenario, server, fleet, checked))
        for each in slices:
            each(warm)
        yield slices


def _arrivals(scenario: Scenario, server: MeasuredServer, fleet: Fleet, total: int) -> Slice:
    waiting = iter(_guests(scenario, server, total // scenario.people))

    def come(count: int) -> int:
        clients = list(islice(waiting, count))
        fleet.bring_in(clients, scenario.at_once)
        return len(clients)

    return come


def _messages(scenario: Scenario, server: MeasuredServer, fleet: Fleet, checked: bool) -> Slice:
    clients = _guests(scenario, server, scenario.rooms)
    fleet.bring_in(clients, scenario.at_once)
    fleet.settle(QUIET_S)
    senders = [client for number, client in enumerate(clients) if number % scenario.people < scenario.senders]
    if checked:
        check(fleet, clients, senders[0], scenario)
    load = load_of(fleet, senders, scenario)

    def send(count: int) -> int:
        load.run_messages(count)
        return count

    return send


def _memory(row: Row, servers: Sequence[MeasuredServer]) -> Costs:
    old, new = (_kib_per_connection(row, server) for server in servers)
    return Costs(old, new, old / new)


def _kib_per_connection(row: Row, server: MeasuredServer) -> float:
    with Fleet() as fleet:
        fleet.bring_in(_guests(row.scenario, server, row.units // 10), row.scenario.at_once)
        fleet.settle(QUIET_S)
        before = resident_bytes(server.pid)
        clients = _guests(row.scenario, server, row.units // row.scenario.people)
        fleet.bring_in(clients, row.scenario.at_once)
        fleet.settle(QUIET_S)
        return (resident_bytes(server.pid) - before) / len(clients) / 1024


def _guests(scenario: Scenario, server: MeasuredServer, rooms: int) -> list[Client]:
    return make_clients(scenario, server.target, server.port, rooms)
