"""What is measured of rooms on Redis: sides of one scenario that take turns, and what must hold between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from benchmarks.plan import Scenario, by_name

Product = Literal["mayfly", "streams"]
"""Ours, or Socket.IO on Node with @socket.io/redis-streams-adapter."""

Tree = Literal["old", "new"]

Placing = Literal["here", "apart", "elsewhere"]
"""Where people sit: all on the node that has their room; in turns on that and the next one; all on the next one."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Processes that are up together. `tree`: the working tree, or an earlier revision of ours."""

    product: Product
    nodes: int
    redis: bool
    tree: Tree = "new"


ALONE = Setup("mayfly", 1, redis=False)
ON_REDIS = Setup("mayfly", 1, redis=True)
TWO = Setup("mayfly", 2, redis=True)
RIVAL = Setup("streams", 2, redis=True)


@dataclass(frozen=True, slots=True)
class Goal:
    """The least that a side does for a CPU second of all parts, as a multiple of what another side does."""

    against: str
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One setup with its people in place, a line of the table."""

    name: str
    title: str
    setup: Setup
    placing: Placing = "here"
    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario and its sides. In a turn, each side handles `messages`, none under way before or after.

    A latency is measured at `rate_per_s` messages a second, for `turn_s` a turn.
    """

    scenario: Scenario
    title: str
    sides: tuple[Side, ...]
    messages: int = 0
    rate_per_s: float = 0.0
    turn_s: float = 0.0

    @property
    def name(self) -> str:
        """As on the command line."""
        return self.scenario.name

    @property
    def is_latency(self) -> bool:
        """Whether times are measured, and not costs."""
        return self.scenario.kind == "latency"


@dataclass(frozen=True, slots=True)
class Added:
    """What a relayed message may take longer than one within a process without Redis, in milliseconds."""

    p50_ms: float = 1.0
    p99_ms: float = 5.0


ADDED = Added()

ONE = Side("alone", "one process, without Redis", ALONE)
REDIS = Side("redis", "one process, with Redis", ON_REDIS)
HALVES = Side("halves", "two processes, members half and half", TWO, "apart")
APART = Side("apart", "two processes, one of each pair on that one, the other with the room", TWO, "apart")
ELSEWHERE = Side("elsewhere", "two processes, both of each pair on the one that has not their room", TWO, "elsewhere")
THEIRS = Side(
    "streams", "Socket.IO on Node with its adapter, two processes, people as in the line above", RIVAL, "apart"
)


def with_goals(side: Side, alone: float, streams: float | None = None) -> Side:
    """The side with what it must reach beside one process without Redis, and beside the rival."""
    beside = (Goal("alone", alone),) if streams is None else (Goal("alone", alone), Goal("streams", streams))
    return replace(side, goals=beside)


ROWS = (
    Row(
        by_name("relay-four"),
        "50 rooms of two, four messages of each person under way",
        (ONE, with_goals(REDIS, 0.65), with_goals(ELSEWHERE, 0.3), with_goals(APART, 0.6, 1.5), THEIRS),
        4_000,
    ),
    Row(
        by_name("fanout-100"),
        "One room, one sender, 100 receivers, four under way",
        (ONE, with_goals(REDIS, 0.85)),
        400,
    ),
    Row(
        by_name("fanout-1000"),
        "The same to 1,000 receivers",
        (ONE, with_goals(REDIS, 0.85), with_goals(HALVES, 0.85, 3.0), THEIRS),
        60,
    ),
    Row(
        by_name("latency-relay"),
        "50 rooms of two, 1,000 messages a second",
        (ONE, REDIS, ELSEWHERE, APART, THEIRS),
        rate_per_s=1_000,
        turn_s=2.0,
    ),
)

TURNS = 9
"""Of each side, within one start of all its processes."""

STARTS = 3
"""Of all processes; the medians of each are what is compared."""

LEAST_OF_BASE = 0.97
"""What an earlier revision does, less what counts as a fall."""


def quick(row: Row) -> Row:
    """The same in little, to see that it works."""
    people = min(row.scenario.people, 101)
    return replace(
        row,
        scenario=replace(row.scenario, people=people, rooms=min(row.scenario.rooms, 10)),
        messages=row.messages // 10,
        turn_s=row.turn_s / 4,
    )


def against_base(row: Row) -> Row:
    """Our sides of a row, each beside the same of an earlier revision."""
    sides: list[Side] = []
    for side in row.sides:
        if side.setup.product == "mayfly":
            name = f"{side.name}-old"
            old = replace(side.setup, tree="old")
            sides.append(replace(side, name=name, title=f"{side.title}, before", setup=old, goals=()))
            sides.append(replace(side, title=f"{side.title}, now", goals=(Goal(name, LEAST_OF_BASE),)))
    return replace(row, sides=tuple(sides))
