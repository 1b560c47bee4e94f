"""Fair turns: little by little, in order, and a loop turn never lasts."""

from __future__ import annotations

import asyncio
import time

import pytest

from server.transport.engineio import turns as subject
from server.transport.engineio.turns import STEPS_PER_TURN, Turns


async def test_who_comes_alone_goes_on_at_once() -> None:
    turns = Turns()
    assert turns.take()
    await asyncio.wait_for(turns.mine(), 1)
    assert len(turns) == 0


async def test_so_many_in_one_loop_turn_and_again_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "TURN_S", 60.0)
    turns = Turns()
    assert [turns.take() for _ in range(STEPS_PER_TURN + 2)] == [True] * STEPS_PER_TURN + [False] * 2
    await asyncio.sleep(0)
    assert turns.take()


async def test_nobody_passes_those_who_stand_in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "TURN_S", 60.0)
    turns, order = Turns(), []
    turns.stand_in_line(lambda: order.append("first"))
    assert not turns.take()
    turns.stand_in_line(lambda: order.append("second"))
    await asyncio.sleep(0)
    assert order == ["first", "second"]


async def test_a_loop_turn_ends_in_time_and_the_rest_goes_on_in_later_ones() -> None:
    turns, done = Turns(), []

    def slow(number: int) -> None:
        time.sleep(subject.TURN_S / 2)
        done.append(number)

    for number in range(9):
        turns.stand_in_line(lambda number=number: slow(number))  # type: ignore[misc]
    longest = 0
    while len(done) < 9:
        before = len(done)
        await asyncio.sleep(0)
        longest = max(longest, len(done) - before)
    assert done == list(range(9))
    assert longest <= 2


async def test_who_stands_in_line_again_waits_for_the_others_first() -> None:
    turns, order = Turns(), []

    def flood() -> None:
        order.append("flood")
        if len(order) < 8:
            turns.stand_in_line(flood)

    turns.stand_in_line(flood)
    turns.stand_in_line(lambda: order.append("polite"))
    while len(turns):
        await asyncio.sleep(0)
    assert order[:2] == ["flood", "polite"]
    assert order.count("flood") == 7


async def test_one_that_fails_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    turns, order = Turns(), []
    turns.stand_in_line(lambda: 1 / 0)
    turns.stand_in_line(lambda: order.append("next"))
    while len(turns):  # to write the complaint may take as long as a turn lasts
        await asyncio.sleep(0)
    assert order == ["next"]
    assert "ZeroDivisionError" in caplog.text


async def test_tasks_wait_in_order_and_one_that_is_cancelled_is_passed_over() -> None:
    turns, order = Turns(), []

    async def work(name: str) -> None:
        await turns.mine()
        order.append(name)

    for _ in range(STEPS_PER_TURN):
        turns.stand_in_line(lambda: None)
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["a", "c"]
