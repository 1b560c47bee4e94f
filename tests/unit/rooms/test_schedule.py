"""What is due when, and how much is remembered of what is not due any more."""

from __future__ import annotations

from rooms.schedule import TIDY_FROM, Schedule, Task


def test_what_is_due_comes_up_earliest_first_and_once() -> None:
    schedule = Schedule()
    for at in (3.0, 1.0, 2.0):
        schedule.add(at, "r", Task.GRACE)
    assert [due.at for due in schedule.take(2.0)] == [1.0, 2.0]
    assert list(schedule.take(2.0)) == []
    assert schedule.next_at() == 3.0


def test_of_two_of_one_moment_the_first_to_be_planned_comes_first() -> None:
    schedule = Schedule()
    for room in ("z", "a"):
        schedule.add(1.0, room, Task.EMPTY)
    assert [due.room_id for due in schedule.take(1.0)] == ["z", "a"]


def test_an_entry_says_what_it_is_about() -> None:
    schedule = Schedule()
    schedule.add(1.0, "r", Task.GRACE, "bob")
    [due] = schedule.take(1.0)
    assert (due.room_id, due.task, due.key) == ("r", Task.GRACE, "bob")


def test_what_is_planned_while_others_are_taken_comes_up_too() -> None:
    schedule = Schedule()
    schedule.add(1.0, "r", Task.GRACE)
    taking = schedule.take(2.0)
    next(taking)
    schedule.add(2.0, "r", Task.EMPTY)
    assert [due.task for due in taking] == [Task.EMPTY]


def test_nothing_is_next_where_nothing_is_planned() -> None:
    assert Schedule().next_at() is None


def test_a_small_heap_is_not_looked_through() -> None:
    schedule = Schedule()
    for at in range(TIDY_FROM - 1):
        schedule.add(float(at), "r", Task.GRACE)
    schedule.drop_stale(lambda _: False)
    assert len(schedule) == TIDY_FROM - 1


def test_of_a_large_heap_only_what_holds_stays_and_stays_in_order() -> None:
    """The bound is `TIDY_FROM`."""
    schedule = Schedule()
    for at in reversed(range(TIDY_FROM)):
        schedule.add(float(at), "r", Task.GRACE)
    schedule.drop_stale(lambda due: due.at % 2 == 0)
    assert [due.at for due in schedule.take(1e9)] == [float(at) for at in range(0, TIDY_FROM, 2)]


def test_after_that_it_is_looked_through_when_it_has_doubled() -> None:
    schedule = Schedule()
    for at in range(2 * TIDY_FROM):
        schedule.add(float(at), "r", Task.GRACE)
    schedule.drop_stale(lambda _: True)
    looked_at: list[float] = []
    schedule.drop_stale(lambda due: not looked_at.append(due.at))
    assert looked_at == []
