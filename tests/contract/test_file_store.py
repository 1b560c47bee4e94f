"""What every store of files promises (`rooms.ports.FileStore`), checked in memory and in a real MongoDB's GridFS."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
import pytest_asyncio
from pymongo import MongoClient

from rooms.ports import FILE_CHUNK_BYTES, FileLost, FileStore, StoreUnavailable
from rooms.records import FileRecord
from server.outbound.shelf import CLEAR_EVERY_S
from server.transport.http.files import CHUNK_S
from storage.memory_files import MemoryFiles
from storage.mongo import files as subject
from storage.mongo.files import (
    ABANDONED_S,
    BATCH_DOCUMENTS,
    CALL_LIMIT_S,
    NOTED_EVERY_S,
    WRITES_AT_ONCE,
    GridFiles,
)
from storage.sealing import Sealer
from tests.support.mongo import Mongod

SECRET = "a secret of twenty-two characters"
WORD = b"planted-word"
LATER = time.time() + 86_400


@pytest_asyncio.fixture(params=["memory", "mongodb"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[FileStore]:
    """An empty, open store of each kind."""
    kept: FileStore
    kept = MemoryFiles() if request.param == "memory" else grid(request.getfixturevalue("mongo_uri"))
    await kept.open()
    yield kept
    await kept.close()


@pytest_asyncio.fixture
async def files(mongo_uri: str) -> AsyncIterator[GridFiles]:
    kept = grid(mongo_uri)
    await kept.open()
    yield kept
    await kept.close()


def grid(uri: str, secret: str = SECRET) -> GridFiles:
    return GridFiles(uri, Sealer(secret))


def a_file(size: int = 3 * FILE_CHUNK_BYTES + 5) -> tuple[FileRecord, list[bytes]]:
    """A record, and its chunks."""
    data = WORD + os.urandom(size - len(WORD)) if size else b""
    chunks = [data[at : at + FILE_CHUNK_BYTES] for at in range(0, size, FILE_CHUNK_BYTES)]
    return FileRecord(
        secrets.token_hex(8), "room-of-ada", "author-of-it", size, "image/png", "secret-name.png", LATER
    ), chunks


async def put(store: FileStore, record: FileRecord, chunks: list[bytes]) -> FileRecord:
    for number, chunk in enumerate(chunks):
        await store.add_chunk(record.id, number, chunk, LATER)
    await store.finish(record, LATER)
    return record


async def records(store: FileStore) -> list[FileRecord | str]:
    return [record async for record in store.records()]


async def content(store: FileStore, record: FileRecord) -> bytes:
    count = -(-record.bytes // FILE_CHUNK_BYTES)
    return b"".join([await store.chunk(record, number) for number in range(count)])


def documents(uri: str) -> dict[str, list[Any]]:
    """Everything that lies in the database, by collection."""
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        database = client.get_default_database()
        return {name: list(database[name].find()) for name in database.list_collection_names()}


@pytest.mark.parametrize("size", [0, 12, FILE_CHUNK_BYTES, 3 * FILE_CHUNK_BYTES + 5])
async def test_a_file_is_read_as_it_was_written(store: FileStore, size: int) -> None:
    record, chunks = a_file(size)
    await put(store, record, chunks)
    assert await content(store, record) == b"".join(chunks)
    assert await records(store) == [record]


async def test_until_it_is_finished_there_is_no_file(store: FileStore) -> None:
    record, chunks = a_file()
    await store.add_chunk(record.id, 0, chunks[0], LATER)
    assert await records(store) == []


async def test_repeating_a_write_changes_nothing(store: FileStore) -> None:
    record, chunks = a_file()
    for number, chunk in enumerate(chunks):
        await store.add_chunk(record.id, number, chunk, LATER)
        await store.add_chunk(record.id, number, chunk, LATER)
    await store.finish(record, LATER)
    assert await content(store, record) == b"".join(chunks)


async def test_what_is_erased_is_not_there(store: FileStore) -> None:
    record, chunks = a_file()
    other, others = a_file()
    await put(store, record, chunks)
    await put(store, other, others)
    await store.erase([record.id])
    await store.erase([record.id])
    with pytest.raises(FileLost):
        await store.chunk(record, 0)
    assert await records(store) == [other]
    assert await content(store, other) == b"".join(others)


async def test_an_upload_is_erased_half_way(store: FileStore) -> None:
    record, chunks = a_file()
    await store.add_chunk(record.id, 0, chunks[0], LATER)
    await store.erase([record.id])
    with pytest.raises(FileLost):
        await store.chunk(record, 0)


async def test_a_change_replaces_the_record_and_makes_none(store: FileStore) -> None:
    record = await put(store, *a_file(12))
    attached = replace(record, expires_at=None, message_id="m", audience=("ada", "bob"), once=True)
    await store.update(attached)
    await store.update(replace(record, id="another"))
    assert await records(store) == [attached]


async def test_what_is_under_way_is_not_cleared(store: FileStore) -> None:
    record, chunks = a_file()
    await store.add_chunk(record.id, 0, chunks[0], LATER)
    assert await store.clear_abandoned() == 0
    await put(store, record, chunks)
    assert await content(store, record) == b"".join(chunks)


async def test_a_list_longer_than_a_page_is_whole(files: GridFiles) -> None:
    made = [replace(a_file(0)[0], id=f"f{number:04}") for number in range(BATCH_DOCUMENTS + 3)]
    for record in made:
        await files.finish(record, LATER)
    assert await records(files) == made


async def test_in_the_database_there_is_only_ciphertext(files: GridFiles, mongo_uri: str) -> None:
    record = await put(files, *a_file())
    kept = b"".join(bson.encode(one) for found in documents(mongo_uri).values() for one in found)
    assert len(kept) > record.bytes
    for word in (WORD, b"secret-name", b"image/png", b"author-of-it", b"room-of-ada"):
        assert word not in kept, word


async def test_the_collections_are_those_of_gridfs(files: GridFiles, mongo_uri: str) -> None:
    record = await put(files, *a_file())
    kept = documents(mongo_uri)
    (file,), chunks = kept["files.files"], kept["files.chunks"]
    assert file["length"] == sum(len(chunk["data"]) for chunk in chunks)
    assert {len(chunk["data"]) for chunk in chunks[:-1]} == {file["chunkSize"]}
    assert sorted((chunk["files_id"], chunk["n"]) for chunk in chunks) == [(record.id, n) for n in range(4)]
    assert kept["files.uploads"] == []


async def test_chunks_that_were_swapped_mixed_cut_or_changed_are_noticed(files: GridFiles, mongo_uri: str) -> None:
    record, other = await put(files, *a_file()), await put(files, *a_file())
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        chunks = client.get_default_database()["files.chunks"]
        data = {(one["files_id"], one["n"]): one["data"] for one in chunks.find()}
        mixed = data[other.id, 0]
        cut, flipped = data[record.id, 2][:-1], bytes([data[record.id, 3][0] ^ 1]) + data[record.id, 3][1:]
        for number, wrong in ((0, mixed), (1, data[record.id, 0]), (2, cut), (3, flipped)):
            chunks.update_one({"files_id": record.id, "n": number}, {"$set": {"data": wrong}})
        chunks.delete_one({"files_id": other.id, "n": 3})
    for number in range(4):
        with pytest.raises(FileLost):
            await files.chunk(record, number)
    with pytest.raises(FileLost):
        await files.chunk(other, 3)


async def test_under_another_secret_there_is_an_id_and_nothing_else(files: GridFiles, mongo_uri: str) -> None:
    record = await put(files, *a_file(12))
    another = grid(mongo_uri, "another secret of so many characters")
    await another.open()
    try:
        assert await records(another) == [record.id]
        with pytest.raises(FileLost):
            await another.chunk(record, 0)
    finally:
        await another.close()


def make_old(uri: str, seconds: float = ABANDONED_S + 1) -> None:
    """Set the notes of all uploads back."""
    with MongoClient[dict[str, Any]](uri) as client:
        old = datetime.now(UTC) - timedelta(seconds=seconds)
        client.get_default_database()["files.uploads"].update_many({}, {"$set": {"at": old}})


async def test_what_a_process_that_died_has_left_is_cleared(
    files: GridFiles, mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, chunks = a_file()
    await files.add_chunk(record.id, 0, chunks[0], LATER)
    await files.add_chunk(record.id, 1, chunks[1], LATER)
    make_old(mongo_uri)
    assert await files.clear_abandoned() == 1
    assert [name for name, found in documents(mongo_uri).items() if found] == []
    monkeypatch.setattr(subject, "NOTED_EVERY_S", 0.0)  # so much later
    with pytest.raises(FileLost):
        await files.add_chunk(record.id, 2, chunks[2], LATER)
    with pytest.raises(FileLost):
        await files.finish(record, LATER)
    assert await records(files) == []


def test_no_upload_that_goes_on_is_taken_for_abandoned_and_a_broken_one_is_gone_in_ten_minutes() -> None:
    uploads = 32
    in_line_s = uploads / WRITES_AT_ONCE * CALL_LIMIT_S
    assert NOTED_EVERY_S + CALL_LIMIT_S + CHUNK_S + in_line_s < ABANDONED_S
    assert ABANDONED_S + CLEAR_EVERY_S + CALL_LIMIT_S < 600.0


async def test_an_upload_is_noted_now_and_then_and_not_with_each_chunk(
    files: GridFiles, mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, chunks = a_file()
    await files.add_chunk(record.id, 0, chunks[0], LATER)
    make_old(mongo_uri, 200.0)
    await files.add_chunk(record.id, 1, chunks[1], LATER)
    [note] = documents(mongo_uri)["files.uploads"]
    monkeypatch.setattr(subject, "NOTED_EVERY_S", 0.0)
    await files.add_chunk(record.id, 2, chunks[2], LATER)
    [renewed] = documents(mongo_uri)["files.uploads"]
    assert (renewed["at"] - note["at"]).total_seconds() > 190.0


async def test_what_is_remembered_of_uploads_that_came_to_nothing_goes(
    files: GridFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "NOTED_EVERY_S", 0.0)
    for _ in range(5):
        record, chunks = a_file()
        await files.add_chunk(record.id, 0, chunks[0], LATER)
    assert len(files._noted) <= 1


async def test_of_many_chunks_few_are_written_at_once(files: GridFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = most = 0

    async def counted(self: GridFiles, file_id: str, number: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1

    monkeypatch.setattr(GridFiles, "_note", counted)
    record, chunks = a_file()
    await asyncio.gather(*(files.add_chunk(f"{record.id}{n}", 0, chunks[0], LATER) for n in range(10)))
    assert most == WRITES_AT_ONCE


async def test_one_that_was_finished_just_before_is_not_cleared(files: GridFiles, mongo_uri: str) -> None:
    record, chunks = a_file(12)
    await put(files, record, chunks)
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.get_default_database()["files.uploads"].insert_one({"_id": record.id, "at": datetime.now(UTC)})
    make_old(mongo_uri)
    await files.clear_abandoned()
    assert await content(files, record) == b"".join(chunks)


async def test_a_chunk_renews_the_note_of_its_upload(
    files: GridFiles, mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, chunks = a_file()
    await files.add_chunk(record.id, 0, chunks[0], LATER)
    make_old(mongo_uri)
    monkeypatch.setattr(subject, "NOTED_EVERY_S", 0.0)  # so much later
    await files.add_chunk(record.id, 1, chunks[1], LATER)
    assert await files.clear_abandoned() == 0


async def test_the_database_lets_go_by_itself_and_can_be_told_to_wait(files: GridFiles, mongo_uri: str) -> None:
    record = await put(files, *a_file())
    await files.prolong([record.id], LATER + 1_000)
    kept = documents(mongo_uri)
    purge_at = datetime.fromtimestamp(int(LATER + 1_000), UTC)
    dates = [one["purgeAt"].replace(microsecond=0) for name in ("files.files", "files.chunks") for one in kept[name]]
    assert dates == [purge_at] * 5
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        database = client.get_default_database()
        for name in ("files.files", "files.chunks"):
            indexes = database[name].index_information().values()
            assert any(one["key"] == [("purgeAt", 1)] and one["expireAfterSeconds"] == 0 for one in indexes)


async def test_a_database_that_does_not_answer_is_unavailable_within_a_bound(own_mongod: Mongod) -> None:
    files = grid(own_mongod.uri("x"))
    await files.open()
    record, chunks = a_file()
    try:
        await files.add_chunk(record.id, 0, chunks[0], LATER)
        own_mongod.pause()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await files.add_chunk(record.id, 1, chunks[1], LATER)
        assert time.monotonic() - began < CALL_LIMIT_S + 1
        own_mongod.resume()
        await files.add_chunk(record.id, 1, chunks[1], LATER)
    finally:
        own_mongod.resume()
        await files.close()


async def test_a_store_that_was_never_opened_says_so(mongo_uri: str) -> None:
    with pytest.raises(StoreUnavailable):
        await grid(mongo_uri).erase(["f"])
