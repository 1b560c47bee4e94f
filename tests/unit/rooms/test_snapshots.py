"""What of a room outlives the process, and what does not."""

from __future__ import annotations

from dataclasses import fields

from rooms import messages, moderation, people, retractions, returning, snapshots
from rooms.leaving import leave
from rooms.records import CallRecord, RoomRecord
from rooms.room import Room
from rooms.runtime import Runtime
from tests.support.rooms import Stage, refusal, stage_with


def restarted(stage: Stage, now: float | None = None) -> Room:
    """The room in the process that comes next."""
    record = snapshots.record_of(stage.room)
    return snapshots.room_from(record, Runtime(30, 300), "epoch 2", stage.now if now is None else now)


def test_the_settings_of_a_room_are_as_they_were() -> None:
    stage = stage_with(
        invite_only=True, lobby=True, log=True, encrypted=True, key_check="check", password_hash="hash", made_by="site"
    )
    stage.room.locked, stage.room.capacity = True, 3
    again = restarted(stage)
    assert again.view() == stage.room.view()
    assert (again.log, again.password_hash, again.made_by) == (True, "hash", "site")
    assert again.is_host_key("key")


def test_whoever_sat_can_take_the_seat_back_within_the_grace_period() -> None:
    stage = Stage()
    stage.sit("ada", token="of ada")
    again = restarted(stage)
    seat = returning.reclaim(again, "ada", "of ada")
    assert (seat.name, seat.role, seat.connected, seat.away_since) == ("ada", "host", False, stage.now)
    assert again.runtime.schedule.next_at() == stage.now + 30


def test_the_order_of_joining_stays() -> None:
    stage = Stage()
    for name in ("zoe", "ada", "bob"):
        stage.sit(name)
    again = restarted(stage)
    assert sorted(again.seats, key=lambda name: again.seats[name].ordinal) == ["zoe", "ada", "bob"]
    assert again.ordinals == 3


def test_the_host_stays_host() -> None:
    stage = Stage()
    for name in ("ada", "bob"):
        stage.sit(name)
    moderation.transfer(stage.room, stage.room.seats["ada"], "bob", stage.now)
    again = restarted(stage)
    assert {seat.id: seat.role for seat in again.seats.values()} == {"ada": "member", "bob": "host"}


def test_a_seat_that_was_granted_and_not_taken_is_there_for_whoever_has_its_token() -> None:
    stage = Stage()
    stage.invite("open")
    stage.ask("bob", invite="open", token="of bob")
    again = restarted(stage)
    assert returning.reclaim(again, "bob", "of bob").provisional
    leave(again, again.seats["bob"], "timeout", stage.now + 30)
    assert [record.used for record in again.invites.records()] == [0]


def test_a_room_where_nobody_had_sat_down_yet_has_a_host_again() -> None:
    stage = Stage()
    stage.ask("bob")
    again = restarted(stage)
    assert (again.host_id, again.seats["bob"].role) == ("bob", "host")


def test_attributes_are_as_they_were() -> None:
    stage = Stage()
    people.update_self(stage.room, stage.sit("ada"), stage.now, attributes={"mood": "fine"})
    stage.sit("bob")
    again = restarted(stage)
    assert [dict(seat.attributes) for seat in again.seats.values()] == [{"mood": "fine"}, {}]


def test_where_the_host_to_be_had_not_sat_down_the_longest_seated_is_host() -> None:
    stage = Stage()
    stage.sit("ada")
    stage.ask("owner", host_key="key")
    again = restarted(stage)
    assert again.host_id == "ada"
    assert again.seats["owner"].role == "member"


def test_invites_and_bans_stay() -> None:
    stage = Stage()
    stage.invite("open")
    stage.sit("ada", invite="open")
    stage.room.banned_ids |= {"mallory"}
    stage.room.banned_origins |= {b"an address"}
    again = restarted(stage)
    assert [record.used for record in again.invites.records()] == [1]
    assert refusal(returning.reclaim, again, "mallory", "any") == "BANNED"
    assert again.banned_origins == {b"an address"}


def test_a_join_whose_answer_was_lost_in_the_crash_finds_its_seat() -> None:
    stage = Stage()
    stage.sit("ada", join_id="join")
    found = returning.same_join(restarted(stage), "join")
    assert found is not None
    assert found.id == "ada"


def test_nothing_that_was_said_is_kept_and_no_secret_in_the_clear() -> None:
    stage = Stage()
    moderation.invite(stage.room, "i", "open token", stage.now, uses=1, expires_in_s=None)
    ada = stage.sit("ada", token="of ada", join_id="the join")
    messages.post(stage.room, ada, "a secret", stage.now)
    kept = repr(snapshots.record_of(stage.room))
    for secret in ("a secret", "open token", "of ada", "the join", "'key'"):
        assert secret not in kept


def test_clients_can_tell_that_it_is_another_process() -> None:
    stage = Stage()
    stage.sit("ada")
    again = restarted(stage)
    assert (again.epoch, again.seq, len(again.history)) == ("epoch 2", 0, 0)


def test_an_empty_room_is_given_up_in_its_time_after_a_restart() -> None:
    stage = Stage()
    leave(stage.room, stage.sit("ada"), "left", stage.now)
    assert restarted(stage, now=5_000.0).empty_since == 5_000.0


def test_the_log_of_sessions_says_how_it_was_and_nothing_of_who() -> None:
    stage = Stage()
    for name in ("ada", "bob"):
        messages.post(stage.room, stage.sit(name), "hello", stage.now)
    calls = (CallRecord(started_at=1.0, ended_at=2.0, peak=2, connected=True),)
    tombstone, _ = stage.directory.end(stage.room, "room-expired", stage.now + 60)
    line = snapshots.session_of(stage.room, tombstone, calls)
    assert (line.began_at, line.ended_at, line.reason) == (1_000.0, 1_060.0, "room-expired")
    assert (line.capacity, line.came, line.peak, line.message_count, line.calls) == (8, 2, 2, 2, calls)
    assert "ada" not in repr(line)
    assert line.id != stage.room.id


def test_the_same_end_written_twice_is_one_line() -> None:
    stage = Stage()
    tombstone, _ = stage.directory.end(stage.room, "room-ended", stage.now)
    assert snapshots.session_of(stage.room, tombstone).id == snapshots.session_of(stage.room, tombstone).id


def test_every_field_of_the_records_comes_back() -> None:
    """A field that is added to a record and not read back is forgotten at each restart."""
    stage = stage_with(made_by="site", encrypted=True, key_check="check", message_ttl_s=60.0)
    stage.invite("open")
    stage.sit("ada", invite="open", join_id="join")
    stage.sit("bob")
    stage.room.banned_ids |= {"mallory"}
    retractions.note(stage.room, "of a message", 7, edited=True)
    first = snapshots.record_of(stage.room)
    second = snapshots.record_of(restarted(stage))
    for field in fields(RoomRecord):
        assert getattr(second, field.name) == getattr(first, field.name), field.name
