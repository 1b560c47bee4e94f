"""Who is admitted to a room, and what a join that fails or is repeated costs."""

from __future__ import annotations

from typing import Any

import pytest

from rooms import joining, leaving
from rooms.events import MemberJoined
from rooms.leaving import leave
from rooms.limits import JOIN_REGRET_S, JOINS_REGRETTED
from rooms.model import LeaveReason, Voucher
from tests.support.rooms import Stage, names, refusal, stage_with

ORIGIN = b"one address"
JOIN = "the join of one client"


# At the door


def test_whoever_has_the_link_of_an_open_room_is_admitted() -> None:
    assert Stage().ask("ada").name == "ada"


def test_a_wrong_host_key_is_refused_also_where_anybody_may_come() -> None:
    assert refusal(Stage().ask, "ada", host_key="guessed") == "FORBIDDEN"


def test_a_full_room_admits_nobody_not_even_its_host() -> None:
    stage = stage_with(capacity=1)
    stage.sit("ada")
    assert refusal(stage.ask, "bob") == refusal(stage.ask, "bob", host_key="key") == "ROOM_FULL"


def test_a_seat_that_is_granted_and_not_taken_counts() -> None:
    stage = stage_with(capacity=1)
    stage.ask("ada")
    assert refusal(stage.ask, "bob") == "ROOM_FULL"


def test_a_full_room_costs_no_invite() -> None:
    stage = stage_with(capacity=1)
    stage.invite("open")
    stage.sit("ada")
    assert refusal(stage.ask, "bob", invite="open") == "ROOM_FULL"
    assert stage.used() == {"id of open": 0}


def test_a_locked_room_is_closed_to_guests_with_or_without_an_invite() -> None:
    stage = Stage()
    stage.invite("open")
    stage.room.locked = True
    assert refusal(stage.ask, "bob") == refusal(stage.ask, "bob", invite="open") == "ROOM_LOCKED"


def test_an_invite_only_room_wants_an_invite() -> None:
    stage = stage_with(invite_only=True)
    stage.invite("open")
    assert refusal(stage.ask, "bob") == "INVITE_REQUIRED"
    assert stage.ask("bob", invite="open").invite_id == "id of open"


def test_a_room_with_a_lobby_has_those_wait_who_have_no_invite() -> None:
    stage = stage_with(lobby=True)
    stage.invite("open")
    assert refusal(stage.ask, "bob") == "LOBBY_WAITING"
    stage.ask("bob", invite="open")


def test_a_password_is_asked_for_of_those_with_an_invite_too() -> None:
    stage = stage_with(password_hash="made elsewhere")
    stage.invite("open")
    assert refusal(stage.ask, "bob", invite="open") == "PASSWORD_REQUIRED"
    assert refusal(stage.ask, "bob", invite="open", password_ok=False) == "PASSWORD_INVALID"
    stage.ask("bob", invite="open", password_ok=True)


def test_a_wrong_password_is_told_before_the_lobby_is() -> None:
    stage = stage_with(password_hash="made elsewhere", lobby=True)
    assert refusal(stage.ask, "bob", password_ok=False) == "PASSWORD_INVALID"


def test_a_banned_address_stays_out_unless_a_fresh_invite_vouches_for_its_bearer() -> None:
    stage = Stage()
    stage.room.banned_origins |= {ORIGIN}
    stage.invite("open")
    assert refusal(stage.ask, "bob", origin=ORIGIN) == "BANNED"
    stage.ask("bob", origin=ORIGIN, invite="open")
    stage.ask("cleo", origin=b"another address")


def test_the_host_key_opens_every_door() -> None:
    stage = stage_with(invite_only=True, lobby=True, password_hash="made elsewhere")
    stage.room.locked = True
    stage.room.banned_origins |= {ORIGIN}
    assert stage.ask("ada", host_key="key", origin=ORIGIN).role == "host"


def test_a_host_with_an_invite_does_not_spend_it() -> None:
    stage = Stage()
    stage.invite("open")
    stage.sit("ada", host_key="key", invite="open")
    assert stage.used() == {"id of open": 0}


# With a voucher


def test_a_voucher_opens_what_an_invite_opens_and_spends_none() -> None:
    stage = stage_with(invite_only=True, lobby=True)
    stage.room.banned_origins |= {ORIGIN}
    stage.invite("open")
    bob = stage.sit("bob", voucher=Voucher(b"bob"), invite="open", origin=ORIGIN)
    assert (bob.invite_id, stage.used()) == (None, {"id of open": 0})


def test_a_voucher_does_not_open_a_locked_room_or_tell_the_password() -> None:
    stage = stage_with(password_hash="made elsewhere")
    assert refusal(stage.ask, "bob", voucher=Voucher(b"bob")) == "PASSWORD_REQUIRED"
    stage.room.locked = True
    assert refusal(stage.ask, "bob", voucher=Voucher(b"bob"), password_ok=True) == "ROOM_LOCKED"


def test_a_voucher_for_a_host_opens_every_door_and_makes_host() -> None:
    stage = stage_with(password_hash="made elsewhere", lobby=True)
    stage.room.locked = True
    stage.sit("ada", voucher=Voucher(b"ada", is_host=True))
    assert stage.room.host_id == "ada"


def test_whoever_was_banned_stays_out_with_whatever_voucher_or_key() -> None:
    stage = Stage()
    stage.room.banned_subjects |= {b"bob"}
    assert refusal(stage.ask, "bob", voucher=Voucher(b"bob")) == "BANNED"
    assert refusal(stage.ask, "bob", voucher=Voucher(b"bob", is_host=True)) == "BANNED"
    assert refusal(stage.ask, "bob", voucher=Voucher(b"bob"), host_key="key") == "BANNED"


def test_a_voucher_that_is_good_once_is_due_once_for_a_join_that_is_repeated() -> None:
    stage = Stage()
    once = Voucher(b"bob", use="one use")
    first = stage.sit("bob", voucher=once, join_id=JOIN)
    assert first.use_due
    leave(stage.room, first, "left", stage.now)
    assert not stage.ask("bob", voucher=once, join_id=JOIN).use_due
    assert stage.ask("cleo", voucher=once, join_id="another join").use_due


def test_a_new_try_of_the_same_join_spends_its_voucher_as_the_earlier_one() -> None:
    """Once between the two, and under one name: what is spent under another would be refused."""
    stage = Stage()
    once = Voucher(b"bob", use="one use")
    earlier = stage.ask("first try", voucher=once, join_id=JOIN)
    earlier.use_due = False
    alone = stage.ask("second try", voucher=once, join_id="another join")
    assert (alone.used_by, alone.use_due) == ("second try", True)
    later = stage.ask("third try", earlier, voucher=once, join_id="another join")
    assert (later.used_by, later.use_due) == ("first try", True)
    other = stage.ask("somebody else", earlier, voucher=Voucher(b"cleo", use="another use"))
    assert (other.used_by, other.use_due) == ("somebody else", True)
    without = stage.ask("without a voucher", earlier)
    assert (without.used_by, without.use_due) == ("without a voucher", False)


# From the grant to the seat


def test_nobody_sees_a_seat_that_is_granted_and_not_taken() -> None:
    stage = Stage()
    granted = stage.ask("ada")
    assert (stage.room.view().participant_count, stage.room.seq) == (0, 0)
    assert names(joining.seat(stage.room, granted, stage.now))[0] == "MemberJoined"
    assert stage.room.view().participant_count == 1


def test_how_many_are_in_is_told_with_whoever_comes() -> None:
    stage = Stage()
    stage.sit("ada")
    [joined] = joining.seat(stage.room, stage.ask("bob"), stage.now)
    assert isinstance(joined, MemberJoined)
    assert (joined.participant.id, joined.participant_count) == ("bob", 2)


def test_the_first_to_sit_is_the_host_and_the_second_is_not() -> None:
    stage = Stage()
    assert (stage.sit("ada").role, stage.sit("bob").role) == ("host", "member")
    assert stage.room.host_id == "ada"


def test_whoever_has_the_host_key_takes_the_role_from_the_first() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    events = joining.seat(stage.room, stage.ask("owner", host_key="key"), stage.now)
    assert names(events) == ["MemberJoined", "MemberUpdated", "MemberUpdated", "RoomUpdated"]
    assert (stage.room.host_id, ada.role) == ("owner", "member")


def test_of_two_seats_the_later_has_the_higher_ordinal_in_the_order_of_asking() -> None:
    stage = Stage()
    first, second = stage.ask("ada"), stage.ask("bob")
    joining.seat(stage.room, second, stage.now)
    joining.seat(stage.room, first, stage.now)
    assert first.ordinal < second.ordinal


def test_an_invite_is_spent_by_the_grant() -> None:
    stage = Stage()
    stage.invite("open")
    granted = stage.ask("bob", invite="open")
    assert stage.used() == {"id of open": 1}
    assert refusal(stage.ask, "cleo", invite="open") == "INVITE_USED"
    assert granted.invite_id == "id of open"


def test_a_grant_without_an_invite_spends_nothing() -> None:
    assert Stage().ask("bob").invite_id is None


def test_a_grant_that_is_withdrawn_frees_the_place_and_the_invite_once() -> None:
    stage = stage_with(capacity=1)
    stage.invite("open", uses=2)
    granted = stage.ask("bob", invite="open")
    for _ in range(2):
        leaving.withdraw(stage.room, granted, stage.now)
    assert stage.used() == {"id of open": 0}
    stage.ask("cleo", invite="open")


def test_a_room_that_all_had_left_is_empty_again_when_a_grant_is_withdrawn() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    stage.now += 10
    leaving.withdraw(stage.room, stage.ask("bob"), stage.now)
    stage.now += 299
    assert stage.due() == []
    stage.now += 1
    assert stage.due() == ["empty"]


def test_a_new_try_of_the_same_join_withdraws_the_one_that_waits() -> None:
    stage = Stage()
    stage.invite("open")
    stage.ask("bob", invite="open", join_id=JOIN)
    other = stage.ask("cleo", join_id="another join")
    earlier, events = leaving.give_way(stage.room, JOIN, stage.now)
    assert earlier is not None
    assert (earlier.id, names(events)) == ("bob", ["StateChanged"])
    assert (stage.room.pending, stage.used()) == ({"cleo": other}, {"id of open": 0})
    for nobody in (None, JOIN):
        assert leaving.give_way(stage.room, nobody, stage.now) == (None, [])


# Joins that were given up


def give_up(stage: Stage, invite: str, join: str = JOIN, after_s: float = 1.0) -> None:
    """Sit, and leave soon."""
    seat = stage.sit("bob", invite=invite, join_id=join)
    stage.now += after_s
    leave(stage.room, seat, "left", stage.now)


def again(stage: Stage, invite: str, join: str = JOIN) -> Any:
    return stage.ask("bob", invite=invite, join_id=join)


def test_a_join_that_is_given_up_and_repeated_costs_one_use() -> None:
    stage = Stage()
    stage.invite("open", uses=2)
    for _ in range(3):
        give_up(stage, "open")
        assert stage.used() == {"id of open": 1}
    stage.sit("cleo", invite="open", join_id="another join")
    assert stage.used() == {"id of open": 2}


@pytest.mark.parametrize(("after_s", "remembered"), [(JOIN_REGRET_S, True), (JOIN_REGRET_S + 0.1, False)])
def test_a_join_can_be_given_up_for_seconds_only(after_s: float, remembered: bool) -> None:
    """The bound is `JOIN_REGRET_S`."""
    stage = Stage()
    stage.invite("open")
    give_up(stage, "open", after_s=after_s)
    assert bool(stage.room.regretted) is remembered


def test_a_join_that_was_given_up_and_is_withdrawn_frees_its_use() -> None:
    stage = Stage()
    stage.invite("open")
    give_up(stage, "open")
    leaving.withdraw(stage.room, again(stage, "open"), stage.now)
    assert stage.used() == {"id of open": 0}


def test_a_join_that_was_given_up_opens_no_other_invite() -> None:
    stage = Stage()
    stage.invite("open")
    stage.invite("other")
    give_up(stage, "open")
    stage.sit("cleo", invite="other", join_id="another join")
    assert refusal(again, stage, "other") == "INVITE_USED"


def test_nobody_else_repeats_a_join_that_was_given_up() -> None:
    stage = Stage()
    stage.invite("open")
    give_up(stage, "open")
    assert refusal(again, stage, "open", "another join") == "INVITE_USED"


def test_as_many_as_joins_regretted_are_remembered_and_the_oldest_go() -> None:
    """The bound is `JOINS_REGRETTED`."""
    stage = Stage()
    stage.invite("open", uses=JOINS_REGRETTED + 1)
    for number in range(JOINS_REGRETTED + 1):
        give_up(stage, "open", f"join {number}", after_s=0.0)
    assert len(stage.room.regretted) == JOINS_REGRETTED
    assert refusal(again, stage, "open", "join 0") == "INVITE_USED"
    again(stage, "open", "join 1")


@pytest.mark.parametrize("reason", ["kicked", "banned", "timeout"])
def test_only_whoever_leaves_gives_a_join_up(reason: LeaveReason) -> None:
    stage = Stage()
    stage.invite("open")
    leave(stage.room, stage.sit("bob", invite="open", join_id=JOIN), reason, stage.now)
    assert not stage.room.regretted
