"""The lease in MongoDB, and what it is for: who has lost it can write nothing, whatever call it makes."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

from rooms.ports import NotOwner, Store
from rooms.records import RoomRecord, Tombstone
from storage.leases import HEIR_S, LEASE_S, Lease
from storage.memory import MemoryStore
from storage.mongo import MongoStore
from tests.contract.records import NOW, full_room, message, session, tombstone

Database = AsyncIOMotorDatabase[dict[str, Any]]


@pytest_asyncio.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_uri, tz_aware=True)
    yield client.get_default_database()
    client.close()


@pytest_asyncio.fixture
async def stores(mongo_uri: str) -> AsyncIterator[Callable[[], MongoStore]]:
    """Makes stores of one database, each as in a process of its own."""
    made: list[MongoStore] = []

    def make() -> MongoStore:
        made.append(MongoStore(mongo_uri))
        return made[-1]

    yield make
    for store in made:
        await store.close()


async def owner(store: MongoStore, name: str) -> Lease:
    """Take the lease, whoever has it, and with it what is in the store."""
    lease = await store.lease.claim(name, await store.lease.look(name))
    assert lease is not None
    await store.open()
    return lease


async def everything(database: Database) -> dict[str, list[Any]]:
    names = await database.list_collection_names()
    return {name: await database[name].find().to_list(None) for name in sorted(names) if name != "ownership"}


async def test_one_of_many_takes_a_free_lease(stores: Callable[[], MongoStore]) -> None:
    several = [stores() for _ in range(5)]
    seen = [await store.lease.look(str(number)) for number, store in enumerate(several)]
    assert seen == [None] * 5
    taken = await asyncio.gather(*(store.lease.claim(str(n), None) for n, store in enumerate(several)))
    (winner,) = [lease for lease in taken if lease is not None]
    assert winner.generation > 1_700_000_000_000, "milliseconds of the server's clock, at least"
    assert 0 < winner.left_s <= LEASE_S
    assert not winner.handed


async def test_a_lease_that_was_renewed_is_not_taken(stores: Callable[[], MongoStore]) -> None:
    first, second = stores(), stores()
    lease = await owner(first, "first")
    seen = await second.lease.look("second")
    assert seen is not None
    renewed = await first.lease.renew("first", lease.generation)
    assert renewed is not None
    assert renewed.accompanied
    assert await second.lease.claim("second", seen) is None
    assert await second.lease.renew("second", lease.generation) is None


async def test_a_lease_is_asked_for_and_handed_to_the_one_that_asked(stores: Callable[[], MongoStore]) -> None:
    first, second = stores(), stores()
    lease = await owner(first, "first")
    seen = await second.lease.look("second")
    assert seen is not None
    await second.lease.ask("second", seen)
    asked = await first.lease.renew("first", lease.generation)
    assert asked is not None
    assert asked.asked_by == "second"
    await first.lease.release("first", lease.generation, "second")
    free = await second.lease.look("second")
    assert free is not None
    assert (free.holder, free.heir) == (None, "second")
    assert 0 < free.left_s <= HEIR_S
    taken = await second.lease.claim("second", free)
    assert taken is not None
    assert taken.handed
    assert (taken.asked_by, taken.heir) == (None, None)
    assert taken.generation > lease.generation
    assert await first.lease.renew("first", lease.generation) is None


async def test_a_request_is_turned_down_for_the_one_that_made_it(stores: Callable[[], MongoStore]) -> None:
    first, second = stores(), stores()
    lease = await owner(first, "first")
    seen = await second.lease.look("second")
    assert seen is not None
    await second.lease.ask("second", seen)
    await first.lease.refuse("first", lease.generation, "second")
    told = await second.lease.look("second")
    assert told is not None
    assert (told.refused, told.asked_by) == ("second", None)


async def test_a_lease_that_somebody_deleted_is_written_again_and_generations_grow(
    stores: Callable[[], MongoStore], database: Database
) -> None:
    first, second = stores(), stores()
    lease = await owner(first, "first")
    await first.create_room(full_room("a"))
    await database["ownership"].delete_many({})
    again = await first.lease.renew("first", lease.generation)
    assert again is not None
    assert again.generation == lease.generation
    # Should even the server's clock be behind what is stored, the documents tell.
    far = lease.generation + 10**9
    await database["rooms"].update_many({}, {"$set": {"generation": far}})
    await database["ownership"].delete_many({})
    taken = await second.lease.claim("second", await second.lease.look("second"))
    assert taken is not None
    assert taken.generation > far
    assert await first.lease.renew("first", lease.generation) is None


async def test_an_old_lease_that_came_back_shuts_nobody_out(
    stores: Callable[[], MongoStore], database: Database
) -> None:
    """Seed 4723 of the simulation: each new owner was below what is stored, could write nothing, and stopped."""
    first, second = stores(), stores()
    lease = await owner(first, "first")
    await first.create_room(full_room("a"))
    far = lease.generation + 10**9
    await database["rooms"].update_many({}, {"$set": {"generation": far}})
    await first.lease.release("first", lease.generation, "second")
    assert (await owner(second, "second")).generation > far
    await second.save_room(full_room("a"))


async def test_a_document_that_is_no_lease_is_as_good_as_none(
    stores: Callable[[], MongoStore], database: Database
) -> None:
    await database["ownership"].insert_one({"_id": "rooms", "holder": 3})
    assert (await owner(stores(), "first")).holder == "first"


async def test_ages_are_those_of_the_server(stores: Callable[[], MongoStore], database: Database) -> None:
    store = stores()
    await owner(store, "first")
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=100)
    await database["ownership"].update_one({}, {"$set": {"expiresAt": past, "takenAt": past}})
    seen = await store.lease.look("second")
    assert seen is not None
    assert seen.left_s == pytest.approx(-100, abs=5)
    assert seen.held_s == pytest.approx(100, abs=5)


WRITES: dict[str, Callable[[MongoStore], Awaitable[object]]] = {
    "create_room": lambda store: store.create_room(full_room("new")),
    "save_room": lambda store: store.save_room(replace(full_room("a"), locked=True)),
    "save a room with a log": lambda store: store.save_room(replace(full_room("a"), log=True, expires_at=NOW + 10**6)),
    "end_room": lambda store: store.end_room(tombstone("a"), session("s")),
    "end a room that is unknown": lambda store: store.end_room(tombstone("unknown"), session("u")),
    "end a room that has ended": lambda store: store.end_room(tombstone("over"), session("o")),
    "append_messages": lambda store: store.append_messages([message(7, "a"), message(8, "over")]),
    "replace_messages": lambda store: store.replace_messages([message(1, "a", text="edited")]),
    "erase_messages": lambda store: store.erase_messages([("a", message(1, "a").id)]),
    "open": lambda store: store.open(),
}


@pytest.mark.parametrize("write", WRITES)
async def test_who_has_lost_the_lease_changes_nothing(
    write: str, stores: Callable[[], MongoStore], database: Database
) -> None:
    old, new = stores(), stores()
    lost = []
    old.lease.on_refused = lambda: lost.append(write)
    await owner(old, "old")
    for room_id in ("a", "over"):
        await old.create_room(replace(full_room(room_id), log=True))
    await old.append_messages([message(1, "a"), message(2, "over")])
    await owner(new, "new")
    await new.end_room(tombstone("over"), session("o"))
    before = await everything(database)
    with pytest.raises(NotOwner):
        await WRITES[write](old)
    assert await everything(database) == before
    assert lost
    await WRITES[write](new)  # and the owner may


async def test_the_new_owner_has_all_that_is_live_before_it_serves(
    stores: Callable[[], MongoStore], database: Database
) -> None:
    old, new = stores(), stores()
    await owner(old, "old")
    await old.create_room(full_room("a"))
    await database["rooms"].insert_one({"_id": "of a version before", "state": "live"}, bypass_document_validation=True)
    unfinished = {"_id": "half ended", "state": "ended", "unfinished": {"session": None}, "generation": 1}
    await database["rooms"].insert_one(unfinished, bypass_document_validation=True)
    lease = await owner(new, "new")
    generations = {room["_id"]: room["generation"] for room in await database["rooms"].find().to_list(None)}
    assert generations == dict.fromkeys(("a", "of a version before", "half ended"), lease.generation)


async def test_a_room_that_is_being_made_while_the_lease_is_lost_is_not_acknowledged_by_the_old_owner(
    stores: Callable[[], MongoStore], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = stores(), stores()
    await owner(old, "old")
    await old.create_room(full_room("a"))
    confirm = old.lease.confirm

    async def late() -> bool:
        await owner(new, "new")
        return await confirm()

    monkeypatch.setattr(old.lease, "confirm", late)
    with pytest.raises(NotOwner):
        await old.create_room(full_room("b"))
    # It was there before the new owner looked, and so is the new owner's.
    assert {room["_id"]: room["generation"] for room in await database["rooms"].find().to_list(None)} == {
        "a": new._fence.generation,
        "b": new._fence.generation,
    }


async def test_messages_are_taken_back_where_the_lease_is_lost_while_they_are_written(
    stores: Callable[[], MongoStore], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = stores(), stores()
    await owner(old, "old")
    await old.create_room(replace(full_room("a"), log=True))
    await old.append_messages([message(1, "a")])
    insert = old.log._insert_new

    async def late(messages: list[dict[str, Any]]) -> list[str]:
        inserted = await insert(messages)
        await owner(new, "new")
        return inserted

    monkeypatch.setattr(old.log, "_insert_new", late)
    with pytest.raises(NotOwner):
        await old.append_messages([message(1, "a"), message(2, "a")])
    assert [each.seq for each in await new.messages("a", before=None, limit=10, now=NOW)] == [1]


@pytest.mark.parametrize("change", ["replace_messages", "erase_messages"])
async def test_a_change_that_stops_half_way_does_not_touch_what_the_new_owner_has_changed(
    change: str, stores: Callable[[], MongoStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = stores(), stores()
    await owner(old, "old")
    await old.create_room(replace(full_room("a"), log=True))
    await old.append_messages([message(1, "a", text="first")])
    look = old.log._purge_dates

    async def slept_after_it(room_ids: list[str]) -> dict[str, datetime.datetime]:
        found = await look(room_ids)
        await owner(new, "new")
        await new.replace_messages([message(1, "a", text="by the new owner")])
        return found

    monkeypatch.setattr(old.log, "_purge_dates", slept_after_it)
    await WRITES[change](old)
    assert [m.text for m in await new.messages("a", before=None, limit=10, now=NOW)] == ["by the new owner"]


async def test_one_room_can_be_looked_at_by_whoever_does_not_own_it(store: Store) -> None:
    room = full_room("a")
    await store.create_room(room)
    assert await store.find_room("a") == room
    assert isinstance(room, RoomRecord)
    await store.end_room(tombstone("a"), None)
    assert await store.find_room("a") == tombstone("a")
    assert isinstance(tombstone("a"), Tombstone)
    assert await store.find_room("b") is None


def test_nobody_shares_a_store_in_memory() -> None:
    assert not hasattr(MemoryStore(), "lease")
