"""What is measured: the scenarios, their sizes, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Target = Literal["mayfly", "stock", "javascript"]
Kind = Literal["fan-out", "acked", "latency", "idle", "storm", "non-readers"]

TARGETS: tuple[Target, ...] = ("mayfly", "stock", "javascript")
RIVAL: Target = "javascript"

TITLES = {
    "mayfly": "Mayfly",
    "stock": "Mayfly on the stock engine",
    "javascript": "JavaScript Socket.IO",
}

TEXT = "Did the fan-out reach you? Say so, and we go on with the call now."
"""66 characters, a short chat message."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table.

    `rooms` rooms of `people` each, in which the first `senders` of every room send `event`. `window` is how many
    messages of one sender may wait for their acknowledgement; with 2, a server is busy and yet has one message at a
    time, so that nothing is gained by putting several into one write. `at_once` is how many clients are on their way in
    together. `rate_of` names the scenario at half of whose rate on the JavaScript server a latency is measured. `goal`
    is the ratio to the JavaScript server that must hold; for latency and memory less is better. Where it stands `alone`
    it is about Mayfly's own figure.
    """

    name: str
    title: str
    short: str
    kind: Kind
    rooms: int
    people: int
    senders: int = 0
    window: int = 1
    event: str = "send-message"
    at_once: int = 32
    warm_s: float = 1.5
    measured_s: float = 3.0
    rate_of: str = ""
    goal: float = 1.0
    alone: bool = False
    skip: tuple[Target, ...] = ()

    @property
    def less_is_better(self) -> bool:
        """Whether a ratio below 1 is the good side."""
        return self.kind in ("idle", "latency", "non-readers")

    @property
    def receivers(self) -> int:
        """How many get each message."""
        return self.people - 1


SCENARIOS = (
    Scenario("fanout-100", "One room, one sender, 100 receivers", "Fan-out to 100", "fan-out", 1, 101, 1, 8, goal=1.7),
    Scenario(
        "fanout-1000", "One room, one sender, 1,000 receivers", "Fan-out to 1,000", "fan-out", 1, 1001, 1, 8, goal=1.7
    ),
    Scenario(
        "fanout-single",
        "The same to 100, one message at a time",
        "Fan-out, one by one",
        "fan-out",
        1,
        101,
        1,
        2,
        goal=1.7,
    ),
    Scenario("busy-room", "One room of 100, 20 of them sending", "Busy room", "acked", 1, 100, 20, goal=2.0),
    Scenario("relay", "50 rooms of two: messages", "Two-person rooms", "acked", 50, 2, 2, goal=1.2),
    Scenario(
        "candidates",
        "50 rooms of two: ICE candidates",
        "ICE candidates",
        "acked",
        50,
        2,
        2,
        1,
        "ice-candidate",
        goal=1.2,
    ),
    Scenario("storm", "2,000 connect and join, 64 at once", "Connect storm", "storm", 1000, 2, at_once=64),
    Scenario("idle", "5,000 idle, each in a room", "Memory of an idle connection", "idle", 2500, 2, at_once=64),
    Scenario(
        "latency-relay",
        "50 rooms of two, at half load",
        "Half load, two-person rooms",
        "latency",
        50,
        2,
        2,
        rate_of="relay",
    ),
    Scenario(
        "latency-fanout",
        "Fan-out to 100, at half load",
        "Half load, fan-out to 100",
        "latency",
        1,
        101,
        1,
        rate_of="fanout-100",
    ),
    Scenario(
        "non-readers",
        "50 who never read come into a room of 100",
        "With 50 who never read",
        "non-readers",
        1,
        101,
        1,
        measured_s=11.0,
        goal=2.0,
        alone=True,
    ),
)


def quick(scenario: Scenario) -> Scenario:
    """The same in little, to see that it works; its figures mean less."""
    rooms = {"storm": 100, "idle": 250}.get(scenario.kind, scenario.rooms)
    return replace(scenario, rooms=rooms, warm_s=0.5, measured_s=1.0)


def by_name(name: str) -> Scenario:
    """The scenario of this name."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise KeyError(name)
