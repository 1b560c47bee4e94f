"""What `rooms.ports.HookStore` promises, on a real MongoDB; and the board in a real Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from rooms.ports import StoreUnavailable
from rooms.records import HookRecord
from storage.mongo import MongoHooks
from storage.redis.hooks import LEASE_MS, RedisHooks
from storage.redis.pipeline import RedisPipeline
from tests.support.mongo import find_word_everywhere
from tests.support.pace import PACE
from tests.support.redis import RedisServer

SECRET, OTHER_SECRET = "whsec_one", "whsec_other"
WORD = "plantedword"
NOW = time.time()


def hook(number: int, address: str = "a") -> HookRecord:
    body = f'{{"name":"{WORD}"}}'.encode()
    return HookRecord(address, number, f"msg_{number}", "room-of-ada", body, NOW, NOW + 86_400)


@pytest_asyncio.fixture
async def store(mongo_uri: str) -> AsyncIterator[MongoHooks]:
    kept = MongoHooks(mongo_uri, [SECRET])
    await kept.open()
    yield kept
    await kept.close()


async def test_what_is_kept_is_loaded_in_order_for_its_address_alone(store: MongoHooks) -> None:
    await store.keep([hook(3), hook(1), hook(10), hook(2, "b")])
    await store.keep([hook(2), hook(1)])  # may be repeated
    assert [one.number for one in await store.load("a", 100)] == [1, 2, 3, 10]
    assert [one.number for one in await store.load("a", 2)] == [1, 2]
    (other,) = await store.load("b", 100)
    assert replace(other, purge_at=0) == replace(hook(2, "b"), purge_at=0)
    assert other.purge_at == pytest.approx(NOW + 86_400, abs=0.01)
    await store.forget("a", ["msg_1", "msg_2", "msg_unknown"])
    await store.forget("a", ["msg_1"])
    assert [one.number for one in await store.load("a", 100)] == [3, 10]
    assert len(await store.load("b", 100)) == 1


async def test_more_than_one_read_takes(store: MongoHooks) -> None:
    await store.keep([hook(number) for number in range(700)])
    assert [one.number for one in await store.load("a", 10_000)] == list(range(700))


async def test_the_database_can_read_neither_what_is_told_nor_of_which_room(store: MongoHooks, mongo_uri: str) -> None:
    await store.keep([hook(1)])
    assert find_word_everywhere(mongo_uri, WORD) == []
    assert find_word_everywhere(mongo_uri, "room-of-ada") == []
    assert find_word_everywhere(mongo_uri, "msg_1") == ["rooms.webhooks: a/msg_1"] or find_word_everywhere(
        mongo_uri, "msg_1"
    ), "the search finds what is there"


async def test_secrets_rotate_and_under_another_one_nothing_is_read(
    store: MongoHooks, mongo_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    await store.keep([hook(1)])
    for secrets, found in (([OTHER_SECRET, SECRET], 1), ([OTHER_SECRET], 0)):
        later = MongoHooks(mongo_uri, secrets)
        await later.open()
        assert len(await later.load("a", 10)) == found
        await later.close()
    assert [one.levelno for one in caplog.records] == [logging.WARNING]


async def test_what_was_moved_to_another_place_does_not_open(store: MongoHooks, mongo_uri: str) -> None:
    await store.keep([hook(1)])
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    with client:
        hooks = client.get_default_database()["webhooks"]
        document = hooks.find_one({}) or {}
        hooks.insert_one(document | {"_id": "b/msg_1", "address": "b"})
        purged = [one for one in hooks.list_indexes() if one.get("expireAfterSeconds") == 0]
        assert [dict(one["key"]) for one in purged] == [{"purgeAt": 1}]
    assert await store.load("b", 10) == []


async def test_a_database_that_does_not_answer_is_said_so() -> None:
    store = MongoHooks("mongodb://127.0.0.1:1/x", [SECRET])
    async with asyncio.timeout(10 * PACE):
        with pytest.raises(StoreUnavailable):
            await store.open()
    await store.close()


@pytest_asyncio.fixture
async def pipeline(redis_server: RedisServer) -> AsyncIterator[RedisPipeline]:
    link = RedisPipeline(redis_server.url)
    await link.open()
    await link.send("FLUSHALL")
    yield link
    await link.close()


async def test_one_node_sends_until_its_lease_is_over(pipeline: RedisPipeline) -> None:
    board = RedisHooks(pipeline)
    assert await board.lease("one")
    assert await board.lease("one")
    assert not await board.lease("two")
    await board.release("two")
    assert not await board.lease("two"), "only who has it gives it up"
    await board.release("one")
    assert await board.lease("two")
    await asyncio.sleep(LEASE_MS / 1000 + 0.2)
    assert await board.lease("one")


async def test_the_board_keeps_order_is_bounded_and_goes_by_itself(pipeline: RedisPipeline) -> None:
    board, told = RedisHooks(pipeline), []
    for number in range(5):
        board.add(hook(number), 3, told.append)
    entries = await board.after("a", "", 2)
    assert told == [1, 1, 1, 0, 0]
    assert [one.hook for one in entries] == [replace(hook(number), number=0) for number in range(2)]
    (last,) = await board.after("a", entries[-1].place, 10)
    assert last.hook.id == "msg_2"
    await board.remove("a", [one.place for one in entries])
    assert [one.place for one in await board.after("a", "", 10)] == [last.place]
    assert await board.after("b", "", 10) == []
    assert 0 < await pipeline.send("PTTL", "mf:hooks:a") <= 86_400_000
