"""A room with people in it, for tests of the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from rooms import joining
from rooms.directory import Directory
from rooms.errors import Refused
from rooms.events import Durable, Event
from rooms.model import RoomOptions, Seat
from rooms.records import InviteRecord
from rooms.room import Room
from rooms.runtime import Runtime


@dataclass
class Stage:
    """One room; whoever is asked for by name sits in it. The first of them is the host."""

    options: RoomOptions = field(default_factory=lambda: RoomOptions(8, 36_000))
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
        self.room: Room = self.directory.create("r", "epoch", "key", self.options, self.now)

    def ask(self, name: str, earlier: Seat | None = None, **shown: Any) -> Seat:
        """A seat that is granted and not taken. `shown`: what else of an `Admission` is shown at the door."""
        admission = joining.Admission(participant_id=name, token=shown.pop("token", "token"), name=name, **shown)
        return joining.admit(self.room, admission, self.now, earlier)

    def sit(self, name: str, **shown: Any) -> Seat:
        """Somebody new."""
        granted = self.ask(name, **shown)
        joining.seat(self.room, granted, self.now)
        return granted

    def invite(self, token: str, *, uses: int = 1, lasts_s: float = 3_600.0) -> InviteRecord:
        """An invite with this token, whose id is "id of " it."""
        expires_at = self.room.runtime.wall(self.now) + lasts_s
        return self.room.invites.add(f"id of {token}", token, uses=uses, now=self.now, expires_at=expires_at)

    def used(self) -> dict[str, int]:
        """How often each invite was redeemed, by its id."""
        return {record.id: record.used for record in self.room.invites.records()}

    def due(self) -> list[str]:
        """What comes up by now, by its task."""
        return [due.task.value for _, due in self.directory.due(self.now)]


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.code.value


def stage_with(**options: Any) -> Stage:
    """A room with these `RoomOptions`, and nobody in it."""
    return Stage(RoomOptions(**{"capacity": 8, "expires_in_s": 36_000, **options}))


def names(events: list[Event]) -> list[str]:
    """What happened, by the names of the events."""
    return [type(event).__name__ for event in events]


def seqs(events: object) -> list[int]:
    """The places of durable events."""
    return [event.seq for event in events if isinstance(event, Durable)]  # type: ignore[attr-defined]
