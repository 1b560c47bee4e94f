"""Which database this is: a name, made once and kept in it, so that processes can tell whether they share one."""

from __future__ import annotations

import secrets

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.documents import Document
from storage.mongo.client import Database, answering
from storage.mongo.migrations import COLLECTION

NOTE = "database"
NAME_BYTES = 10


async def identity_of(database: Database) -> str:
    """The name, made where there is none. Raises `StoreUnavailable`."""
    notes = database.collection(COLLECTION)
    kept: Document | None
    new: Document = {"$setOnInsert": {"name": secrets.token_hex(NAME_BYTES)}}
    async with answering():
        try:
            kept = await notes.find_one_and_update(
                {"_id": NOTE}, new, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another process was first
            kept = await notes.find_one({"_id": NOTE})
    return str(kept["name"]) if kept is not None else ""


async def known_identity(uri: str) -> str:
    """The name of the database of a URI; empty where no process has named it. Raises `StoreUnavailable`."""
    database = Database(uri)
    database.connect()
    try:
        async with answering():
            kept = await database.collection(COLLECTION).find_one({"_id": NOTE})
    finally:
        await database.close()
    return str(kept["name"]) if kept is not None else ""
