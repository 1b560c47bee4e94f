"""Changes of documents that are there already: numbered, done once each, in order, before rooms are read.

Only the owner of the rooms runs them. Each may be stopped anywhere and run again, also by two processes at once: it
looks for what is not as it should be, and a write matches nothing that has changed meanwhile. What was done is noted in
the collection `migrations`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pymongo
from pymongo.errors import DuplicateKeyError

from storage.documents import SESSION_LOG_DAYS, Document
from storage.mongo.client import Database, answering, each
from storage.mongo.fence import Fence
from storage.sealed import SEALED, Sealing

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection

COLLECTION = "migrations"
BATCH = 200
BATCH_LIMIT_S = 20.0
DAY_MS = 86_400_000
SESSION_LOG = "session-log"


class Work(NamedTuple):
    """What a migration works with."""

    database: Database
    fence: Fence
    sealing: Sealing


class Migration(NamedTuple):
    """`run` may be repeated."""

    number: int
    name: str
    run: Callable[[Work], Awaitable[None]]


async def _seal_messages(work: Work) -> None:
    """Logged messages of earlier versions are in the clear."""
    messages = work.database.collection("messages")
    batch: list[pymongo.ReplaceOne[Document]] = []
    async for document in each(messages.find({SEALED: {"$exists": False}}), BATCH_LIMIT_S):
        as_it_was = {"_id": document["_id"], SEALED: {"$exists": False}, **work.fence.not_later}
        batch.append(pymongo.ReplaceOne(as_it_was, work.sealing.message(document)))
        if len(batch) == BATCH:
            await _write(messages, batch)
    await _write(messages, batch)


async def _write(messages: AsyncIOMotorCollection[Document], batch: list[pymongo.ReplaceOne[Document]]) -> None:
    if batch:
        async with answering(BATCH_LIMIT_S):
            await messages.bulk_write(batch, ordered=False)
        batch.clear()


MIGRATIONS: tuple[Migration, ...] = (Migration(1, "logged messages are sealed", _seal_messages),)


async def migrate(work: Work) -> None:
    """Run what has not been run."""
    noted = work.database.collection(COLLECTION)
    done = {document["_id"] async for document in each(noted.find({}, {"_id": True}))}
    for migration in MIGRATIONS:
        if migration.number in done:
            continue
        await migration.run(work)
        note = {"_id": migration.number, "name": migration.name, "at": datetime.now(UTC), **work.fence.stamp}
        async with answering():
            with suppress(DuplicateKeyError):
                await noted.insert_one(note)


async def keep_sessions(work: Work, days: int) -> None:
    """Lines of the session log stay for `days`, also those that were written while it was another number."""
    noted, sessions = work.database.collection(COLLECTION), work.database.collection("sessions")
    async with answering(BATCH_LIMIT_S):
        known = await noted.find_one({"_id": SESSION_LOG})
        if days == (known["days"] if known else SESSION_LOG_DAYS):
            return
        end: Document = {"$add": [{"$multiply": ["$endedAt", 1_000]}, days * DAY_MS]}
        await sessions.update_many(work.fence.not_later, [{"$set": {"purgeAt": {"$toDate": end}}}])
        await noted.replace_one({"_id": SESSION_LOG}, {"days": days}, upsert=True)
