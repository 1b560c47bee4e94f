"""How far back a room remembers, and who is shown what of it."""

from __future__ import annotations

import pytest

from rooms.events import MemberUpdated
from rooms.history import History
from rooms.ledger import Ledger
from rooms.limits import (
    BACKLOG_MESSAGES,
    HISTORY_AGE_S,
    HISTORY_BYTES,
    HISTORY_EVENTS,
    MAX_MESSAGE_CHARS,
    MESSAGES_KNOWN,
)
from rooms.message import Message
from tests.support.messages import message, update
from tests.support.rooms import seqs


def filled(*events: Message | MemberUpdated) -> History:
    history = History()
    for event in events:
        history.append(event)
    return history


def test_the_events_after_a_seq_come_in_order_and_without_holes() -> None:
    history = filled(*(message(n) for n in range(1, 11)))
    assert seqs(history.since(7, 0.0)) == [8, 9, 10]
    assert seqs(history.since(0, 0.0)) == list(range(1, 11))
    assert seqs(history.since(10, 0.0)) == []


def test_a_seq_of_the_future_has_no_events() -> None:
    assert filled(message(1)).since(2, 0.0) is None


def test_by_count_the_oldest_go_and_the_hole_is_admitted() -> None:
    history = filled(*(message(n) for n in range(1, HISTORY_EVENTS + 3)))
    assert len(history) == HISTORY_EVENTS
    assert history.since(1, 0.0) is None
    assert seqs(history.since(2, 0.0))[0] == 3
    assert history.after_position(10, 0.0) is None
    assert seqs(history.after_position(20, 0.0))[0] == 3


def test_long_messages_push_out_as_many_short_ones_as_they_weigh() -> None:
    history = filled(*(message(n, "x") for n in range(1, 901)))
    for n in range(901, 1_101):
        history.append(message(n, "x" * MAX_MESSAGE_CHARS))
        held = history.since(history.floor, 0.0)
        assert held is not None
        assert sum(4 * len(event.text) for event in held if isinstance(event, Message)) <= HISTORY_BYTES


def test_by_age_the_oldest_go() -> None:
    history = filled(message(1, at=0.0), message(2, at=500.0))
    assert seqs(history.since(0, HISTORY_AGE_S)) == [1, 2]
    assert history.since(0, HISTORY_AGE_S + 1) is None
    assert seqs(history.since(1, HISTORY_AGE_S + 1)) == [2]


def test_a_newcomer_sees_the_last_messages() -> None:
    history = filled(*(message(n) for n in range(1, 100)))
    assert seqs(history.backlog("ben")) == list(range(100 - BACKLOG_MESSAGES, 100))


def test_a_private_message_is_seen_by_its_two_people_only() -> None:
    history = filled(message(1, sender="ada", to="ben"))
    assert seqs(history.backlog("ben")) == seqs(history.backlog("ada")) == [1]
    assert history.backlog("cleo") == history.backlog("") == []


@pytest.mark.parametrize("count", [1, 60, 1_500])
def test_the_messages_that_are_held_are_counted(count: int) -> None:
    history = filled(*(message(n, to="ben" if n % 2 else None) for n in range(1, count + 1)))
    assert history.message_count() == min(count, HISTORY_EVENTS)


def test_a_newcomer_sees_the_last_messages_also_where_the_history_has_dropped_them() -> None:
    history = History()
    for n in range(1, 31):
        history.append(message(n, at=0.0))
    history.append(message(31, at=HISTORY_AGE_S + 1))
    assert len(history) == 1
    assert seqs(history.backlog("ben")) == list(range(1, 32))
    for n in range(32, 32 + BACKLOG_MESSAGES):
        history.append(message(n, at=HISTORY_AGE_S + 1))
        assert seqs(history.backlog("ben")) == list(range(max(1, n - BACKLOG_MESSAGES + 1), n + 1))
        assert history.message_count() <= max(len(history), BACKLOG_MESSAGES), "what nobody can see is not held"


def test_what_a_busy_history_drops_is_not_held_for_newcomers() -> None:
    history = filled(*(message(n) for n in range(1, HISTORY_EVENTS + 501)))
    assert history.message_count() == HISTORY_EVENTS
    assert seqs(history.backlog("ben"))[0] == HISTORY_EVENTS + 500 - BACKLOG_MESSAGES + 1


def test_by_age_the_oldest_go_while_others_come() -> None:
    history = History()
    for n in range(1, 2_000):
        history.append(message(n, at=float(n)))
        oldest = history.since(history.floor, float(n))
        assert oldest is not None
        assert next(oldest).at >= n - HISTORY_AGE_S - 1


def test_messages_older_than_the_history_count_while_a_newcomer_would_see_them() -> None:
    history = filled(message(1, at=0.0), message(2, at=0.0), update(3, "ada"))
    assert history.since(3, HISTORY_AGE_S * 2) is not None
    assert history.message_count() == 2


def test_nothing_is_left_of_a_history_that_was_cleared() -> None:
    history = filled(message(1, "secret"))
    history.clear()
    assert history.backlog("") == history.backlog("ada") == []
    assert history.message_count() == len(history) == 0


def test_a_message_is_found_by_its_seq_while_its_content_is_held() -> None:
    history = History()
    for n in range(1, 11):
        history.append(message(n, str(n)) if n % 2 else update(n, "ada"))
    found = history.find(7)
    assert found is not None
    assert found.text == "7"
    assert history.find(8) is None, "which is no message"
    assert history.find(11) is None
    assert history.find(0) is None


def test_a_message_of_the_backlog_is_found_too() -> None:
    history = filled(message(1, "old", at=0.0), message(2, at=HISTORY_AGE_S + 1))
    assert history.floor == 1
    found = history.find(1)
    assert found is not None
    assert found.text == "old"
    assert history.trace(1) is None


def test_of_the_last_messages_more_is_known_than_is_held() -> None:
    total = HISTORY_EVENTS + MESSAGES_KNOWN + 50
    history = filled(*(message(n, sender=f"s{n}", to="ben", at=float(n) / 1e6) for n in range(1, total + 1)))
    held = next(n for n in range(1, total + 1) if history.find(n) is not None)
    assert held == total - HISTORY_EVENTS + 1
    assert history.trace(held) is None
    assert history.trace(held - 1) == (held - 1, (held - 1) / 1e6, f"s{held - 1}", "ben")
    assert history.trace(held - MESSAGES_KNOWN) is not None
    assert history.trace(held - MESSAGES_KNOWN - 1) is None, "the oldest are known no more"


def test_what_is_held_and_known_is_weighed_exactly() -> None:
    ledger = Ledger()
    history = History(ledger)
    for n in range(1, 3 * HISTORY_EVENTS):
        history.append(message(n, "x" * (n % 7), at=n / 3) if n % 3 else update(n, "ada"))
        assert ledger.used_bytes == history.held_bytes
    history.clear()
    assert ledger.used_bytes == history.held_bytes == 0
    assert history.trace(1) is None


def test_of_an_empty_history_only_who_has_seen_nothing_has_missed_nothing() -> None:
    assert seqs(History().since(0, 0.0)) == []
    assert History().since(1, 0.0) is None


def test_a_position_between_two_events_is_one_after_which_the_later_happened() -> None:
    """Snapshots have positions, too."""
    history = filled(message(1), message(2), message(3))
    assert seqs(history.after_position(15, 0.0)) == [2, 3]
    assert (history.seq_at(15), history.seq_at(20), history.seq_at(1_000)) == (1, 2, 3)


def test_from_where_an_older_event_is_gone_nobody_catches_up() -> None:
    history = filled(message(1), message(2, at=HISTORY_AGE_S + 1))
    assert history.after_position(9, HISTORY_AGE_S + 1) is None
    assert seqs(history.after_position(10, HISTORY_AGE_S + 1)) == [2]
    assert history.seq_at(15) == 1


def test_what_was_given_up_is_admitted_and_what_follows_is_kept() -> None:
    history = filled(message(1), message(2))
    history.give_up()
    assert history.since(1, 0.0) is None
    assert seqs(history.since(2, 0.0)) == []
    history.append(message(3))
    assert seqs(history.since(2, 0.0)) == [3]
    assert seqs(history.backlog("ben")) == [3]


def test_ageing_says_when_more_will_be_too_old() -> None:
    history = filled(message(1, at=10.0), message(2, at=20.0))
    assert history.age(11.0) == 10.0 + HISTORY_AGE_S
    assert history.age(11.0 + HISTORY_AGE_S) == 20.0 + HISTORY_AGE_S
    assert history.age(21.0 + HISTORY_AGE_S) == 21.0 + 2 * HISTORY_AGE_S


def test_a_history_is_quiet_since_its_newest_event_also_where_only_newcomers_would_see_it() -> None:
    history = filled(message(1, at=10.0), message(2, at=20.0))
    assert history.quiet_since == 20.0
    history.age(21.0 + HISTORY_AGE_S)
    assert (len(history), history.quiet_since) == (0, 20.0)
