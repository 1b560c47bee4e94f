"""What is measured: the scenarios, their sizes, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Target = Literal["mayfly", "plain", "node", "bun"]
Kind = Literal["fan-out", "acked", "latency", "idle", "heartbeats", "storm", "rejoin", "non-readers", "bytes"]

TARGETS: tuple[Target, ...] = ("mayfly", "plain", "node", "bun")
RIVALS: tuple[Target, ...] = ("node", "bun")
PACE: Target = "node"
"""At half of what this server can do at most, latencies are measured."""

TITLES = {
    "mayfly": "Mayfly",
    "plain": "python-socketio",
    "node": "Socket.IO on Node",
    "bun": "Socket.IO on Bun",
}

TEXT = "Did the fan-out reach you? Say so, and we go on with the call now."
"""66 characters, a short chat message."""

LONG_TEXT = (TEXT + " ") * 15 + TEXT[:19]
"""1,024 characters."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table.

    `rooms` rooms of `people` each, in which the first `senders` of every room send `event`, with `text` where it is a
    message. `window` is how many messages of one sender may wait for their acknowledgement; with 1, a server has never
    more than one of a sender's, so that nothing is gained by putting several into one write. `at_once` is how many
    clients are on their way in together. `rate_of` names the scenario at half of whose rate on Node a latency is
    measured. `goals` are the ratios to a rival that must hold; a goal in `alone` is about Mayfly's own figure. Where
    less is better (`report.Figure`), a goal is the most, else the least.
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
    text: str = TEXT
    at_once: int = 32
    warm_s: float = 1.5
    measured_s: float = 3.0
    rate_of: str = ""
    node: float | None = None
    bun: float | None = None
    alone: float | None = None
    skip: tuple[Target, ...] = ()

    def goal(self, rival: Target) -> float | None:
        """What must hold of the ratio to this rival, if anything."""
        return self.node if rival == "node" else self.bun

    @property
    def receivers(self) -> int:
        """How many get each message."""
        return self.people - 1


FAN_OUT = Scenario(
    "fanout-100", "One room, one sender, 100 receivers, four under way", "Fan-out to 100", "fan-out", 1, 101, 1, 4
)
RELAY = Scenario("relay", "50 rooms of two: messages, one at a time", "Two-person rooms, one by one", "acked", 50, 2, 2)

SCENARIOS = (
    replace(FAN_OUT, node=1.7, bun=2.3),
    replace(
        FAN_OUT,
        name="fanout-1000",
        title="One room, one sender, 1,000 receivers, four under way",
        short="Fan-out to 1,000",
        people=1001,
        node=1.7,
        bun=2.5,
    ),
    replace(
        FAN_OUT,
        name="fanout-single",
        title="The same to 100, one message at a time",
        short="Fan-out, one by one",
        window=1,
        node=1.7,
        bun=1.3,
    ),
    replace(
        FAN_OUT,
        name="fanout-1k",
        title="The same to 100, messages of 1,024 characters",
        short="Fan-out to 100, 1 KB",
        text=LONG_TEXT,
    ),
    Scenario(
        "busy-room",
        "One room of 100, 20 of them sending",
        "Busy room",
        "acked",
        1,
        100,
        20,
        node=2.0,
    ),
    replace(RELAY, node=1.2, bun=1.6),
    replace(
        RELAY,
        name="relay-four",
        title="50 rooms of two: messages, four under way",
        short="Two-person rooms, four under way",
        window=4,
        bun=1.9,
    ),
    replace(
        RELAY,
        name="relay-1k",
        title="50 rooms of two: messages of 1,024 characters",
        short="Two-person rooms, 1 KB",
        text=LONG_TEXT,
    ),
    replace(
        RELAY,
        name="candidates",
        title="50 rooms of two: ICE candidates",
        short="ICE candidates",
        event="ice-candidate",
        node=1.2,
    ),
    Scenario(
        "storm",
        "2,000 connect and join, 64 at once",
        "Connect and join",
        "storm",
        1000,
        2,
        at_once=64,
        node=1.0,
        bun=2.0,
    ),
    Scenario(
        "rejoin",
        "1,000 come back after a restart",
        "Back after a restart",
        "rejoin",
        500,
        2,
        at_once=64,
        skip=("plain",),
    ),
    Scenario(
        "idle",
        "5,000 idle, each in a room",
        "Memory of an idle connection",
        "idle",
        2500,
        2,
        at_once=64,
        node=1.0,
        bun=0.5,
    ),
    Scenario(
        "heartbeats",
        "2,000 idle, with their heartbeats",
        "Heartbeats",
        "heartbeats",
        1000,
        2,
        at_once=64,
        measured_s=10.0,
    ),
    Scenario(
        "latency-relay",
        "50 rooms of two, at half load",
        "Half load, two-person rooms",
        "latency",
        50,
        2,
        2,
        rate_of="relay",
        node=1.0,
        bun=1.0,
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
        node=1.0,
        bun=1.0,
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
        alone=2.0,
    ),
    Scenario("bytes-pair", "On the wire, in a room of two", "Bytes, room of two", "bytes", 1, 2, 1),
    Scenario(
        "bytes-hundred", "On the wire, in a room of 100", "Bytes, room of 100", "bytes", 1, 100, 1, alone=1_000_000
    ),
)


def quick(scenario: Scenario) -> Scenario:
    """The same in little, to see that it works; its figures mean less."""
    rooms = {"storm": 100, "idle": 250, "rejoin": 50, "heartbeats": 100}.get(scenario.kind, scenario.rooms)
    # Those who never read are dropped when their buffers are full, however short of time we are.
    measured_s = scenario.measured_s if scenario.kind == "non-readers" else 1.0
    return replace(scenario, rooms=rooms, warm_s=0.5, measured_s=measured_s)


def by_name(name: str) -> Scenario:
    """The scenario of this name."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise KeyError(name)
