"""Deadlines on a loop whose clock the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.transport.engineio import deadlines as module
from server.transport.engineio.deadlines import Deadlines


class Handle:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.is_cancelled = at, call, False

    def cancel(self) -> None:
        self.is_cancelled = True


class ClockLoop:
    """A loop's clock and its timers."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Handle:
        self.timers.append(Handle(at, call))
        return self.timers[-1]

    @property
    def pending(self) -> list[Handle]:
        return [timer for timer in self.timers if not timer.is_cancelled]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.pending if timer.at <= end]:
            timer = min(due, key=lambda timer: timer.at)
            self.now = max(self.now, timer.at)
            self.timers.remove(timer)
            timer.call()
        self.now = end


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> ClockLoop:
    clock = ClockLoop()
    monkeypatch.setattr(module, "get_running_loop", lambda: clock)
    return clock


def test_a_short_wait_is_late_by_a_thousandth_at_most_however_many_there_are(loop: ClockLoop) -> None:
    due: list[float] = []
    deadlines: Deadlines[int] = Deadlines(0.2, lambda item: due.append(loop.now))
    for item in range(100):
        deadlines.add(item)
        loop.advance(0.0001)
    loop.advance(1)
    late = [at - (100.2 + item * 0.0001) for item, at in enumerate(due)]
    assert len(late) == 100
    assert all(-1e-9 <= each <= 0.0002 + 1e-9 for each in late)


def test_each_item_falls_due_once_after_the_delay(loop: ClockLoop) -> None:
    due: list[tuple[str, float]] = []
    deadlines: Deadlines[str] = Deadlines(10, lambda item: due.append((item, loop.now)))
    deadlines.add("a")
    loop.advance(4)
    deadlines.add("b")
    loop.advance(100)
    assert due == [("a", 110.0), ("b", 114.0)]
    assert not loop.pending


def test_any_number_of_items_shares_one_timer(loop: ClockLoop) -> None:
    deadlines: Deadlines[int] = Deadlines(10, lambda item: None)
    for item in range(1_000):
        deadlines.add(item)
        loop.advance(0.001)
    assert len(loop.pending) == 1


def test_items_that_fall_due_close_together_are_handled_together_and_hardly_late(loop: ClockLoop) -> None:
    due: list[float] = []
    deadlines: Deadlines[int] = Deadlines(20, lambda item: due.append(loop.now))
    for item in range(200):
        deadlines.add(item)
        loop.advance(0.001)
    loop.advance(100)
    assert len(due) == 200
    assert len(set(due)) <= 12
    assert all(0 <= at - (120 + item * 0.001) <= module.TICK_S + 1e-6 for item, at in enumerate(due))


def test_an_item_that_is_added_again_waits_anew(loop: ClockLoop) -> None:
    due: list[float] = []
    deadlines: Deadlines[str] = Deadlines(10, lambda item: due.append(loop.now))
    deadlines.add("a")
    loop.advance(9)
    deadlines.add("a")
    loop.advance(9)
    assert not due
    loop.advance(1)
    assert due == [119.0]


def test_a_discarded_item_never_falls_due_and_the_timer_of_the_last_one_is_not_set_again(loop: ClockLoop) -> None:
    due: list[str] = []
    deadlines: Deadlines[str] = Deadlines(10, due.append)
    deadlines.add("a")
    assert deadlines.discard("a")
    assert not deadlines.discard("a")
    loop.advance(10)
    assert not loop.pending
    loop.advance(50)
    assert not due


def test_items_that_come_and_go_one_by_one_share_a_timer_and_wait_their_whole_time(loop: ClockLoop) -> None:
    due: list[float] = []
    deadlines: Deadlines[int] = Deadlines(10, lambda item: due.append(loop.now))
    for item in range(3):
        deadlines.add(item)
        deadlines.discard(item)
        loop.advance(2)
    deadlines.add(3)
    assert len(loop.timers) == 1
    loop.advance(9)
    assert not due
    loop.advance(1)
    assert due == [116.0]


def test_an_item_may_discard_another_that_is_due_at_the_same_moment(loop: ClockLoop) -> None:
    due: list[str] = []

    def on_due(item: str) -> None:
        due.append(item)
        deadlines.discard("b")

    deadlines: Deadlines[str] = Deadlines(10, on_due)
    deadlines.add("a")
    deadlines.add("b")
    loop.advance(20)
    assert due == ["a"]
    assert not loop.pending


def test_an_item_may_add_itself_again(loop: ClockLoop) -> None:
    due: list[float] = []

    def on_due(item: str) -> None:
        due.append(loop.now)
        if len(due) < 3:
            deadlines.add(item)

    deadlines: Deadlines[str] = Deadlines(10, on_due)
    deadlines.add("a")
    loop.advance(100)
    assert due == [110.0, 120.0, 130.0]
    assert not loop.pending


def test_an_error_of_one_item_does_not_stop_the_clock(loop: ClockLoop) -> None:
    due: list[str] = []

    def on_due(item: str) -> None:
        if item == "bad":
            raise RuntimeError
        due.append(item)

    deadlines: Deadlines[str] = Deadlines(10, on_due)
    deadlines.add("bad")
    deadlines.add("good")
    with pytest.raises(RuntimeError):
        loop.advance(20)
    loop.advance(20)
    assert due == ["good"]


async def test_waiting_for_empty_ends_with_the_last_item_or_with_its_patience() -> None:
    deadlines: Deadlines[str] = Deadlines(60, lambda item: None)
    await deadlines.until_empty(1)
    deadlines.add("a")
    waiting = asyncio.create_task(deadlines.until_empty(5))
    await asyncio.sleep(0)
    assert not waiting.done()
    deadlines.discard("a")
    await waiting
    deadlines.add("b")
    await deadlines.until_empty(0.01)
    assert "b" in deadlines
    deadlines.clear()
