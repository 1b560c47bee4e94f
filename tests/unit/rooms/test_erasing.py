"""A message that is taken away, and what hung on it."""

from __future__ import annotations

import pytest

from rooms import messages, moderation
from rooms.erasing import erase
from rooms.events import MessageDeleted, RoomUpdated
from rooms.message import Message
from tests.support.rooms import Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for name in ("ada", "ben", "cleo"):
        stage.sit(name)
    return stage


def said(stage: Stage) -> Message:
    message = messages.post(stage.room, stage.room.seats["ada"], "xyzzy", stage.now)[1]
    assert message is not None
    return message


def test_what_is_told_names_the_message_that_is_gone_and_who_took_it(stage: Stage) -> None:
    message = said(stage)
    message_id, seq = message.id, message.seq
    [event] = erase(stage.room, message, "ben", "moderated", stage.now)
    assert isinstance(event, MessageDeleted)
    assert (event.message_id, event.message_seq, event.sender) == (message_id, seq, "ada")
    assert (event.by, event.reason, event.audience) == ("ben", "moderated", None)
    assert "xyzzy" not in repr(stage.room)


def test_it_is_pinned_no_more(stage: Stage) -> None:
    message = said(stage)
    moderation.pin(stage.room, stage.room.seats["ada"], message.id, stage.now)
    gone, updated = erase(stage.room, message, "ada", "deleted", stage.now)
    assert isinstance(gone, MessageDeleted)
    assert isinstance(updated, RoomUpdated)
    assert updated.room.pinned_message_id is None


def test_another_that_is_pinned_stays_pinned(stage: Stage) -> None:
    pinned = said(stage).id
    moderation.pin(stage.room, stage.room.seats["ada"], pinned, stage.now)
    assert len(erase(stage.room, said(stage), "ada", "deleted", stage.now)) == 1
    assert stage.room.pinned_id == pinned
