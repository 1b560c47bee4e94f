"""Who runs a room, and what it is made of, in a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from rooms.records import Tombstone
from storage.redis.keeper import BORN, DONE, KEPT_AFTER_S, NOT_MINE, NOT_THERE, Found, Keeper, pack
from storage.redis.pipeline import RedisPipeline
from tests.support.pace import PACE
from tests.support.redis import RedisServer, start_redis

FIELDS = {"room": ["epoch"], "n": [1, 2], "e:1": ["M", "hello"]}


@pytest_asyncio.fixture
async def keeper(redis_server: RedisServer) -> AsyncIterator[Keeper]:
    pipeline = RedisPipeline(redis_server.url)
    kept = Keeper(pipeline)
    await pipeline.open()
    await kept.ask("FLUSHALL")
    yield kept
    await pipeline.close()


def later(seconds: float = 60.0) -> float:
    return time.time() + seconds


async def write(
    keeper: Keeper, owner: str, fence: str, put: dict[str, Any], drop: tuple[str, ...] = (), room: str = "r"
) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    packed = {name: pack(value) for name, value in put.items()}
    keeper.write(room, owner, fence, packed, drop, None, done.set_result)
    return await done


async def add(keeper: Keeper, fence: str, put: dict[str, Any], drop: tuple[str, ...] = ()) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    keeper.add("r", fence, [part for name, value in put.items() for part in (name, pack(value))], drop, done.set_result)
    return await done


async def end(keeper: Keeper, owner: str, fence: str) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    keeper.end("r", owner, fence, Tombstone("r", "room-ended", time.time(), later()), done.set_result)
    return await done


async def claimed(keeper: Keeper, owner: str) -> tuple[str, dict[str, Any]]:
    claim = await keeper.claim("r", await keeper.look("r"), owner)
    assert claim is not None
    return claim


async def test_a_room_is_made_once(keeper: Keeper) -> None:
    assert await keeper.create("r", "a#1", FIELDS, later())
    assert not await keeper.create("r", "b#1", FIELDS, later())
    assert await keeper.look("r") == Found("a#1", "1", None)


async def test_its_maker_may_make_it_anew_where_it_never_learnt_that_it_had(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS | {"e:2": ["X"]}, later())
    assert await keeper.create("r", "a#1", FIELDS, later())
    assert (await claimed(keeper, "a#2"))[1] == FIELDS


async def test_nobody_runs_what_is_not_there(keeper: Keeper) -> None:
    assert await keeper.look("r") == Found(None, "", None)
    assert await keeper.claim("r", Found("a#1", "1", None), "b#1") is None


async def test_who_claims_gets_all_fields_and_a_higher_fence(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    assert await claimed(keeper, "b#1") == ("2", FIELDS)
    assert await keeper.look("r") == Found("b#1", "2", None)


async def test_of_many_who_claim_at_once_one_does(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    seen = await keeper.look("r")
    claims = await asyncio.gather(*(keeper.claim("r", seen, f"n{n}#1") for n in range(50)))
    assert sum(claim is not None for claim in claims) == 1


async def test_the_owner_puts_and_drops_fields(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    assert await write(keeper, "a#1", "1", {"n": [2], "e:2": ["M"]}, ("e:1",)) == DONE
    assert (await claimed(keeper, "b#1"))[1] == {"room": ["epoch"], "n": [2], "e:2": ["M"]}


async def test_messages_are_added_by_the_owner_alone(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    assert await add(keeper, "1", {"n": [2], "e:2": ["M"]}, ("e:1",)) == DONE
    assert (await claimed(keeper, "b#1"))[1] == {"room": ["epoch"], "n": [2], "e:2": ["M"]}
    assert await add(keeper, "1", {"n": ["zombie"], "e:3": ["a planted word"]}, ("e:2",)) == NOT_MINE
    assert await add(keeper, "2", {"n": [3], "e:3": ["M"]}) == DONE
    assert (await claimed(keeper, "c#1"))[1] == {"room": ["epoch"], "n": [3], "e:2": ["M"], "e:3": ["M"]}


async def test_what_is_added_late_brings_no_room_back(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    await end(keeper, "a#1", "1")
    assert await add(keeper, "1", {"n": [2], "e:2": ["a planted word"]}) == NOT_MINE
    await keeper.ask("FLUSHALL")  # as where Redis comes back empty
    assert await add(keeper, "1", {"n": [2], "e:2": ["a planted word"]}) == NOT_THERE
    assert await keeper.ask("KEYS", "*") == []


async def test_thousands_of_fields_are_one_step(keeper: Keeper) -> None:
    many = {f"e:{n}": ["M", n] for n in range(9_001)}
    await keeper.create("r", "a#1", many, later())
    assert (await claimed(keeper, "b#1"))[1] == many
    assert await write(keeper, "b#1", "2", {"n": [1], **many}, ()) == DONE
    assert await write(keeper, "b#1", "2", {}, tuple(many)) == DONE
    assert (await claimed(keeper, "c#1"))[1] == {"n": [1]}


async def test_who_lost_a_room_changes_nothing(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    await claimed(keeper, "b#1")
    assert await write(keeper, "a#1", "1", {"n": ["zombie"]}) == NOT_MINE
    assert await write(keeper, "b#1", "1", {"n": ["late"]}) == NOT_MINE
    assert await end(keeper, "a#1", "1") == NOT_MINE
    assert not await keeper.hand_over("r", "a#1", "1", "c#1")
    assert await claimed(keeper, "c#1") == ("3", FIELDS)


async def test_a_late_write_brings_no_room_back(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    assert await end(keeper, "a#1", "1") == DONE
    assert await write(keeper, "a#1", "1", {"n": [9]}) == NOT_THERE
    assert await keeper.ask("EXISTS", "mf:{r}:o") == 0


async def test_an_ended_room_leaves_a_tombstone_and_its_id_is_taken(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    await end(keeper, "a#1", "1")
    found = await keeper.look("r")
    assert found.owner is None
    assert found.tombstone is not None
    assert found.tombstone.reason == "room-ended"
    assert not await keeper.create("r", "b#1", FIELDS, later())


async def test_a_room_that_was_handed_over_is_claimed_at_once(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later())
    assert await keeper.hand_over("r", "a#1", "1")
    assert (await keeper.look("r")).owner == ""
    assert await write(keeper, "a#1", "1", {"n": [9]}) == NOT_MINE
    assert await claimed(keeper, "b#1") == ("2", FIELDS)


async def test_keys_go_after_the_end_of_their_room(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS, later(100))
    assert 0 < await keeper.ask("PTTL", "mf:{r}:st:1") <= (100 + KEPT_AFTER_S) * 1000
    await end(keeper, "a#1", "1")
    assert 0 < await keeper.ask("PTTL", "mf:{r}:x") <= 60_000


async def test_what_is_dropped_is_nowhere_any_more(keeper: Keeper) -> None:
    await keeper.create("r", "a#1", FIELDS | {"e:1": ["M", "a planted word"]}, later())
    await write(keeper, "a#1", "1", {}, ("e:1",))
    for key in await keeper.ask("KEYS", "*"):
        assert b"a planted word" not in (await keeper.ask("DUMP", key) or b"")


async def test_scripts_that_redis_forgot_are_sent_again(keeper: Keeper) -> None:
    await keeper.ask("SCRIPT", "FLUSH")
    assert await keeper.create("r", "a#1", FIELDS, later())


async def test_data_is_named_anew_where_a_replica_goes_on_with_it() -> None:
    first, second = start_redis(), start_redis()
    one, other = Keeper(RedisPipeline(first.url)), Keeper(RedisPipeline(second.url))
    try:
        await asyncio.gather(one.pipeline.open(), other.pipeline.open())
        names = iter("abc")
        born = await one.born(lambda: next(names))
        assert await one.born(lambda: next(names)) == born, "it is still the same Redis"
        assert not (await one.look("r")).young, "there was nothing before"
        await other.ask("REPLICAOF", "127.0.0.1", first.port)
        async with asyncio.timeout(10 * PACE):
            while await other.ask("GET", BORN) != born:
                await asyncio.sleep(0.05)
        await other.ask("REPLICAOF", "NO", "ONE")
        later = await other.born(lambda: next(names))
        assert later != born
        assert (await other.look("r")).young, "whoever runs a room has the time to write it anew"
        assert await other.born(lambda: next(names)) == later
    finally:
        await one.pipeline.close()
        await other.pipeline.close()
        first.close()
        second.close()


async def test_a_room_that_had_ended_is_ended_again_unless_somebody_had_it_later(keeper: Keeper) -> None:
    stone = Tombstone("r", "room-ended", time.time(), later())

    async def bury(fence: str) -> Any:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        keeper.bury(stone, fence, done.set_result)
        return await done

    await keeper.create("r", "a#1", FIELDS, later(), fence="3")
    assert await bury("2") == NOT_MINE
    assert await bury("3") == DONE
    found = await keeper.look("r")
    assert (found.owner, found.tombstone) == (None, stone)
    assert await add(keeper, "3", {"n": [9]}) == NOT_MINE
    assert await bury("3") == DONE
