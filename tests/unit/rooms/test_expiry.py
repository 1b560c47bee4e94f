"""Messages that disappear by themselves."""

from __future__ import annotations

from rooms import expiry, messages
from rooms.events import MessageDeleted
from rooms.expiry import EXPIRED_AT_ONCE, TIDY_ABOVE
from rooms.limits import HISTORY_EVENTS
from rooms.messages import Options
from rooms.model import RoomOptions
from rooms.schedule import Task
from tests.support.rooms import Stage, names


def test_a_message_expires_at_its_time_and_not_before() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    later = messages.post(stage.room, ada, "later", stage.now, options=Options(ttl_s=20))[1]
    sooner = messages.post(stage.room, ada, "sooner", stage.now, options=Options(ttl_s=10))[1]
    assert later is not None
    assert sooner is not None
    stage.now += 9.9
    assert stage.due() == []
    stage.now += 0.2
    assert "messages" in stage.due()
    [event] = expiry.expire(stage.room, stage.now)
    assert isinstance(event, MessageDeleted)
    assert (event.reason, event.by, event.message_seq) == ("expired", "", sooner.seq)
    assert not later.gone
    stage.now += 10
    assert "messages" in stage.due()
    assert names(expiry.expire(stage.room, stage.now)) == ["MessageDeleted"]
    assert stage.due() == []


def test_the_shorter_of_the_message_s_time_and_the_room_s_wins() -> None:
    stage = Stage(RoomOptions(8, 36_000, message_ttl_s=30))
    ada = stage.sit("ada")
    for ttl_s, expected in ((None, 30.0), (60.0, 30.0), (10.0, 10.0)):
        message = messages.post(stage.room, ada, "x", stage.now, options=Options(ttl_s=ttl_s))[1]
        assert message is not None
        assert message.more is not None
        assert message.more.due_at == stage.now + expected


def test_expiry_goes_by_the_clock_that_never_steps() -> None:
    stage = Stage(RoomOptions(8, 36_000, message_ttl_s=30))
    ada = stage.sit("ada")
    message = messages.post(stage.room, ada, "x", stage.now)[1]
    assert message is not None
    assert message.more is not None
    stage.room.runtime.ahead_s = 3_600.0
    assert expiry.expire(stage.room, stage.now) == []
    later = messages.post(stage.room, ada, "x", stage.now)[1]
    assert later is not None
    assert later.more is not None
    assert later.more.expires_at == stage.now + 3_630.0, "what people are told is the wall's"


def test_one_that_is_held_no_more_expires_too() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    message = messages.post(stage.room, ada, "x", stage.now, options=Options(ttl_s=60))[1]
    assert message is not None
    message_id = message.id
    for _ in range(HISTORY_EVENTS + 60):
        messages.post(stage.room, ada, "y", stage.now)
    assert stage.room.history.find(message.seq) is None
    stage.now += 61
    [event] = expiry.expire(stage.room, stage.now)
    assert isinstance(event, MessageDeleted)
    assert event.message_id == message_id
    assert stage.room.history.trace(message.seq) is None


def test_one_that_was_taken_away_does_not_expire() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    message = messages.post(stage.room, ada, "x", stage.now, options=Options(ttl_s=60))[1]
    assert message is not None
    messages.delete(stage.room, ada, message.id, stage.now)
    stage.now += 61
    assert expiry.expire(stage.room, stage.now) == []


def test_expiries_are_bounded_however_many_messages_are_sent() -> None:
    stage = Stage(RoomOptions(8, 36_000, message_ttl_s=3_600))
    ada = stage.sit("ada")
    for _ in range(2 * TIDY_ABOVE):
        messages.post(stage.room, ada, "x", stage.now)
    assert len(stage.room.expiring) <= TIDY_ABOVE


def test_what_expires_together_is_taken_away_in_turns() -> None:
    stage = Stage(RoomOptions(8, 36_000, message_ttl_s=30))
    ada = stage.sit("ada")
    for _ in range(2 * EXPIRED_AT_ONCE + 1):
        messages.post(stage.room, ada, "x", stage.now)
    stage.now += 31
    taken = [
        len(expiry.expire(room, stage.now)) for room, due in stage.directory.due(stage.now) if due.task is Task.MESSAGES
    ]
    assert taken == [EXPIRED_AT_ONCE, EXPIRED_AT_ONCE, 1]
    assert stage.room.history.message_count() == 0


def test_the_pin_goes_with_its_message() -> None:
    stage = Stage()
    ada = stage.sit("ada")
    message = messages.post(stage.room, ada, "x", stage.now, options=Options(ttl_s=5))[1]
    assert message is not None
    stage.room.pinned_id = message.id
    stage.now += 6
    assert names(expiry.expire(stage.room, stage.now)) == ["MessageDeleted", "RoomUpdated"]
    assert stage.room.view().pinned_message_id is None
