"""What callers see when the real MongoDB is paused, killed, restarted or not there yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from rooms.ports import StoreUnavailable
from rooms.records import Purged
from storage.mongo import MongoStore
from tests.contract.records import NOW, bare_room, full_room, message, session, tombstone
from tests.support.mongo import Mongod
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, free_port
from tests.support.proxy import tcp_proxy

ANSWER_LIMIT_S = 3.0 * PACE
RECOVERY_LIMIT_S = 30.0 * PACE
CALLERS = 60


@pytest_asyncio.fixture
async def fragile(own_mongod: Mongod) -> AsyncIterator[MongoStore]:
    """An open store on a mongod of its own, with one room, `a`, and one message."""
    store = MongoStore(own_mongod.uri("fragile"))
    await store.open()
    await store.create_room(full_room("a"))
    await store.append_messages([message(1, "a")])
    yield store
    await store.close()


async def all_rooms(store: MongoStore) -> list[str]:
    return [room.id async for room in store.live_rooms(NOW)]


async def all_tombstones(store: MongoStore) -> list[str]:
    return [stone.room_id async for stone in store.tombstones(NOW)]


CALLS: dict[str, Callable[[MongoStore], Awaitable[object]]] = {
    "ping": lambda store: store.ping(),
    "open": lambda store: store.open(),
    "create_room": lambda store: store.create_room(bare_room("b")),
    "save_room": lambda store: store.save_room(full_room("a")),
    "end_room": lambda store: store.end_room(tombstone("a"), session("s")),
    "append_messages": lambda store: store.append_messages([message(2, "a")]),
    "messages": lambda store: store.messages("a", before=None, limit=10, now=NOW),
    "sessions": lambda store: store.sessions(limit=10, now=NOW),
    "live_rooms": all_rooms,
    "tombstones": all_tombstones,
}


async def seconds_until_unavailable(call: Awaitable[object]) -> float:
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await call
    return time.monotonic() - started


async def until_it_answers(store: MongoStore) -> None:
    async with asyncio.timeout(RECOVERY_LIMIT_S):
        while True:
            try:
                return await store.ping()
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def test_every_call_to_a_paused_server_gives_up_in_time(fragile: MongoStore, own_mongod: Mongod) -> None:
    own_mongod.pause()
    waits = await asyncio.gather(*(seconds_until_unavailable(call(fragile)) for call in CALLS.values()))
    own_mongod.resume()
    assert dict(zip(CALLS, waits, strict=True)) == {name: pytest.approx(0, abs=ANSWER_LIMIT_S) for name in CALLS}
    await until_it_answers(fragile)
    assert "a" in await all_rooms(fragile) + await all_tombstones(fragile)


async def test_many_callers_of_a_paused_server_do_not_queue_up(fragile: MongoStore, own_mongod: Mongod) -> None:
    own_mongod.pause()
    waits = await asyncio.gather(*(seconds_until_unavailable(fragile.ping()) for _ in range(CALLERS)))
    own_mongod.resume()
    assert max(waits) < ANSWER_LIMIT_S
    await until_it_answers(fragile)


async def test_a_save_that_arrives_after_the_next_one_changes_nothing(own_mongod: Mongod) -> None:
    with tcp_proxy(own_mongod.port) as proxy:
        store = MongoStore(f"mongodb://{LOOPBACK}:{proxy.port}/fragile")
        await store.open()
        await store.create_room(bare_room("a"))
        proxy.freeze()  # the first save is on its way now, and stays there
        assert await seconds_until_unavailable(store.save_room(replace(bare_room("a"), came=1))) < ANSWER_LIMIT_S
        await until_it_answers(store)
        await store.save_room(replace(bare_room("a"), came=2))

        assert proxy.held
        proxy.resume()
        async with asyncio.timeout(RECOVERY_LIMIT_S):
            while proxy.held:  # until mongod has read those connections to their end
                await asyncio.sleep(0.02)
        assert [room.came async for room in store.live_rooms(NOW)] == [2]
        await store.close()


async def test_closing_while_the_server_is_paused_is_bounded(own_mongod: Mongod) -> None:
    store = MongoStore(own_mongod.uri("fragile"))
    await store.open()
    own_mongod.pause()
    started = time.monotonic()
    await store.close()
    assert time.monotonic() - started < ANSWER_LIMIT_S
    own_mongod.resume()


async def test_a_killed_server_is_unavailable_and_works_again_after_its_restart(
    fragile: MongoStore, own_mongod: Mongod
) -> None:
    await fragile.create_room(full_room("last"))
    own_mongod.kill()  # what was acknowledged a moment ago must have reached the disk
    assert await seconds_until_unavailable(fragile.ping()) < ANSWER_LIMIT_S
    assert await seconds_until_unavailable(fragile.create_room(bare_room("b"))) < ANSWER_LIMIT_S
    await asyncio.to_thread(own_mongod.restart)
    await until_it_answers(fragile)
    assert sorted(await all_rooms(fragile)) == ["a", "last"]
    assert await fragile.end_room(tombstone("a"), session("s")) == Purged(messages=1, seats=2, invites=2)


async def test_a_store_opened_before_its_server_works_once_it_is_there() -> None:
    port = free_port()
    store = MongoStore(f"mongodb://{LOOPBACK}:{port}/early")
    assert await seconds_until_unavailable(store.open()) < ANSWER_LIMIT_S
    assert await seconds_until_unavailable(store.ping()) < ANSWER_LIMIT_S
    mongod = Mongod(port)
    await asyncio.to_thread(mongod.start)
    try:
        await until_it_answers(store)
        await store.open()
        await store.create_room(bare_room("a"))
        assert await all_rooms(store) == ["a"]
    finally:
        await store.close()
        mongod.close()


async def test_a_name_that_the_dns_does_not_know_is_an_outage() -> None:
    store = MongoStore("mongodb+srv://user:hunter2@nothing.invalid/x")
    assert await seconds_until_unavailable(store.open()) < ANSWER_LIMIT_S
    await store.close()


async def test_a_store_that_was_never_opened_is_unavailable() -> None:
    store = MongoStore(f"mongodb://{LOOPBACK}:1/never")
    for call in (store.ping(), store.create_room(bare_room("a"))):
        with pytest.raises(StoreUnavailable):
            await call
    await store.close()


async def test_a_replica_set_that_lost_its_primary_is_used_again_when_it_is_back(replica_set: Mongod) -> None:
    store = MongoStore(replica_set.uri("fragile"))
    await store.open()
    await store.create_room(full_room("a"))
    replica_set.kill()
    assert await seconds_until_unavailable(store.save_room(full_room("a"))) < ANSWER_LIMIT_S
    await asyncio.to_thread(replica_set.restart)
    await until_it_answers(store)
    await store.save_room(bare_room("a"))
    assert [room async for room in store.live_rooms(NOW)] == [bare_room("a")]
    await store.close()


async def test_an_unavailable_store_says_why_without_content(fragile: MongoStore, own_mongod: Mongod) -> None:
    own_mongod.kill()
    with pytest.raises(StoreUnavailable) as failure:
        await fragile.create_room(full_room("b", word="Xylophonzebra"))
    assert str(failure.value).isidentifier()
