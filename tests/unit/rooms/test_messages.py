"""What is said, changed, taken back and reacted to."""

from __future__ import annotations

import pytest

from rooms import messages
from rooms.events import MessageDeleted
from rooms.extras import Extras
from rooms.limits import HISTORY_EVENTS, MAX_REACTION_KINDS, MESSAGES_KNOWN
from rooms.message import Message
from rooms.messages import Options
from rooms.model import RoomOptions, Seat
from tests.support.rooms import Stage, names, refusal


@pytest.fixture
def stage() -> Stage:
    return Stage()


def said(stage: Stage, seat: Seat, text: str = "hello", **more: object) -> Message:
    message = messages.post(stage.room, seat, text, stage.now, **more)[1]  # type: ignore[arg-type]
    assert message is not None
    return message


def test_its_author_changes_a_message_and_whoever_refers_to_it_sees_it_changed(stage: Stage) -> None:
    ada = stage.sit("ada")
    message = said(stage, ada, "helo", options=Options(Extras(data="1")))
    [event] = messages.edit(stage.room, ada, message.id, "hello", stage.now)
    assert (message.text, message.extras.data) == ("hello", "1"), "without data that of the message stays"
    assert stage.room.history.backlog("ben") == [message]
    assert message.more is not None
    assert message.more.edited_at == stage.now
    messages.edit(stage.room, ada, message.id, "", stage.now, data="2")
    assert (message.text, message.extras.data) == ("", "2")
    assert event.seq < stage.room.seq  # type: ignore[union-attr]


def test_nobody_else_changes_a_message_not_the_host(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message = said(stage, ben)
    assert refusal(messages.edit, stage.room, ada, message.id, "x", stage.now) == "FORBIDDEN"


def test_its_author_and_the_host_take_a_message_away_and_nobody_else(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    first, second = said(stage, ben), said(stage, ben)
    assert refusal(messages.delete, stage.room, cleo, first.id, stage.now) == "FORBIDDEN"
    [one] = messages.delete(stage.room, ben, first.id, stage.now)
    [two] = messages.delete(stage.room, ada, second.id, stage.now)
    assert isinstance(one, MessageDeleted)
    assert isinstance(two, MessageDeleted)
    assert ((one.by, one.reason), (two.by, two.reason)) == (("ben", "deleted"), ("ada", "moderated"))
    assert refusal(messages.delete, stage.room, ben, first.id, stage.now) == "MESSAGE_NOT_FOUND"


def test_the_owner_takes_public_messages_away_without_a_seat(stage: Stage) -> None:
    ada, _ = stage.sit("ada"), stage.sit("ben")
    private, public = said(stage, ada, to="ben"), said(stage, ada)
    _, own, _ = messages.post_from_outside(stage.room, "Desk", "x", stage.now)
    assert own is not None
    assert refusal(messages.delete, stage.room, None, private.id, stage.now) == "MESSAGE_NOT_FOUND"
    reasons = [messages.delete(stage.room, None, one.id, stage.now)[0].reason for one in (public, own)]  # type: ignore[union-attr]
    assert reasons == ["moderated", "deleted"]


def test_nothing_of_a_message_stays_that_was_taken_away(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message, message_id = said(stage, ada, "word"), ""
    message_id = message.id
    messages.edit(stage.room, ada, message_id, "another word", stage.now)
    messages.react(stage.room, ben, message_id, "word", stage.now, on=True)
    messages.delete(stage.room, ada, message_id, stage.now)
    assert message.gone
    assert "word" not in repr([message.text, message.more, list(stage.room.history.since(0, stage.now) or ())])
    assert stage.room.history.message_count() == 0


def test_the_last_messages_can_be_taken_away_whether_or_not_they_are_held(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    ids = [said(stage, ada, to="ben" if n % 2 else None).id for n in range(MESSAGES_KNOWN + HISTORY_EVENTS + 3)]
    held = len(ids) - HISTORY_EVENTS
    assert stage.room.history.find(held + 1) is None
    assert refusal(messages.edit, stage.room, ada, ids[held - 1], "x", stage.now) == "MESSAGE_NOT_FOUND"
    assert refusal(messages.delete, stage.room, None, ids[held - 1 - held % 2], stage.now) == "MESSAGE_NOT_FOUND"
    assert refusal(messages.delete, stage.room, ben, ids[held - 2], stage.now) == "FORBIDDEN"
    assert names(messages.delete(stage.room, ada, ids[held - 2], stage.now)) == ["MessageDeleted"]
    assert refusal(messages.delete, stage.room, ada, ids[held - 2], stage.now) == "MESSAGE_NOT_FOUND"
    assert refusal(messages.delete, stage.room, ada, ids[0], stage.now) == "MESSAGE_NOT_FOUND"


def test_an_id_of_another_epoch_or_moment_is_no_message(stage: Stage) -> None:
    ada = stage.sit("ada")
    message = said(stage, ada)
    for wrong in (message.id[:-1], message.id + "x", "f" + message.id[1:]):
        assert refusal(messages.delete, stage.room, ada, wrong, stage.now) == "MESSAGE_NOT_FOUND"


def test_a_reaction_is_put_once_and_taken_back_once(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message = said(stage, ada)
    assert messages.react(stage.room, ben, message.id, "+", stage.now, on=False) == []
    assert names(messages.react(stage.room, ben, message.id, "+", stage.now, on=True)) == ["ReactionChanged"]
    assert messages.react(stage.room, ben, message.id, "+", stage.now, on=True) == []
    messages.react(stage.room, ben, message.id, "+", stage.now, on=False)
    assert message.more is not None
    assert message.more.reactions == {}


def test_a_message_has_so_many_different_reactions(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message = said(stage, ada)
    for number in range(MAX_REACTION_KINDS):
        messages.react(stage.room, ada, message.id, str(number), stage.now, on=True)
    assert refusal(messages.react, stage.room, ben, message.id, "more", stage.now, on=True) == "RATE_LIMITED"
    messages.react(stage.room, ben, message.id, "0", stage.now, on=True)
    messages.react(stage.room, ada, message.id, "1", stage.now, on=False)
    messages.react(stage.room, ben, message.id, "more", stage.now, on=True)


def test_a_private_message_is_not_there_for_anybody_else(stage: Stage) -> None:
    host, ada, ben = map(stage.sit, ("host", "ada", "ben"))
    message = said(stage, ada, to="ben")
    for call in (messages.edit, messages.delete):
        args = (message.id, "x", stage.now) if call is messages.edit else (message.id, stage.now)
        assert refusal(call, stage.room, host, *args) == "MESSAGE_NOT_FOUND"
    assert refusal(messages.react, stage.room, host, message.id, "+", stage.now, on=True) == "MESSAGE_NOT_FOUND"
    [event] = messages.delete(stage.room, ada, message.id, stage.now)
    assert event.audience == ("ada", "ben")  # type: ignore[union-attr]
    assert ben.id in (event.audience or ())  # type: ignore[union-attr]


def test_an_encrypted_room_takes_no_edit_in_the_clear() -> None:
    stage = Stage(RoomOptions(8, 36_000, encrypted=True))
    ada = stage.sit("ada")
    message = said(stage, ada, encrypted=True)
    assert refusal(messages.edit, stage.room, ada, message.id, "x", stage.now) == "ENCRYPTION_REQUIRED"
    messages.edit(stage.room, ada, message.id, "y", stage.now, encrypted=True)


def test_what_happens_to_messages_is_weighed_and_comes_off_again(stage: Stage) -> None:
    ledger = stage.room.runtime.ledger
    ada, ben = stage.sit("ada"), stage.sit("ben")
    for number in range(3_000):
        message = said(stage, ada, "x" * (number % 50), options=Options(Extras(data="y" * 40)) if number % 3 else None)
        if number % 2:
            messages.react(stage.room, ben, message.id, "+", stage.now, on=True)
        if number % 5 == 0:
            messages.edit(stage.room, ada, message.id, "x" * 200, stage.now)
            messages.edit(stage.room, ada, message.id, "x" * 20, stage.now)
        if number % 7 == 0:
            messages.delete(stage.room, ada, message.id, stage.now)
        stage.now += number % 11 / 10
        assert ledger.used_bytes == stage.room.history.held_bytes > 0
    stage.room.history.clear()
    assert ledger.used_bytes == stage.room.history.held_bytes == 0


def test_a_message_is_held_as_long_as_a_later_event_refers_to_it(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    message = said(stage, ada, "long ago")
    for _ in range(HISTORY_EVENTS - 10):
        said(stage, ben)
    messages.react(stage.room, ben, message.id, "+", stage.now, on=True)
    for _ in range(20):
        said(stage, ben)
    assert stage.room.history.floor >= message.seq
    assert stage.room.history.find(message.seq) is message
    messages.edit(stage.room, ada, message.id, "still here", stage.now)
    for _ in range(HISTORY_EVENTS + 1):
        said(stage, ben)
    assert stage.room.history.find(message.seq) is None
    trace = stage.room.history.trace(message.seq)
    assert trace is not None
    assert trace[0] == message.seq
    assert stage.room.runtime.ledger.used_bytes == stage.room.history.held_bytes


def test_an_older_edit_is_told_no_more_when_there_is_a_newer(stage: Stage) -> None:
    ada = stage.sit("ada")
    message = said(stage, ada)
    for number in range(5):
        messages.edit(stage.room, ada, message.id, str(number), stage.now)
    kept = [type(event).__name__ for event in stage.room.history.since(message.seq, stage.now) or ()]
    assert kept == ["Erased"] * 4 + ["MessageUpdated"]
