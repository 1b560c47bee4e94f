"""Asking, voting, closing, taking away."""

from __future__ import annotations

import pytest

from rooms import moderation, polls
from rooms.limits import MAX_POLLS, POLLS_BYTES, RECEIPTS_CAPACITY
from rooms.model import RoomOptions, Seat
from rooms.poll import Poll
from tests.support.rooms import Stage, names, refusal


@pytest.fixture
def stage() -> Stage:
    return Stage()


def asked(stage: Stage, seat: Seat, **more: object) -> Poll:
    poll_id = f"poll {len(stage.room.polls)} {stage.room.seq}"
    polls.create(stage.room, seat, poll_id, "When?", ["now", "later", "never"], stage.now, **more)  # type: ignore[arg-type]
    return stage.room.polls[poll_id]


def test_a_later_vote_replaces_and_none_takes_it_back(stage: Stage) -> None:
    ada = stage.sit("ada")
    poll = asked(stage, ada)
    for choices, counts in (([1], [0, 1, 0]), ([2], [0, 0, 1]), ([], [0, 0, 0])):
        assert names(polls.vote(stage.room, ada, poll.id, choices, stage.now)) == ["PollUpdated"]
        assert poll.counts() == counts
    assert polls.vote(stage.room, ada, poll.id, [], stage.now) == [], "it is so already"


@pytest.mark.parametrize("choices", [[3], [-1], [0, 0], [0, 1]])
def test_a_vote_names_options_that_there_are_as_many_as_are_allowed(stage: Stage, choices: list[int]) -> None:
    ada = stage.sit("ada")
    assert refusal(polls.vote, stage.room, ada, asked(stage, ada).id, choices, stage.now) == "INVALID_PAYLOAD"
    several = asked(stage, ada, multiple=True)
    if choices == [0, 1]:
        polls.vote(stage.room, ada, several.id, choices, stage.now)
    else:
        assert refusal(polls.vote, stage.room, ada, several.id, choices, stage.now) == "INVALID_PAYLOAD"


def test_its_author_and_the_host_close_and_delete_it(stage: Stage) -> None:
    ada, ben, cleo = map(stage.sit, ("ada", "ben", "cleo"))
    poll = asked(stage, ben)
    for call in (polls.close, polls.delete):
        assert refusal(call, stage.room, cleo, poll.id, stage.now) == "FORBIDDEN"
    assert names(polls.close(stage.room, ben, poll.id, stage.now)) == ["PollUpdated"]
    assert polls.close(stage.room, ada, poll.id, stage.now) == []
    assert refusal(polls.vote, stage.room, ben, poll.id, [0], stage.now) == "POLL_CLOSED"
    assert names(polls.delete(stage.room, ada, poll.id, stage.now)) == ["PollDeleted"]
    assert (poll.question, poll.options) == ("", ())
    assert refusal(polls.vote, stage.room, ben, poll.id, [0], stage.now) == "NOT_FOUND"


def test_who_has_not_heard_that_a_vote_counts_may_repeat_it_after_the_end(stage: Stage) -> None:
    ada, ben = map(stage.sit, ("ada", "ben"))
    poll = asked(stage, ada, multiple=True)
    polls.vote(stage.room, ada, poll.id, [2, 0], stage.now)
    polls.close(stage.room, ada, poll.id, stage.now)
    assert polls.vote(stage.room, ada, poll.id, [0, 2], stage.now) == []
    assert polls.vote(stage.room, ben, poll.id, [], stage.now) == [], "nor has ben"
    assert refusal(polls.vote, stage.room, ada, poll.id, [0], stage.now) == "POLL_CLOSED"
    assert refusal(polls.vote, stage.room, ben, poll.id, [0, 2], stage.now) == "POLL_CLOSED"


def test_it_closes_when_its_time_has_come(stage: Stage) -> None:
    ada = stage.sit("ada")
    poll, closed = asked(stage, ada, closes_in_s=10), asked(stage, ada, closes_in_s=10)
    polls.close(stage.room, ada, closed.id, stage.now)
    stage.now += 11
    assert stage.due().count("poll") == 1
    assert names(polls.is_over(stage.room, poll.id, stage.now)) == ["PollUpdated"]
    assert poll.closed


def test_a_room_has_so_many_polls(stage: Stage) -> None:
    ada = stage.sit("ada")
    made = [asked(stage, ada) for _ in range(MAX_POLLS)]
    assert refusal(polls.create, stage.room, ada, "x", "?", ["a", "b"], stage.now) == "RATE_LIMITED"
    polls.delete(stage.room, ada, made[0].id, stage.now)
    asked(stage, ada)


def test_the_polls_of_a_room_are_so_long_together(stage: Stage) -> None:
    ada = stage.sit("ada")
    long = ["x" * (POLLS_BYTES - 40), "y"]
    polls.create(stage.room, ada, "long", "?", long, stage.now)
    assert refusal(polls.create, stage.room, ada, "x", "?" * 20, ["a", "b"], stage.now) == "RATE_LIMITED"
    polls.create(stage.room, ada, "short", "?", ["a", "b"], stage.now)


def test_who_voted_is_shown_in_small_rooms_where_the_poll_is_not_anonymous(stage: Stage) -> None:
    ada = stage.sit("ada")
    open_, secret = asked(stage, ada), asked(stage, ada, anonymous=True)
    assert [polls.shows_votes(stage.room, poll) for poll in (open_, secret)] == [True, False]
    moderation.update(stage.room, stage.now, capacity=RECEIPTS_CAPACITY + 1)
    assert not polls.shows_votes(stage.room, open_)


def test_an_encrypted_room_takes_no_poll_in_the_clear() -> None:
    stage = Stage(RoomOptions(8, 36_000, encrypted=True))
    ada = stage.sit("ada")
    assert refusal(polls.create, stage.room, ada, "x", "?", ["a", "b"], stage.now) == "ENCRYPTION_REQUIRED"
    asked(stage, ada, encrypted=True)


def test_polls_and_votes_are_weighed_and_come_off_again(stage: Stage) -> None:
    ada, ben = stage.sit("ada"), stage.sit("ben")
    before, ledger = stage.room.history.held_bytes, stage.room.runtime.ledger
    poll = asked(stage, ada)
    for seat in (ada, ben):
        polls.vote(stage.room, seat, poll.id, [0], stage.now)
    assert ledger.used_bytes == stage.room.history.held_bytes > before + 3 * 300
    stage.room.history.give_up()
    assert ledger.used_bytes == stage.room.history.held_bytes > 0, "what is in force is not given up"
    polls.delete(stage.room, ada, poll.id, stage.now)
    assert ledger.used_bytes == stage.room.history.held_bytes == 300
