"""Files in MongoDB, in the collections and the format of GridFS (mongodb/specifications, `gridfs-spec`).

Written chunk by chunk: the driver's own `GridIn` collects up to 48 MB before it sends any, for each upload. Each chunk
is sealed (`storage.sealing`), and so is the record, in `metadata.sealed`: the database learns ids, sizes and dates.

A file exists from the moment that its document is in `files.files`, which comes last. What is under way is noted in
`files.uploads`, and the note is renewed as chunks come; where it has grown old, whatever process it was is gone, and
the chunks are erased. TTL indexes on `purgeAt` are the net under all this for a server that never comes back.

It has a client, and so connections, of its own: files never wait before rooms are saved, nor the other way round.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import bson
import pymongo
from pymongo.write_concern import WriteConcern

from rooms.ports import FILE_CHUNK_BYTES, FileLost
from rooms.records import FileRecord
from storage.documents import Document
from storage.keys import NONCE_BYTES
from storage.mongo.client import Database, answering
from storage.sealing import TAG_BYTES, Sealer, Tampered

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

BUCKET = "files"
SERVER_TIMEOUT_MS = 9_000
CALL_LIMIT_S = 10.0
"""The whole of one call; how long it stands in line for one of the few places is not counted. A link to the database of
100 KiB a second is enough for a chunk in each place."""

CALLS_AT_ONCE = 4
"""Motor has ten threads for all calls of a process: most are left to rooms and messages."""

WRITES_AT_ONCE = 2
"""Of these, chunks that are written: while a thread of the driver has the interpreter, the chat waits."""

ABANDONED_S = 360.0
"""A note of an upload that is so old belongs to nobody any more. It is renewed as chunks come: between two times
may lie `NOTED_EVERY_S`, a chunk that is written (10 s) and one that comes (two minutes), and the line for the few
places. That is two more minutes for 24 uploads whose every call takes all its time, and three for 36."""

NOTED_EVERY_S = 30.0
"""How often: with each chunk it would be half of all calls."""

BATCH_DOCUMENTS = 500


class GridFiles:
    """`rooms.ports.FileStore` in one MongoDB database: the one in the URI's path, else `mayfly`."""

    name = "mongo"
    outlives_process = True

    def __init__(self, uri: str, sealer: Sealer) -> None:
        self._database = Database(uri, max_connections=CALLS_AT_ONCE, server_timeout_ms=SERVER_TIMEOUT_MS)
        self._sealer = sealer
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)
        self._writes = asyncio.Semaphore(WRITES_AT_ONCE)
        self._noted: dict[str, float] = {}  # upload → when it was noted last, by the wall clock; the oldest first

    async def open(self) -> None:
        self._database.connect()
        purge = pymongo.IndexModel("purgeAt", expireAfterSeconds=0)
        async with self._answering():
            await self._files.create_indexes([purge])
            number = pymongo.IndexModel([("files_id", 1), ("n", 1)], unique=True)
            await self._chunks.create_indexes([purge, number])
            await self._uploads.create_indexes([pymongo.IndexModel("at")])

    async def close(self) -> None:
        await self._database.close()

    async def add_chunk(self, file_id: str, number: int, data: bytes, purge_at: float) -> None:
        key = {"files_id": file_id, "n": number}
        async with self._writes, self._answering():
            if not number or not self._is_noted(file_id):
                await self._note(file_id, number)
            # Not before it is its turn: whoever waits has its chunk in memory once.
            sealed = self._sealer.seal_chunk(file_id, number, data)
            # Without waiting for the journal: what `finish` waits for comes after all chunks, and so includes them.
            await self._hasty_chunks.replace_one(key, {**key, "data": sealed, "purgeAt": _date(purge_at)}, upsert=True)

    async def finish(self, record: FileRecord, purge_at: float) -> None:
        chunks = chunks_of(record.bytes)
        document = {
            "_id": record.id,
            "length": record.bytes + chunks * TAG_BYTES,
            "chunkSize": FILE_CHUNK_BYTES + TAG_BYTES,
            "uploadDate": datetime.now(UTC),
            "metadata": {"sealed": self._seal(record)},
            "purgeAt": _date(purge_at),
        }
        async with self._answering():
            if chunks:
                await self._note(record.id, chunks)
            await self._files.replace_one({"_id": record.id}, document, upsert=True)
            await self._uploads.delete_one({"_id": record.id})

    async def update(self, record: FileRecord) -> None:
        async with self._answering():
            await self._files.update_one({"_id": record.id}, {"$set": {"metadata.sealed": self._seal(record)}})

    async def chunk(self, record: FileRecord, number: int) -> bytes:
        async with self._answering():
            found = await self._chunks.find_one({"files_id": record.id, "n": number}, {"data": True, "_id": False})
        if found is None:
            raise FileLost
        try:
            return self._sealer.open_chunk(record.id, number, found["data"])
        except Tampered:
            raise FileLost from None

    async def erase(self, file_ids: Sequence[str]) -> None:
        chosen = list(file_ids)
        async with self._answering():
            # The document first: from then on there is no such file, whatever comes in between.
            await self._files.delete_many({"_id": {"$in": chosen}})
            await self._uploads.delete_many({"_id": {"$in": chosen}})
            await self._chunks.delete_many({"files_id": {"$in": chosen}})

    async def prolong(self, file_ids: Sequence[str], purge_at: float) -> None:
        chosen, later = list(file_ids), {"$set": {"purgeAt": _date(purge_at)}}
        async with self._answering():
            await self._chunks.update_many({"files_id": {"$in": chosen}}, later)
            await self._files.update_many({"_id": {"$in": chosen}}, later)

    async def records(self) -> AsyncIterator[FileRecord | str]:
        last = ""
        while True:
            async with self._answering():
                page = self._files.find({"_id": {"$gt": last}}, {"metadata": True}).sort("_id", 1)
                found = await page.limit(BATCH_DOCUMENTS).to_list(BATCH_DOCUMENTS)
            for document in found:
                yield self._opened(document)
            if len(found) < BATCH_DOCUMENTS:
                return
            last = found[-1]["_id"]

    async def clear_abandoned(self) -> int:
        oldest = datetime.now(UTC) - timedelta(seconds=ABANDONED_S)
        async with self._answering():
            found = await self._uploads.find({"at": {"$lt": oldest}}).to_list(BATCH_DOCUMENTS)
            for upload in found:
                # Its process may have finished it and died before it could say so: then there is a file.
                if await self._files.find_one({"_id": upload["_id"]}, {"_id": True}) is None:
                    await self._chunks.delete_many({"files_id": upload["_id"]})
                await self._uploads.delete_one({"_id": upload["_id"]})
        return len(found)

    def _is_noted(self, file_id: str) -> bool:
        """Whether an upload was noted just now. A clock that was set back says no."""
        return 0 <= time.time() - self._noted.get(file_id, -math.inf) < NOTED_EVERY_S

    async def _note(self, file_id: str, number: int) -> None:
        """Note that an upload is under way; raises `FileLost` where it was cleared away meanwhile."""
        now = {"$set": {"at": datetime.now(UTC)}}
        noted = await self._uploads.update_one({"_id": file_id}, now, upsert=number == 0)
        self._noted.pop(file_id, None)
        if not noted.matched_count and number:
            raise FileLost
        self._noted[file_id] = time.time()
        for other in [one for one in islice(self._noted, 2) if not self._is_noted(one)]:
            del self._noted[other]

    def _seal(self, record: FileRecord) -> bytes:
        return self._sealer.seal_record(record.id, os.urandom(NONCE_BYTES), bson.encode(asdict(record)))

    def _opened(self, document: Document) -> FileRecord | str:
        file_id = str(document["_id"])
        try:
            kept = bson.decode(self._sealer.open_record(file_id, document["metadata"]["sealed"]))
        except (Tampered, KeyError, TypeError):
            return file_id
        audience = kept.pop("audience")
        return FileRecord(**kept, audience=None if audience is None else tuple(audience))

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """A place among the calls, and `storage.mongo.client.answering`."""
        async with self._places, answering(CALL_LIMIT_S):
            yield

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        return self._database.collection(f"{BUCKET}.{name}")

    @property
    def _files(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("files")

    @property
    def _chunks(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("chunks")

    @property
    def _hasty_chunks(self) -> AsyncIOMotorCollection[Document]:
        return self._chunks.with_options(write_concern=WriteConcern(w=1, j=False))

    @property
    def _uploads(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("uploads").with_options(write_concern=WriteConcern(w=1, j=False))


def chunks_of(size_bytes: int) -> int:
    """How many chunks a file has."""
    return -(-size_bytes // FILE_CHUNK_BYTES)


def _date(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
