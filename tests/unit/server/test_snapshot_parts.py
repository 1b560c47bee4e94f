"""What snapshots say of the others is what the room says of them, whatever happened since it was kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import joining, people
from rooms.directory import Directory
from rooms.events import Event
from rooms.leaving import leave
from rooms.model import Media, RoomOptions, Seat
from rooms.runtime import Runtime
from server.protocol import views
from server.usecases.snapshot_parts import KEPT_FROM_SEATS, SnapshotParts

NOW = 1_000.0


class Stage:
    """A room and the parts that are kept of it; `tell` is what the publisher does."""

    def __init__(self) -> None:
        self.directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
        self.room = self.directory.create("r", "epoch", "key", RoomOptions(50, 3_600), NOW)
        self.parts = SnapshotParts()
        self.came = 0

    def tell(self, events: list[Event] | tuple[Event, ...]) -> None:
        for event in events:
            self.parts.forget(self.room, event)

    def sit(self) -> Seat:
        self.came += 1
        wish = joining.Admission(f"p{self.came}", f"token {self.came}", f'Name " {self.came} ü')
        granted = joining.admit(self.room, wish, NOW)
        self.tell(joining.seat(self.room, granted, NOW))
        return granted

    def shown(self, seat: Seat, lost_from: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(
            orjson.dumps(self.parts.others(self.room, seat, set(lost_from), views.Attributes()))
        )
        return found

    def as_it_is(self, seat: Seat, lost_from: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
        entries = []
        for other in self.room.seats.values():
            if other is not seat:
                entry = views.participant(other.participant) | {"polite": seat.ordinal > other.ordinal}
                entries.append(entry | ({"needsIceRestart": True} if other.id in lost_from else {}))
        return entries


def act(stage: Stage, step: int, at: int) -> None:
    """One of the things that can happen to a participant."""
    seats = list(stage.room.seats.values())
    if step == 0 or not seats:
        stage.sit()
        return
    seat = seats[at % len(seats)]
    match step:
        case 1:
            stage.tell(leave(stage.room, seat, "left", NOW))
        case 2:
            seat.media = Media(audio=not seat.media.audio, hand_raised=at % 2 == 0)
        case 3:
            stage.tell(people.set_in_call(stage.room, seat, NOW, in_call=not seat.in_call))
        case 4:
            stage.tell(stage.room.drop(seat, NOW))
        case 5:
            stage.tell(stage.room.take(seat, NOW))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=40))
def test_whatever_happens_the_picture_is_of_what_is(steps: list[tuple[int, int]]) -> None:
    stage = Stage()
    for _ in range(KEPT_FROM_SEATS):
        stage.sit()
    for step, at in steps:
        act(stage, step, at)
        for seat in list(stage.room.seats.values())[:2]:
            assert stage.shown(seat) == stage.as_it_is(seat)
    assert len(stage.parts) <= len(stage.room.seats)


def test_the_order_of_fields_is_as_ever_and_lost_signals_are_told() -> None:
    stage = Stage()
    seats = [stage.sit() for _ in range(KEPT_FROM_SEATS)]
    lost = frozenset({seats[1].id})
    for seat in (seats[0], seats[-1]):
        expected = stage.as_it_is(seat, lost)
        assert orjson.dumps(stage.parts.others(stage.room, seat, set(lost), views.Attributes())) == orjson.dumps(
            expected
        )


def test_a_part_is_encoded_once_for_all_who_come(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded, encode = [], orjson.dumps
    # A list is what one of them is shown, and a dictionary one of those in it.
    counted = lambda value: (isinstance(value, dict) and encoded.append(value["id"])) or encode(value)  # noqa: E731
    monkeypatch.setattr(orjson, "dumps", counted)
    stage = Stage()
    for _ in range(30):
        stage.shown(stage.sit())
    few = sum(range(KEPT_FROM_SEATS - 1))  # before the room was large, each was encoded for each
    assert len(encoded) - few == 29


def test_of_a_small_room_and_of_one_that_is_over_nothing_is_kept() -> None:
    stage = Stage()
    for _ in range(KEPT_FROM_SEATS - 1):
        stage.shown(stage.sit())
    assert len(stage.parts) == 0
    stage.shown(stage.sit())
    assert len(stage.parts) == KEPT_FROM_SEATS - 1
    _, events = stage.directory.end(stage.room, "room-ended", NOW)
    stage.tell(events)
    assert len(stage.parts) == 0
