"""What MongoDB is given: nothing that people wrote, and no digest of who they are, in the clear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import bson
import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.errors import WriteError

from rooms.extras import Attachment, Extras
from rooms.records import LoggedMessage, SeatRecord
from storage import documents
from storage.mongo import MongoStore
from storage.mongo.migrations import MIGRATIONS
from storage.mongo.schema import VALIDATORS
from tests.contract.records import HOUR_S, NOW, bare_room, full_room, message, session, tombstone
from tests.support.mongo import find_word_everywhere

WORD = "Xylophonzebra"
SECRET = "a secret of the operator, 32 long"
Database = AsyncIOMotorDatabase[dict[str, Any]]


@pytest_asyncio.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_uri, tz_aware=True)
    yield client.get_default_database()
    client.close()


def written() -> LoggedMessage:
    extras = Extras("image", f'"{WORD}"', WORD, (Attachment("f1", 7, "image/png", f"{WORD}.png"),))
    return replace(message(1, "a", text=f"{WORD}!"), sender_name=WORD, extras=extras)


async def opened(uri: str, secret: str = SECRET, **wish: Any) -> MongoStore:
    store = MongoStore(uri, secret=secret, **wish)
    await store.open()
    return store


@pytest.mark.parametrize("secret", [SECRET, ""])
async def test_a_logged_message_is_read_as_it_was_written_and_nowhere_in_the_clear(
    mongo_uri: str, database: Database, secret: str
) -> None:
    store = await opened(mongo_uri, secret)
    await store.create_room(bare_room("a"))
    await store.append_messages([written()])
    assert find_word_everywhere(mongo_uri, WORD) == []
    await store.replace_messages([replace(written(), text=f"{WORD} again")])
    assert find_word_everywhere(mongo_uri, WORD) == []
    await store.close()
    later = await opened(mongo_uri, secret)
    assert await later.messages("a", before=None, limit=9, now=NOW) == [replace(written(), text=f"{WORD} again")]
    await later.close()
    (kept,) = await database["messages"].find().to_list(None)
    assert not {"text", "senderName", "extras"} & kept.keys()


async def test_a_message_that_is_moved_to_another_place_does_not_open(
    mongo_uri: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    store = await opened(mongo_uri)
    await store.create_room(bare_room("a"))
    await store.append_messages([message(1, "a"), message(2, "a")])
    first = await database["messages"].find_one({"seq": 1})
    assert first is not None
    await database["messages"].update_one({"seq": 2}, {"$set": {"sealed": first["sealed"]}})
    with caplog.at_level(logging.WARNING):
        assert await store.messages("a", before=None, limit=9, now=NOW) == [message(1, "a")]
    assert "STORAGE_SECRET" in caplog.text
    await store.close()


async def test_what_was_never_sealed_of_a_seat_is_left_out(mongo_uri: str) -> None:
    store = await opened(mongo_uri)
    seat = SeatRecord("p1", WORD, "host", NOW, b"\x01" * 32, attributes=(("mood", WORD),), user_id=WORD)
    await store.create_room(replace(bare_room("a"), seats=(seat,)))
    await store.save_room(replace(bare_room("a"), seats=(seat,), came=1))
    assert find_word_everywhere(mongo_uri, WORD) == []
    (room,) = [each async for each in store.live_rooms(NOW)]
    assert room.seats == (replace(seat, name="", attributes=(), user_id=None),)
    await store.close()


async def test_digests_of_addresses_and_users_are_sealed_where_there_is_a_secret_that_lasts(
    mongo_uri: str, database: Database
) -> None:
    room = full_room("a")
    digests = [*room.banned_origins, *room.banned_subjects, *(s.subject for s in room.seats if s.subject)]
    store = await opened(mongo_uri)
    await store.create_room(room)
    (kept,) = await database["rooms"].find().to_list(None)
    assert not any(digest in bson.encode(kept) for digest in digests)
    assert [each async for each in store.live_rooms(NOW)] == [room] == [await store.find_room("a")]
    await store.close()
    other = await opened(mongo_uri, "")
    (found,) = [each async for each in other.live_rooms(NOW)]
    assert (found.banned_origins, found.banned_subjects) == ((), ())
    assert found.seats[1].subject is not None, "somebody vouched for it all the same"
    await other.save_room(room)
    assert [each async for each in other.live_rooms(NOW)] == [room], "in the clear, but still there"
    await other.close()


async def test_documents_of_an_earlier_version_load_and_their_messages_are_sealed_once(
    mongo_uri: str, database: Database
) -> None:
    seat = SeatRecord("p1", WORD, "host", NOW, b"\x01" * 32, attributes=(("mood", WORD),), user_id=WORD)
    room = replace(bare_room("a"), log=True, seats=(seat,))
    old = documents.live_document(room)
    for key in ("sealed", "sealedByToken", "sealedByJoin"):
        del old["seats"][0][key]
    await database["rooms"].insert_one(old)
    said = [replace(written(), id=f"a-{number:06}", seq=number) for number in range(450)]
    await database["messages"].insert_many(
        [documents.message_document(each, documents.live_purge_at(room)) for each in said]
    )
    assert len(find_word_everywhere(mongo_uri, WORD)) == 451
    stores = [MongoStore(mongo_uri, secret=SECRET) for _ in range(2)]
    await asyncio.gather(*(store.open() for store in stores))
    assert len(find_word_everywhere(mongo_uri, WORD)) == 1, "of the seat, until its holder is back or it has ended"
    for store in stores:
        assert [each async for each in store.live_rooms(NOW)] == [room]
        assert len(await store.messages("a", before=None, limit=500, now=NOW)) == 450
    before = await database["messages"].find().to_list(None)
    await stores[0].open()
    assert await database["messages"].find().to_list(None) == before
    notes = await database["migrations"].find().to_list(None)
    assert [note["_id"] for note in notes] == [migration.number for migration in MIGRATIONS]
    for store in stores:
        await store.close()


async def test_a_process_that_has_lost_the_rooms_migrates_nothing_that_the_next_owner_has_changed(
    mongo_uri: str, database: Database
) -> None:
    late = MongoStore(mongo_uri, secret=SECRET)
    mine = await late.lease.claim("late", await late.lease.look("late"))
    assert mine is not None
    room = replace(bare_room("a"), log=True)
    await database["rooms"].insert_one(documents.live_document(room) | {"generation": mine.generation + 1})
    plain = documents.message_document(message(1, "a"), documents.live_purge_at(room))
    await database["messages"].insert_one(plain | {"generation": mine.generation + 1})
    await late.open()
    (kept,) = await database["messages"].find().to_list(None)
    assert kept["text"] == "hello"
    await late.close()


async def test_mongodb_refuses_documents_of_another_shape(mongo_uri: str, database: Database) -> None:
    store = await opened(mongo_uri)
    await store.create_room(full_room("a"))
    await store.append_messages([written()])
    await store.end_room(tombstone("b"), session("s"))
    await store.spend("use", "p1", NOW + HOUR_S, NOW)
    assert {name async for name in _validated(database)} == set(VALIDATORS)
    for name, change in {
        "rooms": {"seats": "none"},
        "messages": {"sealed": "plain"},
        "sessions": {"came": "many"},
        "spent": {"by": 7},
    }.items():
        with pytest.raises(WriteError):
            await database[name].update_one({}, {"$set": change})
    with pytest.raises(WriteError):
        await database["rooms"].insert_one({"_id": "c", "state": "live"})
    await store.close()


async def test_validators_reach_collections_that_are_there_already(mongo_uri: str, database: Database) -> None:
    for name in VALIDATORS:
        await database.create_collection(name)
    stores = [MongoStore(mongo_uri) for _ in range(2)]
    await asyncio.gather(*(store.open() for store in stores))
    assert {name async for name in _validated(database)} == set(VALIDATORS)
    for store in stores:
        await store.close()


async def _validated(database: Database) -> AsyncIterator[str]:
    async for collection in await database.list_collections():
        if "validator" in collection.get("options", {}):
            yield collection["name"]


async def test_the_session_log_stays_as_long_as_is_set_and_older_lines_follow(
    mongo_uri: str, database: Database
) -> None:
    store = await opened(mongo_uri)
    await store.end_room(tombstone("a"), session("s"))
    await store.close()
    for days in (7, 0, 90):
        store = await opened(mongo_uri, session_days=days)
        (line,) = await database["sessions"].find().to_list(None)
        assert line["purgeAt"].timestamp() == pytest.approx(NOW + days * 86_400, abs=0.01)
        assert len(await store.sessions(limit=9, now=NOW + 60)) == (1 if days else 0)
        await store.close()
    store = await opened(mongo_uri, session_days=0)
    await store.end_room(tombstone("b"), session("t"))
    assert await database["sessions"].count_documents({"_id": "t"}) == 0
    await store.close()


def test_a_record_without_names_has_none() -> None:
    seat = SeatRecord("p1", WORD, "host", NOW, b"\x01", attributes=((WORD, WORD),), user_id=WORD)
    assert WORD not in repr(seat.without_names())
