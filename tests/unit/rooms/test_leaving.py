"""Leaving for good, and who is host then."""

from __future__ import annotations

import pytest

from rooms import lobby
from rooms.events import KnockReceived, MemberLeft
from rooms.leaving import leave
from rooms.limits import GONE_SEATS
from rooms.model import LeaveReason
from tests.support.rooms import Stage, names


def test_whoever_is_gone_for_good_is_told_of_with_the_reason_and_who_is_left() -> None:
    stage = Stage()
    stage.sit("ada")
    [event] = leave(stage.room, stage.sit("bob"), "left", stage.now)
    assert isinstance(event, MemberLeft)
    assert (event.participant_id, event.reason, event.participant_count) == ("bob", "left", 1)


def test_a_seat_that_nobody_took_after_a_crash_gives_its_invite_back() -> None:
    stage = Stage()
    stage.invite("open")
    bob = stage.sit("bob", invite="open")
    bob.provisional = True
    leave(stage.room, bob, "timeout", stage.now)
    assert stage.used() == {"id of open": 0}


@pytest.mark.parametrize("reason", ["left", "kicked", "timeout"])
def test_a_seat_that_was_taken_back_after_a_crash_is_kept_as_taken(reason: LeaveReason) -> None:
    stage = Stage()
    stage.invite("open")
    bob = stage.sit("bob", invite="open")
    stage.room.drop(bob, stage.now)
    bob.provisional = True
    assert names(stage.room.take(bob, stage.now)) == ["StateChanged", "MemberUpdated"]
    leave(stage.room, bob, reason, stage.now)
    assert stage.used() == {"id of open": 1}


@pytest.mark.parametrize("reason", ["left", "kicked", "timeout"])
def test_a_seat_that_somebody_took_keeps_its_invite_spent(reason: LeaveReason) -> None:
    stage = Stage()
    stage.invite("open")
    leave(stage.room, stage.sit("bob", invite="open"), reason, stage.now)
    assert stage.used() == {"id of open": 1}


def test_as_many_ended_seats_are_remembered_as_gone_seats_and_the_oldest_go() -> None:
    """The bound is `GONE_SEATS`."""
    stage = Stage()
    stage.sit("ada")
    for number in range(GONE_SEATS + 1):
        leave(stage.room, stage.sit(f"guest {number}"), "left", stage.now)
    assert len(stage.room.gone) == GONE_SEATS
    assert "guest 0" not in stage.room.gone
    assert "guest 1" in stage.room.gone


def host_after_the_host_leaves(stage: Stage) -> str | None:
    assert stage.room.host_id is not None
    leave(stage.room, stage.room.seats[stage.room.host_id], "left", stage.now)
    return stage.room.host_id


def test_when_the_host_leaves_the_longest_seated_becomes_host() -> None:
    stage = Stage()
    for name in ("ada", "zoe", "bob"):
        stage.sit(name)
    assert host_after_the_host_leaves(stage) == "zoe"
    assert [seat.role for seat in stage.room.seats.values()] == ["host", "member"]


def test_somebody_present_becomes_host_before_anybody_who_is_away() -> None:
    stage = Stage()
    stage.sit("ada")
    stage.room.drop(stage.sit("zoe"), stage.now)
    stage.sit("bob")
    assert host_after_the_host_leaves(stage) == "bob"


def test_where_all_are_away_the_longest_seated_is_host_all_the_same() -> None:
    stage = Stage()
    stage.sit("ada")
    for name in ("zoe", "bob"):
        stage.room.drop(stage.sit(name), stage.now)
    assert host_after_the_host_leaves(stage) == "zoe"


def test_the_others_are_told_of_a_new_host_by_its_role_and_by_the_room() -> None:
    stage = Stage()
    ada, _ = stage.sit("ada"), stage.sit("bob")
    assert names(leave(stage.room, ada, "left", stage.now)) == ["MemberLeft", "MemberUpdated", "RoomUpdated"]


def test_an_empty_room_has_no_host_and_the_next_to_come_is() -> None:
    stage = Stage()
    stage.sit("ada")
    assert host_after_the_host_leaves(stage) is None
    assert stage.sit("bob").role == "host"


def test_a_new_host_hears_who_waits_at_the_door() -> None:
    stage = Stage()
    ada, _ = stage.sit("ada"), stage.sit("bob")
    stage.room.lobby = True
    lobby.knock(stage.room, "k", "Zoe", None)
    assert leave(stage.room, ada, "left", stage.now)[-1] == KnockReceived("r", "k", "Zoe")
