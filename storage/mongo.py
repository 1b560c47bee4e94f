"""Rooms that outlive the process, in MongoDB. The only file that knows motor and pymongo.

Three collections: `rooms` (live rooms and tombstones), `messages` (only of rooms that asked for a log) and
`sessions` (the content-free log). A room ends in one atomic step, the replacement of its document by a
tombstone; what is left to do after it is noted in the tombstone and, should the process die in between, done
by the next `open`.

TTL indexes on `purgeAt` are the net under all this, not the clean-up itself. They run late, so reads filter.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from rooms.ports import RoomExists, StoreUnavailable
from rooms.records import LoggedMessage, Purged, RoomRecord, SessionRecord, Tombstone
from storage import documents
from storage.documents import ENDED, LIVE, Document

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorCommandCursor, AsyncIOMotorCursor

    _Cursor = AsyncIOMotorCursor[documents.Document] | AsyncIOMotorCommandCursor[documents.Document]

DEFAULT_DATABASE = "mayfly"

# A server that is paused or gone costs a caller at most this much (pymongo's own default is 30 s).
SERVER_TIMEOUT_MS = 2_000
# The whole of one call, with the wait for one of motor's threads, which pymongo's time-outs do not see.
CALL_LIMIT_S = 2.5
# What a crash left behind is cleared in `open`, where nobody waits for an answer yet.
HOUSEKEEPING_LIMIT_S = 20.0
GOODBYE_LIMIT_S = 1.0
MAX_CONNECTIONS = 20
BATCH_DOCUMENTS = 200

DUPLICATE_KEY_CODE = 11_000


class MongoStore:
    """`rooms.ports.Store` in one MongoDB database: the one in the URI's path, else `mayfly`.

    Raises `ValueError`, which never shows the URI, where the URI is malformed.
    """

    name = "mongodb"
    outlives_process = True

    def __init__(self, uri: str) -> None:
        _check(uri)
        self._uri = uri
        self._client: AsyncIOMotorClient[Document] | None = None
        self._writer = secrets.token_hex(8)
        self._writes = itertools.count()

    async def open(self) -> None:
        """Connect, make the indexes, finish what a crash interrupted.

        Raises `StoreUnavailable` where the server does not answer; calling again is how to retry.
        """
        async with _answering():
            if self._client is None:
                self._client = _client(self._uri)
            await self.ping()
        async with _answering(HOUSEKEEPING_LIMIT_S):
            with pymongo.timeout(HOUSEKEEPING_LIMIT_S):
                await self._make_indexes()
                await self._finish_interrupted_ends()
                await self._erase_orphaned_messages()

    async def close(self) -> None:
        """Let go of every connection; bounded, even if the server is paused."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_disconnect, client)

    async def ping(self) -> None:
        async with _answering():
            await self._open_client().admin.command("ping")

    async def create_room(self, record: RoomRecord) -> None:
        async with _answering():
            try:
                await self._rooms.insert_one(documents.live_document(record) | self._stamp())
            except DuplicateKeyError:
                raise RoomExists from None

    async def save_room(self, record: RoomRecord) -> None:
        async with _answering():
            if record.log:
                # Before the room itself, so that no crash leaves messages that go earlier than their room.
                later = documents.live_purge_at(record)
                await self._messages.update_many(
                    {"roomId": record.id, "purgeAt": {"$lt": later}, "expiresAt": None}, {"$set": {"purgeAt": later}}
                )
            # The server may carry out a call that was given up here, and do so after the call that came next.
            stamp = self._stamp()
            older = {"$or": [{"writer": {"$ne": self._writer}}, {"write": {"$lt": stamp["write"]}}]}
            document = documents.live_document(record) | stamp
            await self._rooms.replace_one({"_id": record.id, "state": LIVE, **older}, document)

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        room_id = tombstone.room_id
        async with _answering():
            try:
                ended = documents.ended_document(tombstone, session)
                before = await self._rooms.find_one_and_replace(
                    {"_id": room_id, "state": LIVE},
                    ended,
                    {"seats.id": True, "invites.id": True},
                    upsert=True,
                )
                unfinished = ended["unfinished"]
            except DuplicateKeyError:
                # Its tombstone is there already: this call repeats one, and finishes what that one could not.
                before, unfinished = None, await self._unfinished(room_id)
            messages = await self._finish_end(room_id, unfinished)
        before = before or {}
        return Purged(messages, len(before.get("seats", ())), len(before.get("invites", ())))

    async def live_rooms(self, now: float) -> AsyncIterator[RoomRecord]:
        async for document in _each(self._rooms.find({"state": LIVE})):
            yield documents.from_document(RoomRecord, document)

    async def tombstones(self, now: float) -> AsyncIterator[Tombstone]:
        async for document in _each(self._rooms.find({"state": ENDED, "until": {"$gt": now}})):
            yield documents.from_document(Tombstone, document)

    async def append_messages(self, messages: Sequence[LoggedMessage]) -> None:
        async with _answering():
            purge_at = await self._purge_dates({message.room_id for message in messages})
            kept = [
                documents.message_document(message, purge_at[message.room_id])
                for message in messages
                if message.room_id in purge_at
            ]
            if not kept:
                return
            await self._insert_new(kept)
            # A room that ended meanwhile may have been erased just before these arrived.
            ended = purge_at.keys() - (await self._purge_dates(purge_at)).keys()
            if ended:
                await self._messages.delete_many({"roomId": {"$in": sorted(ended)}})

    async def replace_messages(self, messages: Sequence[LoggedMessage]) -> None:
        async with _answering():
            purge_at = await self._purge_dates({message.room_id for message in messages})
            changes = [
                pymongo.ReplaceOne(
                    {"_id": message.id, "roomId": message.room_id},
                    documents.message_document(message, purge_at[message.room_id]),
                )
                for message in messages
                if message.room_id in purge_at
            ]
            if changes:
                await self._messages.bulk_write(changes)

    async def erase_messages(self, messages: Sequence[tuple[str, str]]) -> None:
        by_room: dict[str, list[str]] = {}
        for room_id, message_id in messages:
            by_room.setdefault(room_id, []).append(message_id)
        async with _answering():
            for room_id, ids in by_room.items():
                await self._messages.delete_many({"_id": {"$in": ids}, "roomId": room_id})

    async def messages(
        self, room_id: str, *, before: str | None, after: str | None = None, limit: int, now: float
    ) -> list[LoggedMessage]:
        if limit <= 0:  # MongoDB would read 0 as "no limit"
            return []
        ids = {"$lt": before, "$gt": after}
        query: Document = {"roomId": room_id, "$or": [{"expiresAt": None}, {"expiresAt": {"$gt": now}}]}
        if before is not None or after is not None:
            query["_id"] = {compare: value for compare, value in ids.items() if value is not None}
        async with _answering():
            if not await self._purge_dates([room_id]):
                return []
            found = await self._messages.find(query).sort("_id", -1 if after is None else 1).limit(limit).to_list(limit)
        page = [documents.from_document(LoggedMessage, document) for document in found]
        return page if after is None else page[::-1]

    async def newest_message_id(self) -> str | None:
        async with _answering():
            newest = await self._messages.find_one({}, {"_id": True}, sort=[("_id", -1)])
        return None if newest is None else str(newest["_id"])

    async def sessions(self, *, limit: int) -> list[SessionRecord]:
        if limit <= 0:
            return []
        async with _answering():
            newest = self._sessions.find().sort([("endedAt", -1), ("_id", -1)]).limit(limit)
            found = await newest.to_list(limit)
        return [documents.from_document(SessionRecord, document) for document in found]

    # -- what one call is made of

    def _stamp(self) -> Document:
        """Which store wrote a room, and as its how manieth write."""
        return {"writer": self._writer, "write": next(self._writes)}

    async def _make_indexes(self) -> None:
        purge = pymongo.IndexModel("purgeAt", expireAfterSeconds=0)
        await self._rooms.create_indexes([purge, pymongo.IndexModel([("state", 1), ("until", 1)])])
        page = pymongo.IndexModel([("roomId", 1), ("_id", -1)], unique=True)
        await self._messages.create_indexes([purge, page])
        await self._sessions.create_indexes([purge, pymongo.IndexModel([("endedAt", -1), ("_id", -1)])])

    async def _finish_interrupted_ends(self) -> None:
        interrupted = self._rooms.find({"state": ENDED, "unfinished": {"$exists": True}})
        async for document in _each(interrupted, HOUSEKEEPING_LIMIT_S):
            await self._finish_end(document["_id"], document["unfinished"])

    async def _erase_orphaned_messages(self) -> None:
        """Erase messages whose room is not live: written by a call that was given up while its room ended."""
        of_no_live_room: list[Mapping[str, Any]] = [
            {"$group": {"_id": "$roomId"}},
            {"$lookup": {"from": "rooms", "localField": "_id", "foreignField": "_id", "as": "room"}},
            {"$match": {"room.state": {"$ne": LIVE}}},
            {"$project": {"_id": True}},
        ]
        async for room in _each(self._messages.aggregate(of_no_live_room), HOUSEKEEPING_LIMIT_S):
            await self._messages.delete_many({"roomId": room["_id"]})

    async def _unfinished(self, room_id: str) -> Mapping[str, Any]:
        tombstone = await self._rooms.find_one({"_id": room_id, "state": ENDED}, {"unfinished": True})
        unfinished: Mapping[str, Any] = (tombstone or {}).get("unfinished") or {}
        return unfinished

    async def _finish_end(self, room_id: str, unfinished: Mapping[str, Any]) -> int:
        """Erase the messages, write the line of the log, note that both are done. Returns messages erased."""
        erased = await self._messages.delete_many({"roomId": room_id})
        if session := unfinished.get("session"):
            await self._sessions.replace_one({"_id": session["_id"]}, session, upsert=True)
        await self._rooms.update_one({"_id": room_id, "state": ENDED}, {"$unset": {"unfinished": ""}})
        return int(erased.deleted_count)

    async def _purge_dates(self, room_ids: Iterable[str]) -> dict[str, datetime]:
        """`purgeAt` of those of the rooms that are live."""
        query = {"_id": {"$in": sorted(room_ids)}, "state": LIVE}
        found = await self._rooms.find(query, {"purgeAt": True}).to_list(None)
        return {room["_id"]: room["purgeAt"] for room in found}

    async def _insert_new(self, messages: list[Document]) -> None:
        try:
            await self._messages.insert_many(messages, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"] + error.details["writeConcernErrors"]
            if any(failure.get("code") != DUPLICATE_KEY_CODE for failure in failures):
                raise

    # -- the client

    def _open_client(self) -> AsyncIOMotorClient[Document]:
        if self._client is None:
            raise StoreUnavailable("not connected")
        return self._client

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        return self._open_client().get_default_database(DEFAULT_DATABASE)[name]

    @property
    def _rooms(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("rooms")

    @property
    def _messages(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("messages")

    @property
    def _sessions(self) -> AsyncIOMotorCollection[Document]:
        return self._collection("sessions")


@asynccontextmanager
async def _answering(limit_s: float = CALL_LIMIT_S) -> AsyncIterator[None]:
    """Turn whatever the driver says, and silence beyond `limit_s`, into `StoreUnavailable`.

    Only the kind and code of an error are passed on: its text can hold parts of documents.
    """
    try:
        async with asyncio.timeout(limit_s):
            yield
    except OperationFailure as error:
        raise StoreUnavailable(f"{type(error).__name__} {error.code}") from None
    except (PyMongoError, TimeoutError, OSError) as error:
        raise StoreUnavailable(type(error).__name__) from None


async def _each(cursor: _Cursor, limit_s: float = CALL_LIMIT_S) -> AsyncIterator[Document]:
    """The documents of a cursor, read in batches: each batch is one bounded call."""
    try:
        while True:
            async with _answering(limit_s):
                batch = await cursor.to_list(BATCH_DOCUMENTS)
            for document in batch:
                yield document
            if len(batch) < BATCH_DOCUMENTS:
                return
    finally:
        with suppress(StoreUnavailable):
            async with _answering():
                await cursor.close()


def _client(uri: str) -> AsyncIOMotorClient[Document]:
    """A client of the running event loop. It connects, and asks the DNS, with its first command."""
    return AsyncIOMotorClient(
        uri,
        io_loop=asyncio.get_running_loop(),
        appname="mayfly",
        tz_aware=True,
        w="majority",
        journal=True,  # an acknowledged seat or spent invite survives a crash of the database, too
        retryWrites=True,
        maxPoolSize=MAX_CONNECTIONS,
        timeoutMS=SERVER_TIMEOUT_MS,
        serverSelectionTimeoutMS=SERVER_TIMEOUT_MS,
        connectTimeoutMS=SERVER_TIMEOUT_MS,
    )


def _disconnect(client: AsyncIOMotorClient[Document]) -> None:
    # pymongo says goodbye to the server first, which has no time-out of its own: 12 s where the server is paused.
    with pymongo.timeout(GOODBYE_LIMIT_S):
        client.close()


def _check(uri: str) -> None:
    if uri.startswith("mongodb+srv://"):
        return  # parsing one asks the DNS; the first command does, where waiting is allowed
    try:
        parse_uri(uri)
    except (PyMongoError, ValueError):
        raise ValueError("MONGODB_URI is not a MongoDB connection string") from None
