"""How rooms come, are found, become due, and go."""

from __future__ import annotations

import pytest

from rooms import directory, messages, snapshots
from rooms.directory import Directory
from rooms.leaving import leave
from rooms.lifetime import set_expiry
from rooms.model import EndReason, RoomOptions
from rooms.records import Tombstone
from rooms.runtime import Runtime
from rooms.schedule import TIDY_FROM
from tests.support.rooms import Stage, refusal, stage_with


def test_a_room_is_found_by_its_id_until_it_expires() -> None:
    stage = stage_with(expires_in_s=100)
    assert stage.directory.find("r", stage.now + 99.9) is stage.room
    assert refusal(stage.directory.find, "r", stage.now + 100) == "ROOM_EXPIRED"


def test_a_room_that_never_was_is_not_found() -> None:
    assert refusal(Stage().directory.find, "another", 1_000.0) == "ROOM_NOT_FOUND"


@pytest.mark.parametrize(("reason", "code"), [("room-ended", "ROOM_ENDED"), ("room-expired", "ROOM_EXPIRED")])
def test_for_a_while_it_is_known_how_a_room_ended(reason: EndReason, code: str) -> None:
    stage = Stage()
    stage.directory.end(stage.room, reason, stage.now)
    assert refusal(stage.directory.find, "r", stage.now + 59.9) == code
    assert refusal(stage.directory.find, "r", stage.now + 60) == "ROOM_NOT_FOUND"


def test_a_room_that_has_ended_never_comes_back_under_its_id() -> None:
    stage = Stage()
    stage.directory.end(stage.room, "room-ended", stage.now)
    assert refusal(stage.directory.create, "r", "e", "key", RoomOptions(8, 60), stage.now) == "ROOM_ENDED"
    assert "r" not in stage.directory.rooms


def test_a_room_that_was_never_told_of_leaves_no_tombstone() -> None:
    stage = Stage()
    stage.directory.discard(stage.room)
    assert refusal(stage.directory.find, "r", stage.now) == "ROOM_NOT_FOUND"
    assert stage.directory.tombstone_count == 0


def test_a_room_that_is_discarded_holds_nothing_that_was_said() -> None:
    stage = Stage()
    messages.post(stage.room, stage.sit("ada"), "hello", stage.now)
    stage.directory.discard(stage.room)
    assert stage.directory.runtime.ledger.used_bytes == 0


def test_the_process_has_at_most_max_rooms_and_one_that_ends_makes_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_ROOMS", 1)
    stage = Stage()
    assert refusal(stage.directory.create, "s", "e", "key", RoomOptions(8, 60), stage.now) == "UNAVAILABLE"
    stage.directory.end(stage.room, "room-ended", stage.now)
    stage.directory.create("s", "e", "key", RoomOptions(8, 60), stage.now)


def test_of_more_than_max_tombstones_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.directory.MAX_TOMBSTONES", 2)
    directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
    for number in range(3):
        directory.keep_tombstone(Tombstone(room_id=f"r{number}", reason="room-ended", ended_at=0.0, until=60.0))
    assert refusal(directory.find, "r0", 1.0) == "ROOM_NOT_FOUND"
    assert refusal(directory.find, "r1", 1.0) == refusal(directory.find, "r2", 1.0) == "ROOM_ENDED"


def test_tombstones_that_are_too_old_are_let_go_of() -> None:
    stage = Stage()
    stage.directory.end(stage.room, "room-ended", stage.now)
    stage.now += 60
    stage.due()
    assert stage.directory.tombstone_count == 0


def test_tombstones_of_an_earlier_process_hold_whatever_order_they_come_in() -> None:
    directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
    tombstones = [
        Tombstone(room_id=f"until {u}", reason="room-ended", ended_at=0.0, until=u) for u in (50.0, 10.0, 30.0)
    ]
    directory.restore([], tombstones, 0.0)
    list(directory.due(30.0))
    assert directory.tombstone_count == 1
    assert refusal(directory.find, "until 50.0", 30.0) == "ROOM_ENDED"


# What is due


def test_a_room_is_due_when_it_expires() -> None:
    stage = stage_with(expires_in_s=100)
    stage.now += 100
    assert stage.due()[-1] == "expiry"


def test_an_expiry_that_was_moved_is_due_at_its_new_time_alone() -> None:
    stage = stage_with(expires_in_s=100)
    set_expiry(stage.room, stage.now + 5, stage.now)
    stage.now += 5
    assert stage.due() == ["expiry"]
    stage.now += 100
    assert stage.due() == []


def test_nothing_is_due_in_a_room_that_has_ended() -> None:
    stage = Stage()
    stage.room.drop(stage.sit("ada"), stage.now)
    stage.directory.end(stage.room, "room-ended", stage.now)
    stage.now += 100_000
    assert stage.due() == []


def test_a_seat_that_was_given_up_meanwhile_is_not_due() -> None:
    stage = Stage()
    stage.sit("ada")
    bob = stage.sit("bob")
    stage.room.drop(bob, stage.now)
    leave(stage.room, bob, "kicked", stage.now)
    stage.now += 30
    assert stage.due() == []


def test_what_one_thing_that_is_due_undoes_is_not_due_any_more() -> None:
    """Each is looked at after the one before it was carried out."""
    stage = Stage()
    for name in ("ada", "bob"):
        stage.room.drop(stage.sit(name), stage.now)
    stage.now += 30
    seen = []
    for room, due in stage.directory.due(stage.now):
        seen.append(due.key)
        room.take(room.seats["bob"], stage.now)
    assert seen == ["ada"]


def test_the_next_time_something_is_due_is_told_by_the_clock_that_never_steps() -> None:
    stage = stage_with(expires_in_s=5)
    assert stage.directory.next_due_at() == stage.now + 5
    stage.room.drop(stage.sit("ada"), stage.now)
    assert stage.directory.next_due_at() == stage.now + 5
    stage.directory.runtime.ahead_s = -100.0
    assert stage.directory.next_due_at() == stage.now + 30
    assert Directory(Runtime(30, 300), tombstone_ttl_s=60).next_due_at() is None


def test_plans_that_no_longer_hold_do_not_pile_up() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    for _ in range(2 * TIDY_FROM):
        stage.room.drop(ada, stage.now)
        stage.now += 0.001
        stage.room.take(ada, stage.now)
    stage.due()
    assert len(stage.directory.runtime.schedule) == 0


def test_a_room_of_an_earlier_process_expires_as_it_would_have() -> None:
    stage = stage_with(expires_in_s=100)
    directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
    again = snapshots.room_from(snapshots.record_of(stage.room), directory.runtime, "epoch 2", stage.now)
    directory.restore([again], [], stage.now)
    assert [due.task.value for _, due in directory.due(stage.now + 100)][-1] == "expiry"
