"""How long a room lasts, and what is left of it after its end: nothing."""

from __future__ import annotations

from rooms import leaving, lobby, messages
from rooms.events import RoomEnded, RoomExpiring
from rooms.leaving import leave
from rooms.lifetime import end, note_if_empty, set_expiry, warn
from rooms.limits import EXPIRY_WARNINGS_S
from tests.support.rooms import Stage, stage_with

# Empty rooms


def test_a_room_that_nobody_has_come_to_yet_is_not_given_up_as_empty() -> None:
    stage = Stage()
    note_if_empty(stage.room, stage.now)
    stage.now += 10_000
    assert stage.due() == []


def test_a_room_that_all_have_left_is_given_up_after_its_time() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    stage.now += 299.9
    assert stage.due() == []
    stage.now += 0.1
    assert stage.due() == ["empty"]


def test_a_room_that_one_has_left_is_not_empty() -> None:
    stage = Stage()
    stage.sit("ada")
    leave(stage.room, stage.sit("bob"), "left", stage.now)
    stage.now += 300
    assert stage.due() == []


def test_a_room_that_is_empty_does_not_get_more_time_by_being_looked_at() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    stage.now += 299
    note_if_empty(stage.room, stage.now)
    stage.now += 1
    assert stage.due() == ["empty"]


def test_of_several_who_are_about_to_sit_each_keeps_the_room() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    stage.ask("bob")
    leaving.withdraw(stage.room, stage.ask("cleo"), stage.now)
    stage.now += 300
    assert stage.due() == []


def test_whoever_is_about_to_sit_keeps_the_room() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    stage.ask("bob")
    stage.now += 300
    assert stage.due() == []


# Expiry


def warnings(stage: Stage) -> list[RoomExpiring]:
    return [event for room, due in stage.directory.due(stage.now) for event in warn(room, due.key)]  # type: ignore[misc]


def test_members_are_warned_at_the_times_that_are_promised() -> None:
    stage = stage_with(expires_in_s=100)
    end = stage.room.expires_at
    for ahead_s in EXPIRY_WARNINGS_S:
        stage.now = end - ahead_s
        assert warnings(stage) == [RoomExpiring("r", end)]


def test_of_an_expiry_that_was_moved_nobody_is_warned() -> None:
    stage = stage_with(expires_in_s=100)
    set_expiry(stage.room, stage.room.expires_at + 1_000, stage.now)
    stage.now += 99
    assert warnings(stage) == []


def test_a_plan_of_another_expiry_warns_nobody() -> None:
    assert warn(Stage().room, "another") == []


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
    leave(stage.room, stage.sit("bob", invite="open", join_id="join", password_ok=True), "left", stage.now)
    ada = stage.sit("ada", invite="open", origin=b"an address", password_ok=True)
    stage.ask("cleo", invite="open", password_ok=True)
    messages.post(stage.room, ada, "a secret", stage.now)
    lobby.knock(stage.room, "k", "Zoe", None)
    stage.room.banned_ids |= {"mallory"}
    stage.room.banned_origins |= {b"an address"}
    assert end(stage.room, "room-ended", stage.now) == [RoomEnded("r", stage.now, "room-ended")]
    room = stage.room
    assert not any((room.seats, room.pending, room.connected, room.knocks, room.gone, room.regretted))
    assert not any((room.banned_ids, room.banned_origins, room.host_id, room.password_hash))
    assert len(room.invites) == room.history.message_count() == room.runtime.ledger.used_bytes == 0
    for said in ("a secret", "ada", "Zoe", "mallory"):
        assert said not in repr(room)
