"""`rooms.ports.Store` in MongoDB.

Four collections: `rooms` (live rooms and tombstones), `messages` (only of rooms that asked for a log), `sessions` (the
content-free log) and `spent` (digests of join tokens that are good once and were used). A room ends in one atomic step,
the replacement of its document by a tombstone; what is left to do after it is noted in the tombstone and, should the
process die in between, done by the next `open`. No write gets through once a later owner has taken the rooms
(`storage.mongo.fence`).

TTL indexes on `purgeAt` are the net under all this, not the clean-up itself. They run late, so reads filter.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import DuplicateKeyError

from rooms.ports import NotOwner, RoomExists
from rooms.records import LoggedMessage, Purged, RoomRecord, SessionRecord, Tombstone
from storage import documents
from storage.documents import ENDED, LIVE, Document
from storage.mongo.client import Database, answering, each
from storage.mongo.fence import Fence
from storage.mongo.identity import identity_of
from storage.mongo.lease import MongoLease
from storage.mongo.message_log import MessageCollection
from storage.mongo.migrations import Work, keep_sessions, migrate
from storage.mongo.schema import apply_schema
from storage.sealed import Sealing

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

# What a crash left behind is cleared in `open`, where nobody waits for an answer yet.
HOUSEKEEPING_LIMIT_S = 20.0


class MongoStore:
    """`rooms.ports.Store` in one MongoDB database: the one in the URI's path, else `mayfly`.

    Raises `ValueError`, which never shows the URI, where the URI is malformed.
    """

    name = "mongodb"
    outlives_process = True

    def __init__(self, uri: str, *, secret: str = "", session_days: int = documents.SESSION_LOG_DAYS) -> None:
        """`secret` seals what people write (`STORAGE_SECRET`). Without one the URI has to do, which others may know."""
        self._database = Database(uri)
        self._fence = Fence()
        self._sealing = Sealing(secret or uri, digests=bool(secret))
        self.log = MessageCollection(self._database, self._fence, self._sealing)
        self._session_days = session_days
        self.lease = MongoLease(self._database, self._fence)
        self._writer = secrets.token_hex(8)
        self._writes = itertools.count()

    async def open(self) -> None:
        """Connect, take over what earlier owners wrote, bring the database up to date, finish what a crash interrupted.

        Raises `StoreUnavailable` where the server does not answer; calling again is how to retry.
        """
        self._database.connect()
        await self.ping()
        async with answering(HOUSEKEEPING_LIMIT_S):
            with pymongo.timeout(HOUSEKEEPING_LIMIT_S):
                await self._confirm()
                await self._take_over()
                await apply_schema(self._database.database())
        work = Work(self._database, self._fence, self._sealing)
        await migrate(work)
        await keep_sessions(work, self._session_days)
        async with answering(HOUSEKEEPING_LIMIT_S):
            with pymongo.timeout(HOUSEKEEPING_LIMIT_S):
                await self._finish_interrupted_ends()
                await self.log.erase_orphans(HOUSEKEEPING_LIMIT_S)

    async def close(self) -> None:
        """Let go of every connection; bounded, even if the server is paused."""
        await self._database.close()

    async def ping(self) -> None:
        await self._database.ping()

    async def create_room(self, record: RoomRecord) -> None:
        async with answering():
            try:
                await self._rooms.insert_one(self._sealing.room(record) | self._stamp())
            except DuplicateKeyError:
                raise RoomExists from None
            # Nothing that exists guards what is new: if the lease was lost meanwhile, it is taken back.
            await self._confirm_or_delete(self._rooms, [record.id])

    async def save_room(self, record: RoomRecord) -> None:
        async with answering():
            if record.log:
                await self._check(record.id)
                # Before the room itself, so that no crash leaves messages that go earlier than their room.
                later = documents.live_purge_at(record)
                await self.log.keep_until(record.id, later)
            # The server may carry out a call that was given up here, and do so after the call that came next.
            stamp = self._stamp()
            older = {"$or": [{"writer": {"$ne": self._writer}}, {"write": {"$lt": stamp["write"]}}]}
            mine = {"_id": record.id, "state": LIVE, **older, **self._fence.not_later}
            saved = await self._rooms.replace_one(mine, self._sealing.room(record) | stamp)
            if not saved.matched_count:
                await self._check(record.id)

    async def end_room(self, tombstone: Tombstone, session: SessionRecord | None) -> Purged:
        room_id = tombstone.room_id
        async with answering():
            ended = documents.ended_document(tombstone, session, self._session_days) | self._fence.stamp
            unfinished = ended["unfinished"]
            try:
                before = await self._rooms.find_one_and_replace(
                    {"_id": room_id, "state": LIVE, **self._fence.not_later},
                    ended,
                    {"seats.id": True, "invites.id": True},
                    upsert=True,
                )
            except DuplicateKeyError:
                await self._check(room_id)
                # Its tombstone is there already: this call repeats one, and finishes what that one could not.
                before, unfinished = {}, await self._unfinished(room_id)
            if before is None:
                await self._confirm_or_delete(self._rooms, [room_id])
            messages = await self._finish_end(room_id, unfinished)
        before = before or {}
        return Purged(messages, len(before.get("seats", ())), len(before.get("invites", ())))

    async def find_room(self, room_id: str) -> RoomRecord | Tombstone | None:
        async with answering():
            document = await self._rooms.find_one({"_id": room_id})
        if document is None:
            return None
        if document["state"] == LIVE:
            return self._sealing.read_room(document)
        return documents.from_document(Tombstone, document)

    async def live_rooms(self, now: float) -> AsyncIterator[RoomRecord]:
        async for document in each(self._rooms.find({"state": LIVE})):
            yield self._sealing.read_room(document)

    async def tombstones(self, now: float) -> AsyncIterator[Tombstone]:
        async for document in each(self._rooms.find({"state": ENDED, "until": {"$gt": now}})):
            yield documents.from_document(Tombstone, document)

    async def append_messages(self, messages: Sequence[LoggedMessage]) -> None:
        await self.log.append(messages)

    async def replace_messages(self, messages: Sequence[LoggedMessage]) -> None:
        await self.log.replace(messages)

    async def erase_messages(self, messages: Sequence[tuple[str, str]]) -> None:
        await self.log.erase(messages)

    async def messages(
        self, room_id: str, *, before: str | None, after: str | None = None, limit: int, now: float
    ) -> list[LoggedMessage]:
        return await self.log.page(room_id, before=before, after=after, limit=limit, now=now)

    async def identity(self) -> str:
        return await identity_of(self._database)

    async def newest_message_id(self) -> str | None:
        return await self.log.newest_id()

    async def spend(self, use: str, by: str, until: float, now: float) -> bool:
        async with answering():
            try:
                await self._spent.insert_one(documents.spent_document(use, by, until))
            except DuplicateKeyError:
                # By this very call, as a rule, where it was tried before and its answer was lost.
                return await self._spent.find_one({"_id": use, "by": by}, {"_id": True}) is not None
        return True

    async def unspend(self, use: str, by: str) -> None:
        async with answering():
            await self._spent.delete_one({"_id": use, "by": by})

    async def sessions(self, *, limit: int, now: float, before: str | None = None) -> list[SessionRecord]:
        if limit <= 0:
            return []
        kept: Document = {"endedAt": {"$gt": now - self._session_days * documents.DAY_S}}
        async with answering():
            if before is not None:
                last = await self._sessions.find_one({"_id": before}, {"endedAt": True})
                if last is None:
                    return []
                ended_at = last["endedAt"]
                kept["$or"] = [{"endedAt": {"$lt": ended_at}}, {"endedAt": ended_at, "_id": {"$lt": before}}]
            newest = self._sessions.find(kept).sort([("endedAt", -1), ("_id", -1)]).limit(limit)
            found = await newest.to_list(limit)
        return [documents.from_document(SessionRecord, document) for document in found]

    # -- what one call is made of

    def _stamp(self) -> Document:
        """Which store wrote a room, under which number, which counts up, and in which generation."""
        return {"writer": self._writer, "write": next(self._writes), **self._fence.stamp}

    async def _confirm(self) -> None:
        """Raise `NotOwner` unless this process has the lease, where one is used."""
        if not await self.lease.confirm():
            self._fence.refuse()

    async def _confirm_or_delete(self, collection: AsyncIOMotorCollection[Document], new_ids: list[str]) -> None:
        try:
            await self._confirm()
        except NotOwner:
            await collection.delete_many({"_id": {"$in": new_ids}, **self._fence.stamp})
            raise

    async def _check(self, room_id: str) -> None:
        """Raise `NotOwner` where a later owner has the room."""
        self._fence.check(await self._rooms.find_one({"_id": room_id, **self._fence.later}, {"generation": True}))

    async def _take_over(self) -> None:
        """Raise what is live, or not finished, to this generation: no earlier owner can write it from then on.

        Messages are guarded by their room, which every change of one looks at, and each by itself once this owner has
        changed it: to raise a whole log would take seconds in which nobody is served.
        """
        if self._fence.generation:
            of_others: Document = {"generation": {"$not": {"$gte": self._fence.generation}}}
            unfinished: list[Document] = [{"state": LIVE}, {"unfinished": {"$exists": True}}]
            await self._rooms.update_many({"$or": unfinished, **of_others}, {"$set": self._fence.stamp})

    async def _finish_interrupted_ends(self) -> None:
        interrupted = self._rooms.find({"state": ENDED, "unfinished": {"$exists": True}})
        async for document in each(interrupted, HOUSEKEEPING_LIMIT_S):
            await self._finish_end(document["_id"], document["unfinished"])

    async def _unfinished(self, room_id: str) -> Mapping[str, Any]:
        tombstone = await self._rooms.find_one({"_id": room_id, "state": ENDED}, {"unfinished": True})
        unfinished: Mapping[str, Any] = (tombstone or {}).get("unfinished") or {}
        return unfinished

    async def _finish_end(self, room_id: str, unfinished: Mapping[str, Any]) -> int:
        """Erase the messages, write the line of the log, note that both are done. Returns messages erased."""
        erased = await self.log.erase_room(room_id)
        if session := unfinished.get("session"):
            line = session | self._fence.stamp
            with suppress(DuplicateKeyError):  # a later owner has written it
                await self._sessions.replace_one({"_id": line["_id"], **self._fence.not_later}, line, upsert=True)
        done = {"_id": room_id, "state": ENDED, **self._fence.not_later}
        await self._rooms.update_one(done, {"$unset": {"unfinished": ""}})
        return erased

    @property
    def _rooms(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection("rooms")

    @property
    def _spent(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection("spent")

    @property
    def _sessions(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection("sessions")
