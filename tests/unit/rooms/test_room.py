"""A room: its seats, its host, who types, and what anyone may know of it."""

from __future__ import annotations

import pytest

from rooms import lobby, people
from rooms.events import MemberUpdated, SeatTakenOver, TypingChanged
from rooms.leaving import leave
from rooms.lifetime import end
from rooms.limits import RECEIPTS_CAPACITY
from tests.support.rooms import Stage, stage_with

# Seats


def test_a_seat_outlives_the_connection_that_held_it() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    [event] = stage.room.drop(ada, stage.now)
    assert isinstance(event, MemberUpdated)
    assert (event.change, event.participant.connected) == ("connected", False)
    assert stage.room.seats == {"ada": ada}


def test_a_seat_waits_for_the_grace_period_and_no_longer() -> None:
    stage = Stage()
    stage.room.drop(stage.sit("ada"), stage.now)
    stage.now += 29.9
    assert stage.due() == []
    stage.now += 0.1
    assert stage.due() == ["grace"]


def test_a_seat_that_was_taken_back_waits_no_more() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.room.drop(ada, stage.now)
    [event] = stage.room.take(ada, stage.now + 1)
    assert isinstance(event, MemberUpdated)
    assert event.participant.connected
    stage.now += 30
    assert stage.due() == []


def test_who_vanishes_again_gets_the_whole_grace_period_again() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.room.drop(ada, stage.now)
    stage.now += 20
    stage.room.take(ada, stage.now)
    stage.room.drop(ada, stage.now)
    stage.now += 20
    assert stage.due() == []
    stage.now += 10
    assert stage.due() == ["grace"]


def test_whoever_is_away_cannot_vanish() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.room.drop(ada, stage.now)
    seq = stage.room.seq
    assert stage.room.drop(ada, stage.now) == []
    assert stage.room.seq == seq


def test_taking_over_a_seat_is_no_coming_and_going_to_the_others() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    assert stage.room.take(ada, stage.now) == [SeatTakenOver("r", "ada")]
    assert ada.connected


def test_how_many_came_and_how_many_were_in_at_once_are_counted_apart() -> None:
    stage = Stage()
    for name in ("ada", "bob"):
        leave(stage.room, stage.sit(name), "left", stage.now)
    stage.sit("cleo")
    assert (stage.room.came, stage.room.peak) == (3, 1)


# The host


def test_a_host_who_is_away_stays_host() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.sit("bob")
    stage.room.drop(ada, stage.now)
    assert stage.room.host_id == "ada"


def test_who_is_host_already_is_not_made_host_again() -> None:
    stage = Stage()
    assert stage.room.make_host(stage.sit("ada"), stage.now) == []


def test_who_waits_is_told_again_only_to_a_host_who_is_there() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.room.lobby = True
    stage.room.drop(ada, stage.now)
    lobby.knock(stage.room, "k", "Zoe", None)
    assert stage.room.waiting_for_host() == []


# Typing


@pytest.mark.parametrize("how", ["drop", "take", "remove"])
def test_nobody_types_who_vanished_was_replaced_or_left(how: str) -> None:
    stage = Stage()
    stage.sit("ada")
    bob = stage.sit("bob")
    people.set_typing(stage.room, bob, is_typing=True)
    events = {
        "drop": lambda: stage.room.drop(bob, stage.now),
        "take": lambda: stage.room.take(bob, stage.now),
        "remove": lambda: leave(stage.room, bob, "left", stage.now),
    }[how]()
    assert TypingChanged("r", "bob", False) in events
    assert not bob.typing


def test_who_does_not_type_does_not_stop_typing() -> None:
    stage = Stage()
    assert stage.room.stop_typing(stage.sit("ada")) == []


# What anyone may know


@pytest.mark.parametrize(("capacity", "told"), [(RECEIPTS_CAPACITY, True), (RECEIPTS_CAPACITY + 1, False)])
def test_only_in_a_small_room_it_is_told_who_has_read(capacity: int, told: bool) -> None:
    """The bound is `RECEIPTS_CAPACITY`."""
    assert stage_with(capacity=capacity).room.view().receipts is told
    assert not stage_with(capacity=capacity, receipts=False).room.view().receipts


def test_durable_events_count_up_by_one_in_order() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.room.drop(ada, stage.now)
    stage.room.take(ada, stage.now)
    kept = stage.room.history.since(0, stage.now)
    assert kept is not None
    assert [event.seq for event in kept] == [1, 2, 3]


@pytest.mark.parametrize(("locked", "status"), [(False, "open"), (True, "locked")])
def test_a_room_is_open_or_locked_until_it_has_ended(locked: bool, status: str) -> None:
    stage = Stage()
    stage.room.locked = locked
    assert stage.room.view().status == status
    end(stage.room, "room-ended", stage.now)
    assert stage.room.view().status == "ended"


def test_anyone_may_know_that_there_is_a_password_and_nobody_which() -> None:
    room = stage_with(password_hash="a hash").room
    assert room.view().password_required
    assert "a hash" not in repr(room.view())
