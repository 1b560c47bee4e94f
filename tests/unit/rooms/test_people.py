"""What participants say of themselves, what they have read, and what they send that is not kept."""

from __future__ import annotations

from rooms import moderation, people, snapshots
from rooms.limits import CHAR_BYTES, RECEIPTS_CAPACITY
from rooms.runtime import Runtime
from tests.support.rooms import Stage, names, refusal


def test_only_what_is_given_changes_and_no_change_is_told() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    assert names(people.update_self(stage.room, ada, stage.now, name="Ada L.", idle=True)) == ["MemberUpdated"]
    people.update_self(stage.room, ada, stage.now, attributes={"a": "1", "b": "2"})
    people.update_self(stage.room, ada, stage.now, attributes={"c": "3"})
    assert (ada.name, ada.idle, dict(ada.attributes)) == ("Ada L.", True, {"c": "3"})
    assert people.update_self(stage.room, ada, stage.now, name="Ada L.", idle=True, attributes={"c": "3"}) == []


def test_what_was_told_of_a_participant_stays_as_it_was() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    [event] = people.update_self(stage.room, ada, stage.now, attributes={"a": "1"})
    people.update_self(stage.room, ada, stage.now, attributes={"a": "2"})
    assert dict(event.participant.attributes) == {"a": "1"}  # type: ignore[union-attr]


def test_attributes_are_weighed() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    before = stage.room.history.held_bytes
    people.update_self(stage.room, ada, stage.now, attributes={"a": "x" * 1_000})
    assert stage.room.history.held_bytes == before + 300 + CHAR_BYTES * 1_001 == stage.room.runtime.ledger.used_bytes


def test_name_and_attributes_outlive_the_process() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    people.update_self(stage.room, ada, stage.now, name="Ada L.", attributes={"a": "1"})
    again = snapshots.room_from(snapshots.record_of(stage.room), Runtime(30, 300), "epoch 2", stage.now)
    assert (again.seats["ada"].name, dict(again.seats["ada"].attributes)) == ("Ada L.", {"a": "1"})


def test_reading_only_goes_forward_and_not_beyond_what_there_is() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    newest = stage.room.seq
    assert names(people.read(stage.room, ada, newest + 100)) == ["ReadChanged"]
    assert ada.read_seq == newest
    assert people.read(stage.room, ada, newest) == people.read(stage.room, ada, 0) == []


def test_without_receipts_nothing_is_kept_of_reading() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    moderation.update(stage.room, stage.now, capacity=RECEIPTS_CAPACITY + 1)
    assert people.read(stage.room, ada, 1) == []
    assert ada.read_seq == 0


def test_what_is_sent_aside_goes_to_who_is_connected() -> None:
    stage = Stage()
    ada, _, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    stage.room.drop(cleo, stage.now)
    assert people.send_aside(stage.room, ada, "t", "1")[0] == 1
    assert [people.send_aside(stage.room, ada, "t", "1", to)[0] for to in ("ben", "cleo")] == [1, 0]
    for to in ("ada", "nobody"):
        assert refusal(people.send_aside, stage.room, ada, "t", "1", to) == "PEER_NOT_FOUND"
