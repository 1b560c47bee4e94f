"""The queue of one address: in order for each room, again until it is taken, bounded, and nobody waits for it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from server.outbound import hook_queue
from server.outbound.hook_queue import AT_ONCE, FAILURES_TO_TELL, KEPT_S, MAX_QUEUED, Gone, Hook, HookQueue, NotTaken
from tests.support.pace import PACE


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Address:
    """What is posted, and whether it is taken."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.tried: list[str] = []
        self.under_way = self.most = 0
        self.fails: set[str] = set()
        self.down = self.gone = False
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, hook: Hook) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.open.wait()
            self.tried.append(hook.id)
            if self.gone:
                raise Gone
            if self.down or hook.id in self.fails:
                raise NotTaken("status 500")
            self.taken.append(hook.id)
        finally:
            self.under_way -= 1


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_queue, "RETRY_FIRST_S", 0.005)
    monkeypatch.setattr(hook_queue, "RETRY_LONGEST_S", 0.02)


async def until(queue: HookQueue, waiting: int = 0) -> None:
    async with asyncio.timeout(5 * PACE):
        while queue.waiting != waiting:
            await asyncio.sleep(0.001)


def hook(name: str) -> Hook:
    return Hook(name, name[0], b"{}")


async def test_each_room_in_its_order_whatever_fails_meanwhile() -> None:
    address = Address()
    queue = HookQueue(address, "x")
    address.fails = {"a1"}
    for name in ("a1", "b1", "a2", "b2", "a3"):
        queue.put(hook(name))
    await until(queue, 3)
    assert address.taken == ["b1", "b2"], "one room does not wait for another"
    address.fails.clear()
    await until(queue)
    assert [name for name in address.taken if name[0] == "a"] == ["a1", "a2", "a3"]
    assert (queue.sent, queue.dropped, await queue.close(1)) == (5, 0, 0)
    assert queue.failed >= 1


async def test_after_an_outage_all_arrives_once_and_in_order() -> None:
    address = Address()
    queue = HookQueue(address, "x")
    address.down = True
    names = [f"{room}{number:03}" for number in range(30) for room in "abcdefghij"]
    for name in names:
        queue.put(hook(name))
    await asyncio.sleep(0.05)
    assert address.taken == []
    address.down = False
    await until(queue)
    assert sorted(address.taken) == sorted(names)
    for room in "abcdefghij":
        assert [name for name in address.taken if name[0] == room] == sorted(n for n in names if n[0] == room)


async def test_what_waits_is_tried_as_soon_as_the_address_takes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_queue, "RETRY_FIRST_S", 3_600.0)
    monkeypatch.setattr(hook_queue, "RETRY_LONGEST_S", 3_600.0)
    address = Address()
    queue = HookQueue(address, "x")
    address.down = True
    for room in "abc":
        queue.put(hook(f"{room}1"))
    async with asyncio.timeout(5 * PACE):
        while len(address.tried) < FAILURES_TO_TELL:
            await asyncio.sleep(0.001)
    address.down = False
    queue.put(hook("d1"))
    await until(queue)
    assert sorted(address.taken) == ["a1", "b1", "c1", "d1"]


async def test_only_so_many_requests_are_under_way() -> None:
    address = Address()
    address.open.clear()
    queue = HookQueue(address, "x")
    for number in range(3 * AT_ONCE):
        queue.put(Hook(str(number), str(number), b"{}"))
    await asyncio.sleep(0.01)
    assert address.most == AT_ONCE
    address.open.set()
    await until(queue)


async def test_the_queue_is_bounded_and_what_does_not_fit_is_counted() -> None:
    address = Address()
    address.open.clear()
    queue = HookQueue(address, "x")
    for number in range(MAX_QUEUED + 7):
        queue.put(Hook(str(number), "room", b"{}"))
    assert (queue.waiting, queue.dropped) == (MAX_QUEUED, 7)
    assert await queue.close(0.01) == MAX_QUEUED


async def test_what_is_never_taken_makes_way_after_a_day() -> None:
    time, address = Time(), Address()
    queue = HookQueue(address, "x", clock=time)
    address.fails = {"a1"}
    queue.put(Hook("a1", "a", b"{}", queued_at=0.0))
    queue.put(Hook("a2", "a", b"{}", queued_at=KEPT_S))
    await asyncio.sleep(0.02)
    assert address.taken == []
    time.now = KEPT_S + 1
    await until(queue)
    assert (address.taken, queue.dropped) == (["a2"], 1)


async def test_an_address_that_is_gone_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    address = Address()
    queue = HookQueue(address, "x")
    address.gone = True
    for number in range(5):
        queue.put(hook(f"a{number}"))
    await until(queue)
    queue.put(hook("b1"))
    assert address.tried == ["a0"]
    assert (queue.dropped, queue.waiting) == (6, 0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_an_outage_is_told_in_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    address = Address()
    queue = HookQueue(address, "address 1 (example.com)")
    address.down = True
    queue.put(hook("a1"))
    async with asyncio.timeout(5 * PACE):
        while queue.failed < 20:
            await asyncio.sleep(0.001)
    address.down = False
    await until(queue)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all("address 1 (example.com)" in line for line in lines)


async def test_what_is_left_is_tried_once_more_at_the_end_and_then_counted() -> None:
    address = Address()
    queue = HookQueue(address, "x")
    address.down = True
    for name in ("a1", "a2", "b1"):
        queue.put(hook(name))
    await asyncio.sleep(0.01)
    assert await queue.close(0.05) == 3
    queue = HookQueue(address, "x")
    queue.put(hook("a1"))
    await asyncio.sleep(0.01)
    address.down = False
    assert await queue.close(5) == 0
