"""Inboxes of nodes, against a real Redis: in order, across a reconnect, bounded, and erased."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from storage.redis import inboxes
from storage.redis.inboxes import GROUP, INBOX_TTL_S, Posted, RedisInboxes, key_of
from storage.redis.pipeline import RedisPipeline
from tests.support.pace import PACE
from tests.support.redis import RedisServer, start_redis

LIMIT_S = 15 * PACE


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may pause, kill and restart."""
    server = start_redis()
    yield server
    server.close()


class Node:
    """One inbox, and all that has come into it."""

    def __init__(self, inbox: RedisInboxes) -> None:
        self.inbox = inbox
        self.came: list[bytes] = []
        self._arrived = asyncio.Event()

    def take(self, batch: bytes) -> None:
        self.came.append(batch)
        self._arrived.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while len(self.came) < count:
                self._arrived.clear()
                await self._arrived.wait()


async def opened(url: str, name: str) -> Node:
    node = Node(RedisInboxes(url))
    await node.inbox.open(name, node.take)
    return node


async def post(node: Node, to: str, batch: bytes) -> Posted:
    future: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
    node.inbox.post(to, batch, future.set_result)
    async with asyncio.timeout(LIMIT_S):
        return await future


@pytest_asyncio.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[tuple[Node, Node]]:
    one, other = await opened(redis_server.url, "one#1"), await opened(redis_server.url, "other#1")
    yield one, other
    await one.inbox.close()
    await other.inbox.close()


@pytest_asyncio.fixture
async def pipeline(redis_server: RedisServer) -> AsyncIterator[RedisPipeline]:
    opened = RedisPipeline(redis_server.url)
    await opened.open()
    yield opened
    await opened.close()


async def test_batches_come_in_order_and_once(pair: tuple[Node, Node]) -> None:
    one, other = pair
    posted = await asyncio.gather(*(post(one, "other#1", b"%d" % number) for number in range(2_000)))
    assert set(posted) == {Posted.TAKEN}
    await other.until(2_000)
    assert other.came == [b"%d" % number for number in range(2_000)]


async def test_nobody_is_there_where_there_is_no_inbox(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    assert await post(pair[0], "nobody#1", b"hello") is Posted.NOBODY
    assert await pipeline.send("EXISTS", key_of("nobody#1")) == 0, "and none was made"


async def test_what_was_read_is_in_redis_no_more(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    one, other = pair
    await post(one, "other#1", b"a word that nobody keeps")
    await other.until(1)
    async with asyncio.timeout(LIMIT_S):
        while await pipeline.send("XLEN", key_of("other#1")):
            await asyncio.sleep(0)
    assert b"nobody keeps" not in await pipeline.send("DUMP", key_of("other#1"))


async def test_an_inbox_expires_unless_its_node_comes_for_it(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    left_ms = await pipeline.send("PTTL", key_of("other#1"))
    assert 0 < left_ms <= INBOX_TTL_S * 1000


async def test_the_inbox_of_a_dead_node_is_erased(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    await pipeline.send("XADD", key_of("dead#1"), "*", "b", "what it never read")
    pair[0].inbox.erase("dead#1")
    assert await post(pair[0], "dead#1", b"more") is Posted.NOBODY
    assert await pipeline.send("EXISTS", key_of("dead#1")) == 0


async def test_an_inbox_that_nobody_reads_is_bounded(
    pair: tuple[Node, Node], pipeline: RedisPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "MAX_ENTRIES", 300)
    await pipeline.send("XGROUP", "CREATE", key_of("slow#1"), "made", "$", "MKSTREAM")
    await asyncio.gather(*(post(pair[0], "slow#1", b"x") for _ in range(1_000)))
    kept = await pipeline.send("XLEN", key_of("slow#1"))
    await pipeline.send("UNLINK", key_of("slow#1"))
    assert kept <= inboxes.MAX_ENTRIES + 100, "Redis trims a node of its own at a time"


async def test_another_name_is_another_inbox(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    one, other = pair
    await other.inbox.rename("other#2")
    assert await post(one, "other#1", b"to the old") is Posted.NOBODY
    assert await post(one, "other#2", b"to the new") is Posted.TAKEN
    await other.until(1)
    assert other.came == [b"to the new"]


async def until_taken(node: Node, to: str, batch: bytes) -> None:
    async with asyncio.timeout(LIMIT_S):
        while await post(node, to, batch) is not Posted.TAKEN:
            await asyncio.sleep(0.01)


async def test_another_name_that_is_taken_while_redis_is_away_has_an_inbox_once_it_is_back(
    own_redis: RedisServer,
) -> None:
    one, other = await opened(own_redis.url, "one#1"), await opened(own_redis.url, "other#1")
    await asyncio.to_thread(own_redis.kill)
    await other.inbox.rename("other#2")
    await asyncio.to_thread(own_redis.start)
    await until_taken(one, "other#2", b"to the new")
    await other.until(1)
    assert other.came == [b"to the new"]
    await one.inbox.close()
    await other.inbox.close()


async def test_another_name_that_is_taken_while_redis_is_full_has_an_inbox_once_it_is_not(
    pair: tuple[Node, Node], pipeline: RedisPipeline
) -> None:
    one, other = pair
    await pipeline.send("CONFIG", "SET", "maxmemory", 1)
    await other.inbox.rename("other#2")
    await pipeline.send("CONFIG", "SET", "maxmemory", 0)
    await until_taken(one, "other#2", b"to the new")
    await other.until(1)
    assert other.came == [b"to the new"]


async def test_nothing_is_lost_where_a_connection_breaks(pair: tuple[Node, Node], pipeline: RedisPipeline) -> None:
    one, other = pair
    for number in range(20):
        assert await post(one, "other#1", b"%d" % number) is Posted.TAKEN
        if number % 5 == 0:
            listed = (await pipeline.send("CLIENT", "LIST")).decode().splitlines()
            for line in listed:
                if "name=mayfly-in " in line:
                    await pipeline.send("CLIENT", "KILL", "ID", line.partition("id=")[2].partition(" ")[0])
    await other.until(20)
    assert other.came == [b"%d" % number for number in range(20)]


async def test_after_redis_was_killed_and_came_back_empty_batches_come_again(own_redis: RedisServer) -> None:
    one, other = await opened(own_redis.url, "one#1"), await opened(own_redis.url, "other#1")
    up = asyncio.Event()
    one.inbox.on_up = up.set
    await asyncio.to_thread(own_redis.kill)
    assert await post(one, "other#1", b"lost") is Posted.UNKNOWN
    await asyncio.to_thread(own_redis.start)
    async with asyncio.timeout(LIMIT_S):
        await up.wait()
        while await post(one, "other#1", b"again") is not Posted.TAKEN:
            await asyncio.sleep(0.01)
    await other.until(1)
    assert other.came == [b"again"]
    await one.inbox.close()
    await other.inbox.close()


async def test_a_process_that_slept_longer_than_its_inbox_makes_a_new_one(
    pair: tuple[Node, Node], pipeline: RedisPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    monkeypatch.setattr(inboxes, "RENEW_S", 0.0)
    await pipeline.send("UNLINK", key_of("other#1"))
    began = time.monotonic()
    while await post(one, "other#1", b"again") is not Posted.TAKEN:
        assert time.monotonic() - began < LIMIT_S
        await asyncio.sleep(0.01)
    await other.until(1)
    assert other.came == [b"again"]


async def test_an_earlier_copy_whose_ids_are_lower_is_read(own_redis: RedisServer) -> None:
    """A replica goes on whose clock is behind: what it is sent has lower ids than what was read of its primary."""
    one, other = await opened(own_redis.url, "one#1"), await opened(own_redis.url, "other#1")
    try:
        hour_ms = 3_600_000
        ahead = f"{int(time.time() * 1_000) + hour_ms}-0"
        await one.inbox._writer.send("XADD", key_of("other#1"), ahead, "b", b"before")
        await other.until(1)
        await one.inbox._writer.send("UNLINK", key_of("other#1"))
        await one.inbox._writer.send("XGROUP", "CREATE", key_of("other#1"), GROUP, "$", "MKSTREAM")
        await one.inbox._writer.send("XADD", key_of("other#1"), "*", "b", b"of the copy")
        listed = (await one.inbox._writer.send("CLIENT", "LIST")).decode().splitlines()
        for line in (one_line for one_line in listed if "name=mayfly-in " in one_line):
            await one.inbox._writer.send("CLIENT", "KILL", "ID", line.partition("id=")[2].partition(" ")[0])
        await other.until(2)
        assert other.came == [b"before", b"of the copy"]
    finally:
        for node in (one, other):
            await node.inbox.close()
