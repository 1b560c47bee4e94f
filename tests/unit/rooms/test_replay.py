"""What a participant that was away is told of what it missed. What became of messages meanwhile: test_messages.py."""

from __future__ import annotations

from rooms.events import Erased
from rooms.history import Kept
from rooms.replay import replayable
from tests.support.messages import message, update
from tests.support.rooms import seqs


def test_own_messages_and_own_comings_are_not_replayed() -> None:
    events: list[Kept] = [message(1, sender="ben"), update(2, "ben", "connected"), message(3)]
    assert seqs(replayable(events, "ben")) == [3]


def test_what_others_did_to_oneself_is_replayed() -> None:
    assert seqs(replayable([update(1, "ben", "role")], "ben")) == [1]


def test_private_messages_are_replayed_to_whom_they_are_for_alone() -> None:
    events: list[Kept] = [message(1, sender="ada", to="ben")]
    assert seqs(replayable(events, "ben")) == [1]
    assert replayable(events, "cleo") == []


def test_state_is_replaced_and_not_replayed() -> None:
    events: list[Kept] = [update(1, "ada"), update(2, "cleo"), message(3), update(4, "ada"), update(5, "ada")]
    assert seqs(replayable(events, "ben")) == [2, 3, 5]


def test_the_last_word_on_a_participant_counts_whatever_changed() -> None:
    events: list[Kept] = [update(1, "ada", "role"), update(2, "ada", "media")]
    assert seqs(replayable(events, "ben")) == [2]


def test_of_what_was_erased_nothing_is_told() -> None:
    assert seqs(replayable([Erased(seq=1, position=10, at=0.0), message(2)], "ben")) == [2]
