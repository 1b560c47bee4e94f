"""The pipeline of commands to Redis, against a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from storage.redis.address import address_of
from storage.redis.pipeline import MAX_IN_FLIGHT, RedisGone, RedisPipeline, RedisRefused
from tests.support.pace import PACE
from tests.support.processes import free_port
from tests.support.redis import RedisServer, ask

LIMIT_S = 15 * PACE


@pytest_asyncio.fixture
async def pipeline(redis_server: RedisServer) -> AsyncIterator[RedisPipeline]:
    opened = RedisPipeline(redis_server.url)
    await opened.open()
    await opened.send("FLUSHALL")
    yield opened
    await opened.close()


async def test_replies_come_in_the_order_of_their_commands(pipeline: RedisPipeline) -> None:
    sent = [pipeline.send("INCR", "n") for _ in range(1_000)]
    assert await asyncio.gather(*sent) == list(range(1, 1_001))


async def test_the_commands_of_one_turn_leave_in_one_write(own_redis: RedisServer) -> None:
    pipeline = RedisPipeline(own_redis.url)
    await pipeline.open()
    before = await pipeline.send("INFO", "stats")
    await asyncio.gather(*(pipeline.send("PING") for _ in range(200)))
    after = await pipeline.send("INFO", "stats")

    def reads(info: bytes) -> int:
        (line,) = [line for line in info.decode().splitlines() if line.startswith("total_reads_processed")]
        return int(line.partition(":")[2])

    assert reads(after) - reads(before) <= 3
    await pipeline.close()


async def test_any_bytes_pass_unchanged(pipeline: RedisPipeline) -> None:
    value = bytes(range(256)) * 1_000
    await pipeline.send("SET", "k", value)
    assert await pipeline.send("GET", "k") == value


async def test_a_refusal_meets_its_own_command_alone(pipeline: RedisPipeline) -> None:
    fine, refused, also_fine = (
        pipeline.send("SET", "k", "v"),
        pipeline.send("LPUSH", "k", "v"),
        pipeline.send("GET", "k"),
    )
    assert await fine == b"OK"
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        await refused
    assert await also_fine == b"v"


async def test_who_waits_for_a_reply_is_told_that_the_connection_broke(own_redis: RedisServer) -> None:
    pipeline = RedisPipeline(own_redis.url)
    await pipeline.open()
    await asyncio.to_thread(own_redis.pause)
    waiting = [pipeline.send("PING") for _ in range(3)]
    await asyncio.sleep(0)
    assert pipeline.in_flight == 3
    await asyncio.to_thread(own_redis.kill)
    for one in waiting:
        with pytest.raises(RedisGone):
            await asyncio.wait_for(one, LIMIT_S)
    with pytest.raises(RedisGone):
        await pipeline.send("PING")
    await pipeline.close()


async def test_it_comes_back_by_itself_and_sends_nothing_twice(own_redis: RedisServer) -> None:
    pipeline = RedisPipeline(own_redis.url)
    came, went = asyncio.Event(), asyncio.Event()
    await pipeline.open()
    pipeline.on_up.append(came.set)
    pipeline.on_down.append(went.set)
    await asyncio.to_thread(own_redis.kill)
    await asyncio.wait_for(went.wait(), LIMIT_S)
    assert not pipeline.up
    await asyncio.to_thread(own_redis.restart)
    await asyncio.wait_for(came.wait(), LIMIT_S)
    assert await pipeline.send("INCR", "n") == 1
    await pipeline.close()


async def test_the_database_of_the_url_is_used(redis_server: RedisServer, pipeline: RedisPipeline) -> None:
    other = RedisPipeline(redis_server.url.removesuffix("/0") + "/3")
    await other.open()
    await other.send("SET", "only-there", "1")
    assert await pipeline.send("GET", "only-there") is None
    assert await other.send("GET", "only-there") == b"1"
    await other.close()


async def test_it_says_so_where_nothing_listens() -> None:
    pipeline = RedisPipeline(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(RedisGone):
        await pipeline.open(timeout_s=0.2)
    await pipeline.close()


async def test_commands_without_reply_have_a_bound(pipeline: RedisPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_IN_FLIGHT >= 10_000
    monkeypatch.setattr("storage.redis.pipeline.MAX_IN_FLIGHT", 2)
    sent = [pipeline.send("PING") for _ in range(3)]
    assert await asyncio.gather(*sent[:2]) == [b"PONG", b"PONG"]
    with pytest.raises(RedisGone):
        await sent[2]


@pytest.mark.parametrize("url", ["http://host", "redis://host/x", "redis://:secret@host:99999", "unix://"])
def test_a_url_that_makes_no_sense_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        address_of(url)
    assert "secret" not in str(refused.value)


def test_what_a_url_says() -> None:
    address = address_of("rediss://me:p%40ss@example.test:7000/2")
    assert (address.host, address.port, address.database, address.tls) == ("example.test", 7000, 2, True)
    assert address.greetings == [("AUTH", "me", "p@ss"), ("SELECT", "2")]
    assert address_of("unix:///run/redis.sock?db=4").path == "/run/redis.sock"
    assert address_of("unix:///run/redis.sock?db=4").database == 4


async def test_a_primary_that_has_become_a_replica_is_left(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connections stay open, and it answers reads: what is written has to go where the address leads by now."""
    opened, changes = RedisPipeline(own_redis.url), list[str]()
    opened.on_up.append(lambda: changes.append("up"))
    opened.on_down.append(lambda: changes.append("down"))
    await opened.open()
    try:
        ask(own_redis, "REPLICAOF", "127.0.0.1", free_port())
        with pytest.raises(RedisRefused, match="READONLY"):
            await opened.send("SET", "key", "value")
        async with asyncio.timeout(LIMIT_S):
            while changes[-1] != "up" or len(changes) < 3:
                await asyncio.sleep(0.01)
            for _ in range(3):
                while not opened.up:
                    await asyncio.sleep(0.01)
                with pytest.raises((RedisRefused, RedisGone)):
                    await opened.send("EVAL", "return redis.call('SET', KEYS[1], 'value')", 1, "key")
        assert changes.count("up") < 20, "not as fast as it can"
        assert len([one for one in caplog.records if "is a replica now" in one.getMessage()]) == 1, "it is said once"
        ask(own_redis, "REPLICAOF", "NO", "ONE")
        async with asyncio.timeout(LIMIT_S):
            while not opened.up:
                await asyncio.sleep(0.01)
            assert await opened.send("SET", "key", "value") == b"OK"
    finally:
        await opened.close()
