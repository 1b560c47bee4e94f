"""What the sender of a message was told, and for how many messages it is remembered."""

from __future__ import annotations

from rooms.limits import SENDS_REMEMBERED
from rooms.recent_sends import RecentSends


def filled(count: int) -> RecentSends:
    receipts = RecentSends()
    for n in range(count):
        receipts.keep(f"mark {n}", (n, float(n), 0.0, 1))
    return receipts


def test_a_repetition_is_told_what_was_told_the_first_time() -> None:
    assert filled(3).get("mark 1") == (1, 1.0, 0.0, 1)
    assert filled(3).get("mark 3") is None


def test_the_last_messages_are_remembered_at_any_time() -> None:
    receipts = RecentSends()
    for n in range(5 * SENDS_REMEMBERED):
        receipts.keep(f"mark {n}", (n, float(n), 0.0, 1))
        oldest = max(0, n - SENDS_REMEMBERED + 1)
        assert receipts.get(f"mark {oldest}") == (oldest, float(oldest), 0.0, 1)
        assert receipts.get(f"mark {n}") is not None


def test_never_are_more_than_twice_as_many_remembered() -> None:
    assert len(filled(0)) == 0
    assert max(len(filled(count)) for count in range(5 * SENDS_REMEMBERED)) == 2 * SENDS_REMEMBERED
    assert filled(2 * SENDS_REMEMBERED + 1).get("mark 0") is None
