"""What was taken back is remembered by its id, over restarts, and told to whoever may not know."""

from __future__ import annotations

import pytest

from rooms import lifetime, messages, snapshots
from rooms.events import StateChanged
from rooms.expiry import expire
from rooms.limits import BACKLOG_MESSAGES, HISTORY_EVENTS, RETRACTION_BYTES, RETRACTIONS_KNOWN
from rooms.message import Message
from rooms.messages import Options
from rooms.records import Retraction
from rooms.retractions import mark, note, untold
from rooms.room import Room
from rooms.viewing import view
from tests.support.rooms import Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for name in ("ada", "ben"):
        stage.sit(name)
    return stage


def say(stage: Stage, text: str = "xyzzy", **options: object) -> Message:
    message = messages.post(
        stage.room,
        stage.room.seats["ada"],
        text,
        stage.now,
        options=Options(**options),  # type: ignore[arg-type]
    )[1]
    assert message is not None
    return message


def delete(stage: Stage, message_id: str) -> int:
    """Returns the `seq` of the deletion."""
    messages.delete(stage.room, stage.room.seats["ada"], message_id, stage.now)
    return stage.room.seq


def edit(stage: Stage, message_id: str) -> int:
    messages.edit(stage.room, stage.room.seats["ada"], message_id, "other", stage.now)
    return stage.room.seq


def restarted(stage: Stage, epoch: str) -> Room:
    stage.room = snapshots.room_from(snapshots.record_of(stage.room), stage.directory.runtime, epoch, stage.now)
    return stage.room


def ids(room: Room, epoch: str | None = None, last_seq: int | None = None) -> list[tuple[str, bool]]:
    return [(one.message_id, one.edited) for one in untold(room, epoch, last_seq).retractions]


def test_what_was_deleted_or_edited_is_told_after_a_restart_and_nothing_else(stage: Stage) -> None:
    stays, gone, changed = (say(stage).id for _ in range(3))
    delete(stage, gone)
    edit(stage, changed)
    room = restarted(stage, "second")
    assert ids(room) == [(gone, False), (changed, True)]
    assert stays not in repr(room.retractions)
    assert "xyzzy" not in repr(snapshots.record_of(room))
    assert "ada" not in repr(room.retractions)


def test_a_message_whose_content_is_held_no_more_is_among_them(stage: Stage) -> None:
    first = say(stage)
    old = first.id
    for _ in range(HISTORY_EVENTS + BACKLOG_MESSAGES):
        say(stage)
    assert stage.room.history.find(first.seq) is None
    delete(stage, old)
    assert [one.message_id for one in stage.room.retractions] == [old]


def test_what_was_seen_by_all_is_among_them_and_what_expired_is_not(stage: Stage) -> None:
    seen, expired = say(stage, view_once=True), say(stage, ttl_s=5)
    seen_id = seen.id
    view(stage.room, stage.room.seats["ben"], seen_id, stage.now)
    stage.now += 6
    assert expire(stage.room, stage.now)
    assert expired.gone
    assert [one.message_id for one in stage.room.retractions] == [seen_id]


def test_of_one_message_the_last_is_remembered_in_its_place(stage: Stage) -> None:
    first, second = say(stage).id, say(stage).id
    edit(stage, first)
    edit(stage, second)
    edit(stage, first)
    assert [one.message_id for one in stage.room.retractions] == [second, first]
    seq = delete(stage, second)
    assert stage.room.retractions[-1] == Retraction(second, seq, edited=False)
    assert len(stage.room.retractions) == 2


def test_whoever_was_there_is_not_told_what_it_knows(stage: Stage) -> None:
    first, second = say(stage).id, say(stage).id
    before = edit(stage, first)
    delete(stage, second)
    room = restarted(stage, "second")
    assert ids(room, "epoch", before) == [(second, False)]
    assert ids(room, "epoch", before + 1) == []
    assert ids(room, "epoch") == [(first, True), (second, False)]
    assert ids(room, "another", 99) == [(first, True), (second, False)]


def test_in_the_same_epoch_the_history_tells(stage: Stage) -> None:
    delete(stage, say(stage).id)
    assert ids(stage.room, "epoch", 1) == []
    assert ids(stage.room) == [], "whoever joins has nothing of an earlier epoch that was taken back"


def test_whoever_has_seen_something_of_a_later_epoch_was_told_of_those_before(stage: Stage) -> None:
    first = say(stage).id
    delete(stage, first)
    restarted(stage, "second")
    second = say(stage).id
    delete(stage, second)
    room = restarted(stage, "third")
    assert ids(room, "epoch", 1) == [(first, False), (second, False)]
    assert ids(room, "second", 1) == [(second, False)]
    assert ids(room, "second", 99) == []


def test_so_has_whoever_has_seen_an_epoch_in_which_nothing_was_taken_back(stage: Stage) -> None:
    assert mark(stage.room) == []
    first = say(stage).id
    delete(stage, first)
    assert mark(stage.room) == [], "its own epoch is known by it"
    room = restarted(stage, "second")
    assert [type(event) for event in mark(room)] == [StateChanged]
    assert mark(room) == [], "once"
    room = restarted(stage, "third")
    mark(room)
    second = say(stage).id
    delete(stage, second)
    room = restarted(stage, "fourth")
    assert ids(room, "second", 1) == ids(room, "third", 1) == [(second, False)]
    assert ids(room, "epoch", 1) == [(first, False), (second, False)], "and a mark is of no message"


def test_the_newest_are_kept_and_who_may_not_know_the_oldest_forgets_all(stage: Stage) -> None:
    kept = [(message_id := say(stage).id, delete(stage, message_id)) for _ in range(RETRACTIONS_KNOWN + 1)]
    assert len(stage.room.retractions) == RETRACTIONS_KNOWN
    room = restarted(stage, "second")
    assert kept[0][0] not in dict(ids(room))
    assert untold(room).forget
    assert untold(room, "epoch", kept[0][1]).forget
    assert untold(room, "another", 9_999).forget
    found = untold(room, "epoch", kept[1][1])
    assert (found.forget, len(found.retractions)) == (False, RETRACTIONS_KNOWN - 1)
    assert not untold(room, "second", 1).forget


def test_they_push_out_those_of_earlier_epochs_which_are_forgotten_then(stage: Stage) -> None:
    delete(stage, say(stage).id)
    room = restarted(stage, "second")
    for _ in range(RETRACTIONS_KNOWN):
        delete(stage, say(stage).id)
    found = untold(room, "epoch", 1)
    assert (found.forget, found.retractions) == (True, ())


def test_a_message_that_was_taken_along_into_another_epoch_is_told_by_the_id_it_had(stage: Stage) -> None:
    gone, changed = say(stage), say(stage)
    known = [gone.id, changed.id]
    stage.room.epoch = gone.epoch = changed.epoch = "other"  # as it is read from Redis, where what was last may be lost
    delete(stage, gone.id)
    edit(stage, changed.id)
    assert ids(stage.room, "epoch", 2) == [(known[0], False), (known[1], True)]
    assert ids(stage.room, "other", 2) == ids(stage.room) == [], "who has the messages of now is told by the history"


def test_their_bytes_are_counted_as_long_as_they_are_held(stage: Stage) -> None:
    ledger, room = stage.directory.runtime.ledger, stage.room
    before = ledger.used_bytes
    for number in range(RETRACTIONS_KNOWN + 5):
        note(room, f"{number:020}epoch", number)
    assert ledger.used_bytes - before == RETRACTION_BYTES * RETRACTIONS_KNOWN
    lifetime.end(room, "room-ended", stage.now)
    assert room.retractions == ()
    assert ledger.used_bytes == 0
    note(stage.room, "x" * 20 + "epoch", 1)
    used = ledger.used_bytes
    restarted(stage, "second")
    assert ledger.used_bytes == used + RETRACTION_BYTES
