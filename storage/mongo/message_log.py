"""The log of messages, of rooms that asked for one. Each is guarded by its room, which every change of one looks at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import BulkWriteError

from rooms.ports import NotOwner
from rooms.records import LoggedMessage
from storage import documents
from storage.documents import LIVE, Document
from storage.mongo.client import Database, answering, each
from storage.mongo.fence import Fence
from storage.sealed import Sealing

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

DUPLICATE_KEY_CODE = 11_000


class MessageCollection:
    """`messages` of one database, and the dates of the rooms that they belong to."""

    def __init__(self, database: Database, fence: Fence, sealing: Sealing) -> None:
        self._database = database
        self._fence = fence
        self._sealing = sealing

    async def append(self, messages: Sequence[LoggedMessage]) -> None:
        """Those that are there already stay as they are; those of a room that has ended are dropped."""
        async with answering():
            purge_at = await self._purge_dates({message.room_id for message in messages})
            kept = [
                self._document(message, purge_at[message.room_id])
                for message in messages
                if message.room_id in purge_at
            ]
            if not kept:
                return
            new = await self._insert_new(kept)
            try:
                live = await self._purge_dates(purge_at)
            except NotOwner:
                await self._messages.delete_many({"_id": {"$in": new}, **self._fence.stamp})
                raise
            # A room that ended meanwhile may have been erased just before these arrived.
            ended = purge_at.keys() - live.keys()
            if ended:
                await self._messages.delete_many({"roomId": {"$in": sorted(ended)}})

    async def replace(self, messages: Sequence[LoggedMessage]) -> None:
        """Put each in the place of what it was."""
        async with answering():
            purge_at = await self._purge_dates({message.room_id for message in messages})
            changes = [
                pymongo.ReplaceOne(
                    {"_id": message.id, "roomId": message.room_id, **self._fence.not_later},
                    self._document(message, purge_at[message.room_id]),
                )
                for message in messages
                if message.room_id in purge_at
            ]
            if changes:
                await self._messages.bulk_write(changes)

    async def erase(self, messages: Sequence[tuple[str, str]]) -> None:
        """Each is a room and a message."""
        by_room: dict[str, list[str]] = {}
        for room_id, message_id in messages:
            by_room.setdefault(room_id, []).append(message_id)
        async with answering():
            await self._purge_dates(by_room)
            for room_id, ids in by_room.items():
                await self._messages.delete_many({"_id": {"$in": ids}, "roomId": room_id, **self._fence.not_later})

    async def page(
        self, room_id: str, *, before: str | None, after: str | None = None, limit: int, now: float
    ) -> list[LoggedMessage]:
        """As `rooms.ports.Store.messages`."""
        if limit <= 0:  # MongoDB would read 0 as "no limit"
            return []
        ids = {"$lt": before, "$gt": after}
        query: Document = {"roomId": room_id, "$or": [{"expiresAt": None}, {"expiresAt": {"$gt": now}}]}
        if before is not None or after is not None:
            query["_id"] = {compare: value for compare, value in ids.items() if value is not None}
        async with answering():
            if not await self._purge_dates([room_id]):
                return []
            found = await self._messages.find(query).sort("_id", -1 if after is None else 1).limit(limit).to_list(limit)
        read = map(self._sealing.read_message, found)
        page = [message for message in read if message is not None]
        return page if after is None else page[::-1]

    async def newest_id(self) -> str | None:
        """The id of the newest message of all."""
        async with answering():
            newest = await self._messages.find_one({}, {"_id": True}, sort=[("_id", -1)])
        return None if newest is None else str(newest["_id"])

    async def keep_until(self, room_id: str, purge_at: datetime) -> None:
        """The room lasts longer, and so do those of its messages that do not expire by themselves."""
        await self._messages.update_many(
            {"roomId": room_id, "purgeAt": {"$lt": purge_at}, "expiresAt": None}, {"$set": {"purgeAt": purge_at}}
        )

    async def erase_room(self, room_id: str) -> int:
        """Erase all of a room; returns how many."""
        return int((await self._messages.delete_many({"roomId": room_id})).deleted_count)

    async def erase_orphans(self, limit_s: float) -> None:
        """Erase messages whose room is not live: written by a call that was given up while its room ended."""
        of_no_live_room: list[Mapping[str, Any]] = [
            {"$group": {"_id": "$roomId"}},
            {"$lookup": {"from": "rooms", "localField": "_id", "foreignField": "_id", "as": "room"}},
            {"$match": {"room.state": {"$ne": LIVE}}},
            {"$project": {"_id": True}},
        ]
        async for room in each(self._messages.aggregate(of_no_live_room), limit_s):
            await self._messages.delete_many({"roomId": room["_id"]})

    def _document(self, message: LoggedMessage, purge_at: datetime) -> Document:
        return self._sealing.message(documents.message_document(message, purge_at)) | self._fence.stamp

    async def _purge_dates(self, room_ids: Collection[str]) -> dict[str, datetime]:
        """`purgeAt` of those of the rooms that are live. Raises `NotOwner` where a later owner has one of them."""
        query = {"_id": {"$in": sorted(room_ids)}, "state": LIVE}
        found = await self._rooms.find(query, {"purgeAt": True, "generation": True}).to_list(None)
        for room in found:
            self._fence.check(room)
        return {room["_id"]: room["purgeAt"] for room in found}

    async def _insert_new(self, messages: list[Document]) -> list[str]:
        """Insert those that are not there yet; returns their ids."""
        there: set[str] = set()
        try:
            await self._messages.insert_many(messages, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"] + error.details["writeConcernErrors"]
            if any(failure.get("code") != DUPLICATE_KEY_CODE for failure in failures):
                raise
            there = {messages[failure["index"]]["_id"] for failure in failures}
        return [message["_id"] for message in messages if message["_id"] not in there]

    @property
    def _rooms(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection("rooms")

    @property
    def _messages(self) -> AsyncIOMotorCollection[Document]:
        return self._database.collection("messages")
