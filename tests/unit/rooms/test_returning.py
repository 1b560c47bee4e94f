"""Who may take a seat back, and what the others are told of it."""

from __future__ import annotations

import pytest

from rooms import returning
from rooms.events import MemberUpdated, SeatTakenOver
from rooms.leaving import leave
from rooms.model import LeaveReason
from server.security.seals import new_seal
from tests.support.rooms import Stage, names, refusal

JOIN = "the join of one client"


def test_a_join_whose_answer_was_lost_finds_its_seat_again() -> None:
    stage = Stage()
    seat = stage.sit("bob", join_id=JOIN)
    assert returning.same_join(stage.room, JOIN) is seat
    assert returning.same_join(stage.room, "another join") is None
    assert returning.same_join(stage.room, None) is None


def test_a_seat_is_taken_back_with_its_own_token_alone() -> None:
    stage = Stage()
    bob = stage.sit("bob", token="of bob")
    stage.sit("cleo", token="of cleo")
    assert returning.reclaim(stage.room, "bob", "of bob") is bob
    assert refusal(returning.reclaim, stage.room, "bob", "of cleo") == "RESUME_INVALID"
    assert refusal(returning.reclaim, stage.room, "nobody", "of bob") == "RESUME_INVALID"


def test_both_tokens_are_good_until_the_new_one_was_used() -> None:
    stage = Stage()
    bob = stage.sit("bob", token="first")
    returning.renew_token(stage.room, bob, "second")
    assert refusal(returning.reclaim, stage.room, "bob", "guessed") == "RESUME_INVALID"
    assert returning.reclaim(stage.room, "bob", "first") is bob
    assert returning.reclaim(stage.room, "bob", "second") is bob
    assert refusal(returning.reclaim, stage.room, "bob", "first") == "RESUME_INVALID"


@pytest.mark.parametrize(
    ("reason", "code"),
    [("left", "RESUME_EXPIRED"), ("timeout", "RESUME_EXPIRED"), ("kicked", "RESUME_INVALID")],
)
def test_a_true_token_of_a_seat_that_has_ended_is_told_so_but_to_whom_was_put_out(
    reason: LeaveReason, code: str
) -> None:
    stage = Stage()
    stage.sit("ada")
    leave(stage.room, stage.sit("bob", token="of bob"), reason, stage.now)
    assert refusal(returning.reclaim, stage.room, "bob", "of bob") == code
    assert refusal(returning.reclaim, stage.room, "bob", "guessed") == "RESUME_INVALID"


def test_whoever_is_banned_is_told_so() -> None:
    stage = Stage()
    stage.room.banned_ids |= {"bob"}
    assert refusal(returning.reclaim, stage.room, "bob", "any") == "BANNED"


def test_who_comes_back_to_a_seat_that_nobody_holds_is_told_of_as_connected() -> None:
    stage = Stage()
    bob = stage.sit("bob")
    stage.room.drop(bob, stage.now)
    [event] = returning.come_back(stage.room, bob, stage.now)
    assert isinstance(event, MemberUpdated)
    assert (event.change, event.participant.connected) == ("connected", True)


def test_whoever_held_it_is_out_and_the_others_hear_of_nothing() -> None:
    stage = Stage()
    assert returning.come_back(stage.room, stage.sit("bob"), stage.now) == [SeatTakenOver("r", "bob")]


def test_who_holds_it_already_takes_nothing_over() -> None:
    stage = Stage()
    assert returning.come_back(stage.room, stage.sit("bob"), stage.now, holds_it=True) == []


def test_a_new_token_is_kept_before_anything_is_told() -> None:
    stage = Stage()
    bob = stage.sit("bob")
    stage.room.drop(bob, stage.now)
    events = returning.come_back(stage.room, bob, stage.now, new_token="second")
    assert names(events) == ["StateChanged", "MemberUpdated"]
    assert returning.reclaim(stage.room, "bob", "second") is bob


def test_what_a_seal_opens_is_told_before_the_seat_is_taken() -> None:
    stage = Stage()
    bob = stage.sit("bob")
    stage.room.drop(bob, stage.now)
    seal = new_seal("bob", "token", None)
    events = returning.come_back(stage.room, bob, stage.now, seal=seal)
    assert names(events) == ["StateChanged", "MemberUpdated"], "there was nothing to open: it is sealed anew"
    assert bob.seal is seal
