"""What an edge keeps: its connections that deal with rooms elsewhere, where those rooms are, what is under way."""

from __future__ import annotations

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from operator import attrgetter


@dataclass(slots=True, eq=False)
class Client:
    """A connection of this node that has asked about a room elsewhere."""

    handle: int
    sid: str
    presented: set[str] = field(default_factory=set)
    """Nodes that know of it."""
    seats: dict[str, str] = field(default_factory=dict)
    """room → participant, of its seats elsewhere."""
    doors: dict[str, str] = field(default_factory=dict)
    """room → knock, where it waits to be let in elsewhere."""
    flights: dict[int, Flight] = field(default_factory=dict)
    """By number: what it asked and was not answered."""


@dataclass(slots=True, eq=False)
class Flight:
    """A command that was not answered yet."""

    number: int
    client: Client
    route: Route
    ack_id: str
    packet: str
    at: float
    node: str = ""
    """Where it was sent; empty while it waits."""
    repeats: int = 0
    """How often it was sent again because the node that had it is gone."""


@dataclass(slots=True, eq=False)
class Route:
    """Where a room is, as far as this node knows."""

    room_id: str
    node: str | None = None
    """None: nobody knows at the moment, and whoever asks waits."""
    outstanding: int = 0
    """Commands that were sent and not answered."""
    waiting: list[Flight] = field(default_factory=list)
    """In the order of their numbers."""
    members: dict[int, str] = field(default_factory=dict)
    """handle → participant, of this node's connections with a seat in it."""
    doors: dict[int, str] = field(default_factory=dict)
    """handle → knock, of this node's connections that wait at its door."""
    seen: int = 0
    """The position up to which they have been told everything."""
    epoch: str = ""
    found: int = 0
    """When it was last found, in the edge's own count."""
    hops: int = 0
    """How often it was not where it was looked for, since it was last found."""
    placing: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost where it is forgotten."""
        return not (self.is_wanted or self.outstanding or self.placing)

    @property
    def is_wanted(self) -> bool:
        """Whether somebody here needs to know where the room is."""
        return bool(self.waiting or self.members or self.doors)

    def wait(self, flight: Flight) -> None:
        """A command waits, before all that came after it."""
        flight.node = ""
        insort(self.waiting, flight, key=attrgetter("number"))
