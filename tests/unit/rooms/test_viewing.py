"""What is seen once, by whom, and for how long."""

from __future__ import annotations

import pytest

from rooms import messages, viewing
from rooms.events import MessageDeleted
from rooms.leaving import leave
from rooms.limits import VIEW_AGAIN_S
from rooms.message import Message
from rooms.messages import Options
from rooms.model import Seat
from tests.support.rooms import Stage, names, refusal


@pytest.fixture
def stage() -> Stage:
    return Stage()


def once(stage: Stage, seat: Seat, to: str | None = None) -> Message:
    message = messages.post(stage.room, seat, "xyzzy", stage.now, to=to, options=Options(view_once=True))[1]
    assert message is not None
    return message


def test_who_is_seated_sees_it_and_who_comes_later_does_not(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    message_id = once(stage, ada).id
    late = stage.sit("late")
    for seat in (ada, late):
        assert refusal(viewing.view, stage.room, seat, message_id, stage.now) == "MESSAGE_NOT_FOUND"
    assert stage.room.history.backlog("late") == []
    seen, events = viewing.view(stage.room, ben, message_id, stage.now)
    assert (seen.text, events) == ("xyzzy", [])
    _, events = viewing.view(stage.room, cleo, message_id, stage.now)
    assert [(event.by, event.reason) for event in events] == [("cleo", "viewed")]  # type: ignore[union-attr]


def test_the_same_seat_sees_it_again_for_a_while_also_when_it_is_gone(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message = once(stage, ada)
    message_id = message.id
    viewing.view(stage.room, ben, message_id, stage.now)
    assert message.gone
    stage.now += VIEW_AGAIN_S - 1
    seen, events = viewing.view(stage.room, ben, message_id, stage.now)
    assert (seen.text, events) == ("xyzzy", [])
    stage.now += 2
    assert "shown" in stage.due()
    viewing.hide(stage.room, message.seq)
    assert refusal(viewing.view, stage.room, ben, message_id, stage.now) == "MESSAGE_NOT_FOUND"
    assert stage.room.runtime.ledger.used_bytes == stage.room.history.held_bytes
    assert "xyzzy" not in repr(stage.room)


def test_it_is_not_seen_again_after_that_while_others_have_not_seen_it(stage: Stage) -> None:
    ada, ben, _ = map(stage.sit, ("ada", "ben", "cleo"))
    message_id = once(stage, ada).id
    viewing.view(stage.room, ben, message_id, stage.now)
    stage.now += VIEW_AGAIN_S + 1
    assert refusal(viewing.view, stage.room, ben, message_id, stage.now) == "MESSAGE_NOT_FOUND"


def test_nobody_waits_for_one_who_has_left(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    message = once(stage, ada)
    viewing.view(stage.room, ben, message.id, stage.now)
    stage.room.drop(cleo, stage.now)
    assert not message.gone, "who is away may come back"
    assert "MessageDeleted" in names(leave(stage.room, cleo, "timeout", stage.now))
    assert message.gone


def test_it_is_gone_when_the_last_who_has_not_seen_it_is(stage: Stage) -> None:
    ada, *_ = map(stage.sit, ("ada", "ben", "cleo"))
    message = once(stage, ada)
    assert viewing.view_no_more(stage.room, "ben", stage.now) == []
    assert not message.gone
    [event] = viewing.view_no_more(stage.room, "cleo", stage.now)
    assert isinstance(event, MessageDeleted)
    assert (event.by, event.reason) == ("", "viewed")
    assert stage.room.once == {}


def test_who_has_seen_it_may_repeat_it_also_where_the_last_one_to_wait_for_has_left(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    message = once(stage, ada)
    viewing.view(stage.room, ben, message.id, stage.now)
    stage.now += VIEW_AGAIN_S - 1
    leave(stage.room, cleo, "kicked", stage.now)
    assert message.gone
    assert viewing.view(stage.room, ben, message.id, stage.now)[0].text == "xyzzy"
    stage.now += 2
    assert "shown" in stage.due()
    viewing.hide(stage.room, message.seq)
    assert refusal(viewing.view, stage.room, ben, message.id, stage.now) == "MESSAGE_NOT_FOUND"
    assert "xyzzy" not in repr(stage.room)


def test_where_nobody_has_seen_it_for_long_nothing_of_it_stays_with_the_last_one_gone(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    message = once(stage, ada)
    viewing.view(stage.room, ben, message.id, stage.now)
    stage.now += VIEW_AGAIN_S + 1
    leave(stage.room, cleo, "left", stage.now)
    assert message.gone
    assert not stage.room.shown
    assert "xyzzy" not in repr(stage.room)


def test_sent_to_nobody_it_is_gone_at_once(stage: Stage) -> None:
    ada = stage.sit("ada")
    message, more = messages.post(stage.room, ada, "xyzzy", stage.now, options=Options(view_once=True))[1:]
    assert message is not None
    assert message.gone
    assert names(list(more)) == ["MessageDeleted"]


def test_a_private_one_waits_for_its_one(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    message_id = once(stage, ada, to="ben").id
    assert refusal(viewing.view, stage.room, cleo, message_id, stage.now) == "MESSAGE_NOT_FOUND"
    _, events = viewing.view(stage.room, ben, message_id, stage.now)
    assert events[0].audience == ("ada", "ben")  # type: ignore[union-attr]


def test_it_can_be_taken_away_unseen_and_not_changed(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message_id = once(stage, ada).id
    assert refusal(messages.edit, stage.room, ada, message_id, "x", stage.now) == "FORBIDDEN"
    messages.delete(stage.room, ada, message_id, stage.now)
    assert refusal(viewing.view, stage.room, ben, message_id, stage.now) == "MESSAGE_NOT_FOUND"
    assert not stage.room.once


def test_one_that_the_history_gave_up_is_not_waited_for(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    once(stage, ada)
    stage.room.history.give_up()
    leave(stage.room, ben, "left", stage.now)
    assert not stage.room.once
