"""Nodes that find each other through a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms.directory import Directory
from rooms.model import RoomOptions
from rooms.runtime import Runtime
from server.clocks import Clocks
from server.cluster import redis_rooms
from server.cluster.gate import Gate
from server.cluster.redis_rooms import RedisRooms
from server.security.base32 import random_base32
from storage.redis.keeper import YOUNG
from tests.support.redis import RedisServer


@pytest_asyncio.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[tuple[RedisRooms, RedisRooms]]:
    made = [
        RedisRooms(
            redis_server.url, name, Directory(Runtime(30.0, 300.0), tombstone_ttl_s=60), Clocks(), random_base32, Gate()
        )
        for name in ("one", "other")
    ]
    yield made[0], made[1]
    for node in made:
        await node.close()


async def test_a_node_that_has_just_come_is_found_however_recently_somebody_looked(
    pair: tuple[RedisRooms, RedisRooms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_rooms, "LOOK_S", 60.0)  # nobody looks by themselves
    one, other = pair
    await one.start()
    monkeypatch.setattr(redis_rooms, "LOOK_AGAIN_S", 0.5)  # this machine may be busy
    await one.look_again()
    await other.start()
    # A request names a session of the other node: it is to be answered there, and not as one of nobody.
    await asyncio.gather(*(one.look_again() for _ in range(100)))
    assert other.me in one.nodes()


async def looks(node: RedisRooms) -> int:
    """How often Redis was asked who is there."""
    told = (await node.keeper.ask("INFO", "commandstats")).decode()
    return int(told.partition("cmdstat_smembers:calls=")[2].partition(",")[0] or 0)


async def test_many_who_ask_at_once_are_one_look(pair: tuple[RedisRooms, RedisRooms]) -> None:
    one, _ = pair
    await one.start()
    before = await looks(one)
    await asyncio.gather(*(one.look_again() for _ in range(100)))
    assert await looks(one) - before <= 5, "one, and those that are made by themselves"


async def test_a_room_that_is_about_to_be_handed_over_is_here_no_more(pair: tuple[RedisRooms, RedisRooms]) -> None:
    one, _ = pair
    await one.start()
    room = one._directory.create("a-room", "epoch", "key", RoomOptions(8, 3_600), 1_000.0)
    await one.create(room)
    assert one.is_here(room.id)
    # Whoever asks from now on has to find it elsewhere: here its people hold no seat any more.
    here: list[bool] = []
    one.on_moved(lambda room_id: here.append(one.is_here(room_id)))
    await one.hand_over()
    assert here == [False]


async def reads(node: RedisRooms) -> int:
    """How often Redis has read from a connection."""
    told = (await node.keeper.ask("INFO", "stats")).decode()
    return int(told.partition("total_reads_processed:")[2].partition("\r")[0])


async def test_rooms_are_handed_over_all_at_once(pair: tuple[RedisRooms, RedisRooms]) -> None:
    """Else the last of many waits for a round trip for each of the others, and nobody is answered in it meanwhile."""
    one, _ = pair
    await one.start()
    for number in range(200):
        room = one._directory.create(f"room{number}", "epoch", "key", RoomOptions(8, 3_600), Clocks().now())
        await one.create(room)
    before = await reads(one)
    await one.hand_over()
    assert await reads(one) - before < 40
    owners = await asyncio.gather(*(one.keeper.look(f"room{number}") for number in range(200)))
    assert {found.owner for found in owners} == {""}


async def test_nobody_is_taken_for_dead_because_redis_has_lost_its_data(
    pair: tuple[RedisRooms, RedisRooms], redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where it comes back empty, or with a copy: one node looks who is there before the other has come back."""
    one, other = pair
    await one.start()
    await other.start()
    await one._look()
    assert other.me in one.nodes()
    gone: list[str] = []
    one.on_node_gone(gone.append)
    monkeypatch.setattr(redis_rooms, "BEAT_S", 1.0)  # the other's way to Redis is slower
    await one.keeper.ask("FLUSHALL")
    await one.keeper.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await one._look_at_data()
    for _ in range(3):
        await one._look()
    assert (gone, one._alone) == ([], False)
    assert other.me in one.nodes(), "it is looked for, and asked, as before"
    monkeypatch.setattr(redis_rooms.RedisRooms, "returning", False)
    for _ in range(3):
        await one._look()
    assert gone == [other.me] or other.me in one.nodes()


async def test_a_node_that_was_alone_is_so_when_redis_has_just_come_back(pair: tuple[RedisRooms, RedisRooms]) -> None:
    one, other = pair
    await one.start()
    await one._look()
    assert one._alone
    one._back()
    assert one.returning
    await one._look()
    assert one._alone, "should Redis go again at once, it goes on"
    await other.start()
    await one._look()
    assert not one._alone, "it may not be the only one any more"


async def test_while_there_is_no_way_to_redis_whoever_is_not_in_it_may_return(
    pair: tuple[RedisRooms, RedisRooms], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair
    await one.start()
    assert not one.returning
    monkeypatch.setattr(type(one.pipeline), "up", False)
    assert one.returning
    monkeypatch.undo()
    one.expect_returns()
    assert one.returning, "by the word of another connection"


async def test_the_rooms_of_a_dead_node_are_not_forgotten_while_the_data_is_young(
    pair: tuple[RedisRooms, RedisRooms],
) -> None:
    one, other = pair
    await one.start()
    room = one._directory.create("a-room", "epoch", "key", RoomOptions(8, 3_600), Clocks().now())
    await one.create(room)
    for task in list(one._tasks):
        task.cancel()
    await one.keeper.ask("DEL", f"mf:n:{one.me}")
    await other.start()
    await other.keeper.ask("SET", YOUNG, "", "PX", 60_000)
    await other._walk(one.me)
    assert await other.keeper.ask("SMEMBERS", f"mf:nr:{one.me}") == [b"a-room"], "it is for the next look"
    await other.keeper.ask("DEL", YOUNG)
    await other._walk(one.me)
    assert other.is_here("a-room")
    assert await other.keeper.ask("SMEMBERS", f"mf:nr:{one.me}") == []
