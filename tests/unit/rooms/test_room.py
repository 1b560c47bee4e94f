"""A room: its seats, its host, who types, and how it ends."""

from __future__ import annotations

import pytest

from rooms import joining, lobby, messages
from rooms.events import KnockReceived, MemberLeft, MemberUpdated, RoomEnded, RoomExpiring, SeatTakenOver, TypingChanged
from rooms.limits import EXPIRY_WARNINGS_S, GONE_SEATS, RECEIPTS_CAPACITY
from rooms.model import LeaveReason
from tests.support.rooms import Stage, names, stage_with

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


def test_whoever_is_gone_for_good_is_told_of_with_the_reason_and_who_is_left() -> None:
    stage = Stage()
    stage.sit("ada")
    [event] = stage.room.remove(stage.sit("bob"), "left", stage.now)
    assert isinstance(event, MemberLeft)
    assert (event.participant_id, event.reason, event.participant_count) == ("bob", "left", 1)


def test_a_seat_that_nobody_took_after_a_crash_gives_its_invite_back() -> None:
    stage = Stage()
    stage.invite("open")
    bob = stage.sit("bob", invite="open")
    bob.provisional = True
    stage.room.remove(bob, "timeout", stage.now)
    assert stage.used() == {"id of open": 0}


@pytest.mark.parametrize("reason", ["left", "kicked", "timeout"])
def test_a_seat_that_was_taken_back_after_a_crash_is_kept_as_taken(reason: LeaveReason) -> None:
    stage = Stage()
    stage.invite("open")
    bob = stage.sit("bob", invite="open")
    stage.room.drop(bob, stage.now)
    bob.provisional = True
    assert names(stage.room.take(bob, stage.now)) == ["StateChanged", "MemberUpdated"]
    stage.room.remove(bob, reason, stage.now)
    assert stage.used() == {"id of open": 1}


@pytest.mark.parametrize("reason", ["left", "kicked", "timeout"])
def test_a_seat_that_somebody_took_keeps_its_invite_spent(reason: LeaveReason) -> None:
    stage = Stage()
    stage.invite("open")
    stage.room.remove(stage.sit("bob", invite="open"), reason, stage.now)
    assert stage.used() == {"id of open": 1}


def test_as_many_ended_seats_are_remembered_as_gone_seats_and_the_oldest_go() -> None:
    """The bound is `GONE_SEATS`."""
    stage = Stage()
    stage.sit("ada")
    for number in range(GONE_SEATS + 1):
        stage.room.remove(stage.sit(f"guest {number}"), "left", stage.now)
    assert len(stage.room.gone) == GONE_SEATS
    assert "guest 0" not in stage.room.gone
    assert "guest 1" in stage.room.gone


def test_how_many_came_and_how_many_were_in_at_once_are_counted_apart() -> None:
    stage = Stage()
    for name in ("ada", "bob"):
        stage.room.remove(stage.sit(name), "left", stage.now)
    stage.sit("cleo")
    assert (stage.room.came, stage.room.peak) == (3, 1)


# The host


def host_after_the_host_leaves(stage: Stage) -> str | None:
    assert stage.room.host_id is not None
    stage.room.remove(stage.room.seats[stage.room.host_id], "left", stage.now)
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


def test_a_host_who_is_away_stays_host() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    stage.sit("bob")
    stage.room.drop(ada, stage.now)
    assert stage.room.host_id == "ada"


def test_the_others_are_told_of_a_new_host_by_its_role_and_by_the_room() -> None:
    stage = Stage()
    ada, _ = stage.sit("ada"), stage.sit("bob")
    assert names(stage.room.remove(ada, "left", stage.now)) == ["MemberLeft", "MemberUpdated", "RoomUpdated"]


def test_an_empty_room_has_no_host_and_the_next_to_come_is() -> None:
    stage = Stage()
    stage.sit("ada")
    assert host_after_the_host_leaves(stage) is None
    assert stage.sit("bob").role == "host"


def test_who_is_host_already_is_not_made_host_again() -> None:
    stage = Stage()
    assert stage.room.make_host(stage.sit("ada"), stage.now) == []


def test_a_new_host_hears_who_waits_at_the_door() -> None:
    stage = Stage()
    ada, _ = stage.sit("ada"), stage.sit("bob")
    stage.room.lobby = True
    lobby.knock(stage.room, "k", "Zoe", None)
    assert stage.room.remove(ada, "left", stage.now)[-1] == KnockReceived("r", "k", "Zoe")


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
    messages.set_typing(stage.room, bob, is_typing=True)
    events = {
        "drop": lambda: stage.room.drop(bob, stage.now),
        "take": lambda: stage.room.take(bob, stage.now),
        "remove": lambda: stage.room.remove(bob, "left", stage.now),
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
    stage.room.end("room-ended", stage.now)
    assert stage.room.view().status == "ended"


def test_anyone_may_know_that_there_is_a_password_and_nobody_which() -> None:
    room = stage_with(password_hash="a hash").room
    assert room.view().password_required
    assert "a hash" not in repr(room.view())


# Empty rooms


def test_a_room_that_nobody_has_come_to_yet_is_not_given_up_as_empty() -> None:
    stage = Stage()
    stage.room.note_if_empty(stage.now)
    stage.now += 10_000
    assert stage.due() == []


def test_a_room_that_all_have_left_is_given_up_after_its_time() -> None:
    stage = Stage()
    stage.room.remove(stage.sit("ada"), "left", stage.now)
    stage.now += 299.9
    assert stage.due() == []
    stage.now += 0.1
    assert stage.due() == ["empty"]


def test_a_room_that_one_has_left_is_not_empty() -> None:
    stage = Stage()
    stage.sit("ada")
    stage.room.remove(stage.sit("bob"), "left", stage.now)
    stage.now += 300
    assert stage.due() == []


def test_a_room_that_is_empty_does_not_get_more_time_by_being_looked_at() -> None:
    stage = Stage()
    stage.room.remove(stage.sit("ada"), "left", stage.now)
    stage.now += 299
    stage.room.note_if_empty(stage.now)
    stage.now += 1
    assert stage.due() == ["empty"]


def test_of_several_who_are_about_to_sit_each_keeps_the_room() -> None:
    stage = Stage()
    stage.room.remove(stage.sit("ada"), "left", stage.now)
    stage.ask("bob")
    joining.withdraw(stage.room, stage.ask("cleo"), stage.now)
    stage.now += 300
    assert stage.due() == []


def test_whoever_is_about_to_sit_keeps_the_room() -> None:
    stage = Stage()
    stage.room.remove(stage.sit("ada"), "left", stage.now)
    stage.ask("bob")
    stage.now += 300
    assert stage.due() == []


# Expiry


def warnings(stage: Stage) -> list[RoomExpiring]:
    return [event for room, due in stage.directory.due(stage.now) for event in room.warn(due.key)]  # type: ignore[misc]


def test_members_are_warned_at_the_times_that_are_promised() -> None:
    stage = stage_with(expires_in_s=100)
    end = stage.room.expires_at
    for ahead_s in EXPIRY_WARNINGS_S:
        stage.now = end - ahead_s
        assert warnings(stage) == [RoomExpiring("r", end)]


def test_of_an_expiry_that_was_moved_nobody_is_warned() -> None:
    stage = stage_with(expires_in_s=100)
    stage.room.set_expiry(stage.room.expires_at + 1_000, stage.now)
    stage.now += 99
    assert warnings(stage) == []


def test_a_plan_of_another_expiry_warns_nobody() -> None:
    assert Stage().room.warn("another") == []


def test_a_room_that_lasts_just_as_long_as_a_warning_is_not_warned_of_it() -> None:
    stage = stage_with(expires_in_s=EXPIRY_WARNINGS_S[0])
    assert stage.due() == []


def test_a_room_that_lasts_less_than_a_warning_is_not_warned_of_it() -> None:
    stage = stage_with(expires_in_s=30)
    assert stage.due() == []
    stage.now += 20
    assert stage.due() == ["warning"]


def test_a_room_expires_by_the_wall_clock() -> None:
    stage = stage_with(expires_in_s=100)
    stage.directory.runtime.ahead_s = 99.0
    stage.now += 1
    assert "expiry" in stage.due()


# The end


def test_nothing_of_a_room_stays_after_its_end() -> None:
    stage = stage_with(lobby=True, password_hash="a hash")
    stage.invite("open", uses=3)
    stage.room.remove(stage.sit("bob", invite="open", join_id="join", password_ok=True), "left", stage.now)
    ada = stage.sit("ada", invite="open", origin=b"an address", password_ok=True)
    stage.ask("cleo", invite="open", password_ok=True)
    messages.post(stage.room, ada, "a secret", stage.now)
    lobby.knock(stage.room, "k", "Zoe", None)
    stage.room.banned_ids.add("mallory")
    stage.room.banned_origins.add(b"an address")
    assert stage.room.end("room-ended", stage.now) == [RoomEnded("r", stage.now, "room-ended")]
    room = stage.room
    assert not any((room.seats, room.pending, room.connected, room.knocks, room.gone, room.regretted))
    assert not any((room.banned_ids, room.banned_origins, room.host_id, room.password_hash))
    assert len(room.invites) == room.history.message_count() == room.runtime.ledger.used_bytes == 0
    for said in ("a secret", "ada", "Zoe", "mallory"):
        assert said not in repr(room)
