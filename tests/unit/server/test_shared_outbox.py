"""Webhooks of several nodes: one sends, another goes on, and what Redis has not taken is given to it in order."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rooms.records import HookRecord
from server.outbound import hook_queue, shared_outbox
from server.outbound.hook_queue import Hook, HookQueue, NotTaken
from server.outbound.shared_outbox import CLOSE_SHARED_S, READ_AT_ONCE, SENDER_S, SharedOutbox
from storage.redis.hooks import LEASE_MS, Entry
from tests.support.pace import PACE

assert SENDER_S < LEASE_MS / 1000
assert CLOSE_SHARED_S < 5


class Board:
    """What all nodes see. A node may be cut off from it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.sender = ""
        self._places = itertools.count(1)

    def seen_by(self, node: str) -> View:
        return View(self, node)

    def place(self) -> str:
        return f"{next(self._places):09}"


class View:
    def __init__(self, board: Board, node: str) -> None:
        self.board, self.node = board, node
        self.up = True
        self.loses_replies = False

    def add(self, hook: HookRecord, limit: int, told: Callable[[Any], None]) -> None:
        reply: Any = ConnectionError()
        if self.up:
            full = len(self.board.entries) >= limit
            if not full:
                place = self.board.place()
                self.board.entries[place] = Entry(place, hook)
            reply = ConnectionError() if self.loses_replies else int(not full)
        asyncio.get_running_loop().call_soon(told, reply)

    async def lease(self, node: str) -> bool:
        self._answer()
        self.board.sender = self.board.sender or node
        return self.board.sender == node

    async def release(self, node: str) -> None:
        self._answer()
        if self.board.sender == node:
            self.board.sender = ""

    async def after(self, address: str, place: str, limit: int) -> Sequence[Entry]:
        self._answer()
        return [one for one in self.board.entries.values() if one.place > place][:limit]

    async def remove(self, address: str, places: Sequence[str]) -> None:
        self._answer()
        for place in places:
            self.board.entries.pop(place, None)

    def _answer(self) -> None:
        if not self.up:
            raise ConnectionError


class Address:
    def __init__(self) -> None:
        self.down = False
        self.taken: list[str] = []
        self.by: Counter[str] = Counter()

    def of(self, node: str) -> Callable[[Hook], Any]:
        async def post(hook: Hook) -> None:
            await asyncio.sleep(0)
            if self.down:
                raise NotTaken("down")
            self.taken.append(hook.id)
            self.by[node] += 1

        return post


class Cluster:
    def __init__(self) -> None:
        self.board, self.address = Board(), Address()
        self.views: dict[str, View] = {}

    def node(self, name: str) -> SharedOutbox:
        view = self.views[name] = self.board.seen_by(name)
        return SharedOutbox({"x": HookQueue(self.address.of(name), "x")}, view, lambda: name, time.time)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_queue, "RETRY_FIRST_S", 0.005)
    monkeypatch.setattr(hook_queue, "RETRY_LONGEST_S", 0.02)
    monkeypatch.setattr(shared_outbox, "LOOK_S", 0.005)
    monkeypatch.setattr(shared_outbox, "SENDER_S", 0.05)


def hook(name: str) -> Hook:
    return Hook(name, name[0], b"{}", time.monotonic(), time.time())


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(5 * PACE):
        while not so():
            await asyncio.sleep(0.001)


async def test_one_node_sends_what_all_put_there_and_it_goes_from_there() -> None:
    cluster = Cluster()
    nodes = [cluster.node(name) for name in "mno"]
    for node in nodes:
        await node.start()
    for number in range(READ_AT_ONCE + 50):
        nodes[number % 3].put(hook(f"a{number}"))
    await until(lambda: len(cluster.address.taken) == READ_AT_ONCE + 50)
    assert cluster.address.taken == [f"a{number}" for number in range(READ_AT_ONCE + 50)]
    assert len(cluster.address.by) == 1
    await until(lambda: not cluster.board.entries)
    for node in nodes:
        await node.close()


async def test_a_node_goes_on_where_the_sender_stopped() -> None:
    cluster = Cluster()
    one, other = cluster.node("m"), cluster.node("n")
    await one.start()
    await until(lambda: cluster.board.sender == "m")
    await other.start()
    cluster.address.down = True
    for number in range(20):
        one.put(hook(f"a{number}"))
    await until(lambda: one.queues[0].waiting == 20)
    await one.close()
    cluster.address.down = False
    await until(lambda: cluster.address.taken == [f"a{number}" for number in range(20)])
    assert set(cluster.address.by) == {"n"}
    await other.close()


async def test_who_cannot_renew_its_lease_sends_nothing_and_lets_go_when_it_hears_of_another() -> None:
    cluster = Cluster()
    one = cluster.node("m")
    await one.start()
    cluster.address.down = True
    one.put(hook("a1"))
    await until(lambda: one.queues[0].failed > 1)
    cluster.views["m"].up = False
    await asyncio.sleep(0.1)  # longer than it may send
    cluster.board.sender = "n"
    cluster.address.down = False
    await asyncio.sleep(0.1)
    assert cluster.address.taken == []
    cluster.views["m"].up = True
    await until(lambda: one.queues[0].waiting == 0)
    assert (cluster.address.taken, len(cluster.board.entries)) == ([], 1), "it is the other's"
    await one.close()


async def test_what_redis_did_not_take_or_did_not_say_so_is_given_again_in_order() -> None:
    cluster = Cluster()
    one = cluster.node("m")
    await one.start()
    view = cluster.views["m"]
    one.put(hook("a1"))
    view.loses_replies = True
    one.put(hook("a2"))
    await asyncio.sleep(0)
    view.loses_replies, view.up = False, False
    one.put(hook("a3"))
    one.put(hook("a4"))
    await asyncio.sleep(0.02)
    view.up = True
    # What Redis took without saying so may be sent twice, with one id.
    await until(lambda: list(dict.fromkeys(cluster.address.taken)) == ["a1", "a2", "a3", "a4"])
    await until(lambda: not cluster.board.entries)
    await one.close()


async def test_where_all_data_went_what_was_read_is_sent_all_the_same() -> None:
    cluster = Cluster()
    one = cluster.node("m")
    await one.start()
    cluster.address.down = True
    one.put(hook("a1"))
    await until(lambda: one.queues[0].waiting == 1)
    cluster.board.entries.clear()
    cluster.board._places = itertools.count(0)
    cluster.views["m"].up = False
    await asyncio.sleep(0.02)
    cluster.views["m"].up = True
    one.put(hook("a2"))
    cluster.address.down = False
    await until(lambda: cluster.address.taken == ["a1", "a2"])
    await one.close()


async def test_what_is_full_is_counted_and_so_is_what_redis_never_took(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_outbox, "MAX_QUEUED", 3)
    cluster = Cluster()
    one = cluster.node("m")
    for number in range(5):
        one.put(hook(f"a{number}"))
    await until(lambda: one.queues[0].dropped == 2)
    assert len(cluster.board.entries) == 3
    cluster.views["m"].up = False
    for number in range(5):
        one.put(hook(f"b{number}"))
    assert one.queues[0].dropped == 4
    await one.close()
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert lines == ["Stopped with 3 webhooks unsent; 4 were dropped before."]
