"""What MongoDB adds to the contract: erasure one can search for, crashes half-way, indexes, late TTL."""

from __future__ import annotations

import datetime
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

from rooms.records import Purged
from storage import documents
from storage.mongo import DEFAULT_DATABASE, MongoStore
from tests.contract.records import HOUR_S, NOW, bare_room, full_room, message, session, tombstone
from tests.support.mongo import Mongod, drop_database, find_word_everywhere

WORD = "Xylophonzebra"
Database = AsyncIOMotorDatabase[dict[str, Any]]


@pytest_asyncio.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    """The same database without the store, to look at and to damage."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_uri, tz_aware=True)
    yield client.get_default_database()
    client.close()


async def test_nothing_of_an_ended_room_is_left_in_the_whole_database(mongo: MongoStore, mongo_uri: str) -> None:
    room = full_room("a", word=WORD)
    texts = [replace(message(number, "a", text=f"{WORD}!"), sender_name=WORD) for number in range(300)]
    await mongo.create_room(room)
    await mongo.append_messages(texts)
    assert len(find_word_everywhere(mongo_uri, WORD)) == 1  # the hash of the password; what was said is sealed
    assert await mongo.end_room(tombstone("a"), session("s")) == Purged(messages=300, seats=2, invites=2)
    assert find_word_everywhere(mongo_uri, WORD) == []


async def test_the_tombstone_and_the_log_hold_nothing_but_their_own_fields(
    mongo: MongoStore, database: Database
) -> None:
    await mongo.create_room(full_room("a"))
    await mongo.end_room(tombstone("a"), session("s"))
    rooms = await database["rooms"].find().to_list(None)
    assert [set(each) for each in rooms] == [{"_id", "reason", "endedAt", "until", "state", "purgeAt", "generation"}]
    lines = await database["sessions"].find().to_list(None)
    assert [set(each) for each in lines] == [
        {
            "_id",
            "beganAt",
            "endedAt",
            "reason",
            "capacity",
            "came",
            "peak",
            "messageCount",
            "calls",
            "purgeAt",
            "generation",
        }
    ]


async def test_an_end_that_was_interrupted_is_finished_by_the_next_open(
    mongo: MongoStore, database: Database, mongo_uri: str
) -> None:
    await mongo.create_room(full_room("a", word=WORD))
    await mongo.append_messages([message(1, "a", text=WORD)])
    ended = documents.ended_document(tombstone("a"), session("s"))
    await database["rooms"].replace_one({"_id": "a"}, ended)  # and here the process died

    assert await mongo.messages("a", before=None, limit=10, now=NOW) == []
    await mongo.open()
    assert find_word_everywhere(mongo_uri, WORD) == []
    assert await mongo.sessions(limit=10, now=NOW) == [session("s")]
    assert [stone async for stone in mongo.tombstones(NOW)] == [tombstone("a")]


async def test_an_end_that_was_interrupted_is_finished_by_its_repetition(
    mongo: MongoStore, database: Database, mongo_uri: str
) -> None:
    await mongo.create_room(full_room("a", word=WORD))
    await mongo.append_messages([message(1, "a", text=WORD)])
    await database["rooms"].replace_one({"_id": "a"}, documents.ended_document(tombstone("a"), session("s")))

    assert await mongo.end_room(tombstone("a"), session("s")) == Purged(messages=1)
    assert find_word_everywhere(mongo_uri, WORD) == []
    assert await mongo.sessions(limit=10, now=NOW) == [session("s")]


async def test_messages_without_a_live_room_are_erased_by_the_next_open(
    mongo: MongoStore, database: Database, mongo_uri: str
) -> None:
    purge_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    await mongo.create_room(full_room("live"))
    await mongo.append_messages([message(1, "live")])
    await mongo.end_room(tombstone("ended"), None)
    orphans = [message(2, "ended", text=WORD), message(3, "never", text=WORD)]
    await database["messages"].insert_many([documents.message_document(each, purge_at) for each in orphans])

    await mongo.open()
    assert find_word_everywhere(mongo_uri, WORD) == []
    assert await mongo.messages("live", before=None, limit=10, now=NOW) == [message(1, "live")]


async def test_an_expired_tombstone_is_not_listed_though_mongodb_has_not_removed_it_yet(
    mongo: MongoStore, database: Database
) -> None:
    await mongo.end_room(tombstone("a", until=NOW - 0.001), None)
    # The TTL thread may or may not have come by: put the document back where it could be seen.
    late = documents.ended_document(tombstone("a", until=NOW - 0.001), None)
    await database["rooms"].replace_one({"_id": "a"}, late, upsert=True)
    assert [stone async for stone in mongo.tombstones(NOW)] == []


async def test_every_collection_has_its_ttl_index_and_messages_are_unique(
    mongo: MongoStore, database: Database
) -> None:
    for name in ("rooms", "messages", "sessions"):
        indexes = await database[name].index_information()
        purging = [each for each in indexes.values() if each["key"] == [("purgeAt", 1)]]
        assert [each["expireAfterSeconds"] for each in purging] == [0]
    paging = (await database["messages"].index_information())["roomId_1__id_-1"]
    assert paging["unique"] is True


async def test_reading_a_page_uses_the_index(mongo: MongoStore, database: Database) -> None:
    await mongo.create_room(full_room("a"))
    await mongo.append_messages([message(number, "a") for number in range(60)])
    page = {"roomId": "a", "_id": {"$lt": message(30, "a").id}}
    plan = await database["messages"].find(page).sort("_id", -1).limit(10).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 10


async def test_mongodb_removes_a_live_room_only_well_after_its_expiry(mongo: MongoStore, database: Database) -> None:
    await mongo.create_room(full_room("a"))
    await mongo.append_messages([message(1, "a")])
    extended = replace(full_room("a"), expires_at=NOW + 9 * HOUR_S)
    await mongo.save_room(extended)
    for name in ("rooms", "messages"):
        (kept,) = await database[name].find().to_list(None)
        margin_s = kept["purgeAt"].timestamp() - extended.expires_at
        assert margin_s == pytest.approx(documents.LIVE_PURGE_MARGIN_S, abs=0.01)


async def test_fields_of_a_newer_version_are_ignored_and_missing_ones_take_their_default(
    mongo: MongoStore, database: Database
) -> None:
    await mongo.create_room(full_room("a"))
    newer = {"$set": {"colour": "red", "seats.0.mood": "fine"}, "$unset": {"lobby": "", "invites": ""}}
    await database["rooms"].update_one({"_id": "a"}, newer)
    assert [room async for room in mongo.live_rooms(NOW)] == [replace(full_room("a"), lobby=False, invites=())]


async def test_a_lone_surrogate_does_not_fail_the_room(mongo: MongoStore) -> None:
    await mongo.create_room(full_room("a", word="\ud83e"))
    (room,) = [each async for each in mongo.live_rooms(NOW)]
    assert room.password_hash == "scrypt$16384$?"


async def test_rooms_are_there_for_the_next_process(mongo_uri: str) -> None:
    first = MongoStore(mongo_uri)
    await first.open()
    await first.create_room(full_room("a"))
    await first.close()
    second = MongoStore(mongo_uri)
    await second.open()
    assert [room async for room in second.live_rooms(NOW)] == [full_room("a")]
    await second.close()


async def test_without_a_database_in_the_uri_it_is_called_mayfly(own_mongod: Mongod) -> None:
    store = MongoStore(own_mongod.uri())
    await store.open()
    await store.create_room(bare_room(WORD))
    await store.close()
    found = find_word_everywhere(own_mongod.uri(), WORD)
    assert found == [f"{DEFAULT_DATABASE}.rooms: {WORD}"]
    drop_database(own_mongod.uri(DEFAULT_DATABASE))
    assert find_word_everywhere(own_mongod.uri(), WORD) == []


async def test_no_log_line_shows_a_document(
    mongo: MongoStore, caplog: pytest.LogCaptureFixture, database: Database
) -> None:
    caplog.set_level(logging.INFO)
    await mongo.create_room(full_room("a", word=WORD))
    await mongo.append_messages([message(1, "a", text=WORD), message(1, "a", text=WORD)])
    await mongo.end_room(tombstone("a"), session("s"))
    assert WORD not in caplog.text


@pytest.mark.parametrize("uri", ["", "postgres://user:hunter2@host/", "mongodb://user:hunter2@host:port/x"])
def test_a_malformed_uri_is_refused_without_being_shown(uri: str) -> None:
    with pytest.raises(ValueError, match="connection string") as refusal:
        MongoStore(uri)
    assert "hunter2" not in str(refusal.value)
