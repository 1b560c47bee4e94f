"""Bytes that many hold together: the largest give way, and nobody else."""

from __future__ import annotations

from server.transport.engineio.budget import Budget


class Holder:
    def __init__(self) -> None:
        self.shed_times = 0

    def shed(self) -> None:
        self.shed_times += 1


def test_beyond_the_bound_the_largest_give_way_and_the_small_stay() -> None:
    budget = Budget(1_000)
    small = [Holder() for _ in range(10)]
    large = [Holder() for _ in range(3)]
    for one in small:
        budget.note(one, 10)
    for one in large:
        budget.note(one, 290)
    assert budget.used_bytes == 970
    budget.note(small[0], 60)
    assert sum(one.shed_times for one in large) == 1
    assert not any(one.shed_times for one in small)
    assert budget.used_bytes == 970 + 50 - 290
    assert budget.shed_count == 1


def test_a_change_replaces_what_was_noted_before() -> None:
    budget, one = Budget(100), Holder()
    for size in (10, 99, 3, 3, 0, 0, 7):
        budget.note(one, size)
        assert budget.used_bytes == size
    assert len(budget) == 1


def test_without_a_bound_nobody_gives_way() -> None:
    budget, one = Budget(0), Holder()
    budget.note(one, 10**12)
    assert one.shed_times == 0
    budget.clear_down_to(0)
    assert (one.shed_times, budget.used_bytes, len(budget)) == (1, 0, 0)
