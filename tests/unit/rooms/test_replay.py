"""What a participant is told of what it missed."""

from __future__ import annotations

import pytest

from rooms import messages, polls
from rooms.events import Durable, Erased, MemberUpdated
from rooms.history import Kept
from rooms.message import Message
from rooms.messages import Options
from rooms.model import NO_MEDIA, Participant, Seat
from rooms.replay import replayable
from tests.support.messages import message
from tests.support.rooms import Stage, names, seqs


def update(seq: int, who: str, change: str = "media") -> MemberUpdated:
    return MemberUpdated("r", seq, seq * 10, 0.0, Participant(who, "", "member", True, 0.0, NO_MEDIA), change)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def said(stage: Stage, seat: Seat, **more: object) -> Message:
    found = messages.post(stage.room, seat, "hello", stage.now, **more)[1]  # type: ignore[arg-type]
    assert found is not None
    return found


def missed(stage: Stage, since: int, who: str) -> list[Durable]:
    return replayable(stage.room.history.since(since, stage.now) or (), who)


def test_own_messages_and_own_comings_are_not_replayed() -> None:
    events: list[Durable] = [
        message(1, sender="ben"),
        update(2, "ben", "connected"),
        message(3),
        update(4, "ben", "role"),
    ]
    assert seqs(replayable(events, "ben")) == [3, 4]


def test_state_is_replaced_and_not_replayed() -> None:
    events: list[Durable] = [update(1, "ada"), update(2, "cleo"), message(3), update(4, "ada"), update(5, "ada")]
    assert seqs(replayable(events, "ben")) == [2, 3, 5]


def test_a_message_that_was_changed_is_told_as_it_is(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    since = stage.room.seq
    new = said(stage, ada)
    messages.edit(stage.room, ada, new.id, "changed", stage.now)
    messages.react(stage.room, ada, new.id, "+", stage.now, on=True)
    assert missed(stage, since, ben.id) == [new]


def test_a_message_that_was_taken_away_is_not_told_at_all(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    since = stage.room.seq
    messages.delete(stage.room, ada, said(stage, ada).id, stage.now)
    assert missed(stage, since, ben.id) == []


def test_what_became_of_a_message_that_was_seen_is_told_once_as_it_is(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    changed, gone = said(stage, ada), said(stage, ada)
    since = stage.room.seq
    for text in ("one", "two"):
        messages.edit(stage.room, ada, changed.id, text, stage.now)
        messages.edit(stage.room, ada, gone.id, text, stage.now)
    messages.delete(stage.room, ada, gone.id, stage.now)
    assert names(list(missed(stage, since, ben.id))) == ["MessageUpdated", "MessageDeleted"]


@pytest.mark.parametrize(("times", "told"), [(1, 1), (2, 0), (3, 1), (4, 0)])
def test_a_reaction_that_is_as_it_was_is_not_told(stage: Stage, times: int, told: int) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    seen = said(stage, ada)
    since = stage.room.seq
    for number in range(times):
        messages.react(stage.room, ada, seen.id, "+", stage.now, on=number % 2 == 0)
    assert len(missed(stage, since, ben.id)) == told


def test_what_was_done_to_ones_own_message_is_told_whenever_one_sent_it(stage: Stage) -> None:
    host, ada = stage.sit("host"), stage.sit("ada")
    since = stage.room.seq
    kept, gone = said(stage, ada), said(stage, ada)
    messages.react(stage.room, host, kept.id, "+", stage.now, on=True)
    messages.delete(stage.room, host, gone.id, stage.now)
    assert names(list(missed(stage, since, ada.id))) == ["ReactionChanged", "MessageDeleted"]


def test_ones_own_message_over_rest_is_told_as_others_are(stage: Stage) -> None:
    ada = stage.sit("ada")
    since = stage.room.seq
    own = said(stage, ada, options=Options(from_rest=True))
    said(stage, ada)
    assert missed(stage, since, ada.id) == [own]


def test_what_concerns_a_private_message_is_told_to_its_two(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    private, gone = said(stage, ada, to="ben"), said(stage, ada, to="ben")
    since = stage.room.seq
    messages.edit(stage.room, ada, private.id, "changed", stage.now)
    messages.react(stage.room, ben, private.id, "+", stage.now, on=True)
    messages.delete(stage.room, ada, gone.id, stage.now)
    assert missed(stage, since, cleo.id) == []
    assert names(list(missed(stage, since, ben.id))) == ["MessageUpdated", "ReactionChanged", "MessageDeleted"]


def test_what_is_seen_once_is_told_to_who_was_there(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    since = stage.room.seq
    once = said(stage, ada, options=Options(view_once=True))
    late = stage.sit("late")
    assert once in missed(stage, since, ben.id)
    assert once not in missed(stage, since, late.id)


def test_polls_are_told_as_they_are(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    for poll in ("seen", "seen and gone"):
        polls.create(stage.room, ada, poll, "?", ["a", "b"], stage.now)
    since = stage.room.seq
    for poll in ("new", "new and gone"):
        polls.create(stage.room, ada, poll, "?", ["a", "b"], stage.now)
    for poll in ("seen", "new", "seen and gone", "new and gone"):
        for choice in (0, 1):
            polls.vote(stage.room, ada, poll, [choice], stage.now)
        if poll.endswith("gone"):
            polls.delete(stage.room, ada, poll, stage.now)
    assert names(list(missed(stage, since, ben.id))) == ["PollCreated", "PollUpdated", "PollDeleted"]


def test_what_others_did_to_oneself_is_replayed() -> None:
    assert seqs(replayable([update(1, "ben", "role")], "ben")) == [1]


def test_private_messages_are_replayed_to_whom_they_are_for_alone() -> None:
    events: list[Kept] = [message(1, sender="ada", to="ben")]
    assert seqs(replayable(events, "ben")) == [1]
    assert replayable(events, "cleo") == []


def test_the_last_word_on_a_participant_counts_whatever_changed() -> None:
    events: list[Kept] = [update(1, "ada", "role"), update(2, "ada", "media")]
    assert seqs(replayable(events, "ben")) == [2]


def test_of_what_was_erased_nothing_is_told() -> None:
    assert seqs(replayable([Erased(seq=1, position=10, at=0.0), message(2)], "ben")) == [2]
